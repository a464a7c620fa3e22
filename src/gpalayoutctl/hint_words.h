/* SPDX-License-Identifier: MIT */
/* The conditions and words in the texts of hints. */
#ifndef GPALAYOUTCTL_HINT_WORDS_H
#define GPALAYOUTCTL_HINT_WORDS_H

#include "gpalayoutctl/hint_context.h"

/*
 * If `name` is a word of hints, appends its text and sets *holds to true. If it is a condition,
 * sets *holds to whether the condition holds. Returns false if it is neither.
 */
bool ctl_hint_evaluate(struct gpald_bytes *out, const struct ctl_hint_context *context,
		       const char *name, bool *holds);

#endif
