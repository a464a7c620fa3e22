/* SPDX-License-Identifier: MIT */
/*
 * Refusals and failures with a next step for the person who has to act, in the words in
 * which that person asked: flags, a file, or JSON.
 */
#ifndef GPALAYOUTCTL_HINT_H
#define GPALAYOUTCTL_HINT_H

#include "gpalayoutctl/session.h"

/*
 * Prints the refusal that the last question got: "REASON at PLACE: message" and a hint that
 * fits its reason, its details and the request; between them the changes, where it lists
 * some. `about` stands before all that: which of several questions was refused; NULL: there
 * was one.
 */
void ctl_print_refusal(struct ctl_session *session, const char *about);

/* Prints what to do about the failure that session->error tells of. */
void ctl_hint_failure(const struct ctl_session *session);

#endif
