/* SPDX-License-Identifier: MIT */
/*
 * What a refusal is about, in the words in which it was asked: the conditions and words of
 * hints, and places in the request. For hint.c alone.
 */
#ifndef GPALAYOUTCTL_HINT_CONTEXT_H
#define GPALAYOUTCTL_HINT_CONTEXT_H

#include "gpalayoutctl/session.h"

#include <stdbool.h>

/* What a hint is filled in from. */
struct ctl_context {
	const struct ctl_session *session;
	const cJSON *data;    /* of the refusal; NULL: it has none */
	const cJSON *request; /* NULL: there is none, or none that is known here */
	const char *about;    /* which of several answers it is; NULL: there is one */
};

/*
 * Whether that is a word or a condition of hints. If it is, *holds says whether the condition
 * holds, or whether there is something to say, which is appended.
 */
bool ctl_hint_word(struct gpald_bytes *out, const struct ctl_context *context, const char *name,
		   bool *holds);

/* Appends what the pointer into the params leads to: a flag, an operand, a place in a file. */
void ctl_place_append(struct gpald_bytes *out, const struct ctl_context *context,
		      const char *pointer);

/*
 * Whether the user has written what the pointer leads to; a revision may be that of the last
 * event.
 */
bool ctl_is_written(const struct ctl_invocation *invocation, const char *pointer);

#endif
