/* SPDX-License-Identifier: MIT */
/*
 * The conditions and words of hints, and the place of an error in the terms of the user's input.
 * Only hint.c uses it.
 */
#ifndef GPALAYOUTCTL_HINT_CONTEXT_H
#define GPALAYOUTCTL_HINT_CONTEXT_H

#include "gpalayoutctl/session.h"

#include <stdbool.h>

/* The facts that choose a hint. */
struct ctl_hint_context {
	const struct ctl_session *session;
	const cJSON *data;    /* of the refusal; NULL: none */
	const cJSON *params;  /* of the call; NULL: none */
	const cJSON *request; /* in the params; NULL: none */
	const char *about;    /* which of several calls was refused; NULL: there was one */
};

/*
 * Returns the request in the params that was refused, or NULL if there is none. A comparison has
 * two, and the pointer in the data of the refusal leads to one of them.
 */
const cJSON *ctl_hint_request(const cJSON *params, const cJSON *data);

/*
 * If `name` is a word of hints, appends its text and sets *holds to true. If it is a condition,
 * sets *holds to whether the condition holds. Returns false if it is neither.
 */
bool ctl_hint_evaluate(struct gpald_bytes *out, const struct ctl_hint_context *context,
		       const char *name, bool *holds);

/* Appends what the pointer into the params leads to: a flag, an operand, or a place in a file. */
void ctl_pointer_target_append(struct gpald_bytes *out, const struct ctl_hint_context *context,
			       const char *pointer);

/*
 * Returns true if the user gave the value at the pointer. Returns false if a flag sets
 * the value but was not given: then this program set it, such as the generation of a changed
 * request.
 */
bool ctl_is_from_user(const struct ctl_invocation *invocation, const char *pointer);

#endif
