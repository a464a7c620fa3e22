/* SPDX-License-Identifier: MIT */
/*
 * The facts about a refusal, and the conditions and words of hints, which depend on them.
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
 * Returns the request that was refused, which is in the params, or NULL if there is none. A
 * comparison has two, and the pointer in the data of the refusal leads to one of them.
 */
const cJSON *ctl_hint_request(const cJSON *params, const cJSON *data);

/*
 * If `name` is a word of hints, appends its text and sets *holds to true. If it is a condition,
 * sets *holds to whether the condition holds. Returns false if it is neither.
 */
bool ctl_hint_evaluate(struct gpald_bytes *out, const struct ctl_hint_context *context,
		       const char *name, bool *holds);

#endif
