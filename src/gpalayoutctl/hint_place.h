/* SPDX-License-Identifier: MIT */
/* The place of an error in the terms of the user's input. */
#ifndef GPALAYOUTCTL_HINT_PLACE_H
#define GPALAYOUTCTL_HINT_PLACE_H

#include "gpalayoutctl/hint_context.h"

/*
 * Appends what the pointer into the params leads to: a flag, an operand, a place in a file, the
 * request or the top of the params. If it is none of these, appends the pointer.
 */
void ctl_pointer_target_append(struct gpald_bytes *out, const struct ctl_hint_context *context,
			       const char *pointer);

/*
 * Returns true if the user gave the value at the pointer. Returns false if a flag sets
 * the value but was not given: then this program set it, such as the generation of a changed
 * request.
 */
bool ctl_is_from_user(const struct ctl_invocation *invocation, const char *pointer);

#endif
