/* SPDX-License-Identifier: MIT */
/*
 * Answers as they are printed. What --json, --field and --quiet promise is kept here, for all
 * commands alike; a refusal is said with a next step for the person who has to act, in the
 * words in which that person asked: flags, a file, or JSON.
 */
#ifndef GPALAYOUTCTL_ANSWER_H
#define GPALAYOUTCTL_ANSWER_H

#include "gpalayoutctl/session.h"

/* Whether a result is to be shown as text, and not as JSON, in part or not at all. */
bool ctl_wants_text(const struct ctl_session *session);

/*
 * Prints the answer as --json and --field ask for it; nothing without them. `name` stands in
 * the place of the id in the line of --json, so that of several answers each says what it is
 * about; NULL: there is one.
 */
enum ctl_exit ctl_print_answer(struct ctl_session *session, const char *name);

/* The same, and for people what was refused, behind `name`. Returns the status of the answer. */
enum ctl_exit ctl_answer(struct ctl_session *session, const char *name);

/* All of that. */
enum ctl_exit ctl_ask_and_answer(struct ctl_session *session, const char *method,
				 const char *params);

/* Asks for a result that is not printed as such; prints what was refused. */
enum ctl_exit ctl_ask_for_result(struct ctl_session *session, const char *method,
				 const char *params);

/* Prints a result that was put together here, JSON text, as --json or --field ask for it. */
enum ctl_exit ctl_print_made(const struct ctl_session *session, const char *result);

/* Prints one value of a result, for --field; CTL_NOT_FOUND after saying that there is none. */
enum ctl_exit ctl_print_field(const struct ctl_session *session, struct gpald_raw result);

/*
 * Prints the refusal that the last question got: "REASON at PLACE: message" and a hint that
 * fits its reason, its details and the request; between them the changes, where it lists
 * some. `about` stands before all that: which of several questions was refused; NULL: there
 * was one.
 */
void ctl_print_refusal(struct ctl_session *session, const char *about);

#endif
