/* SPDX-License-Identifier: MIT */
/*
 * Prints the replies of the daemon, also for --json and --field. A refusal is printed with a hint
 * on what to do, in the terms of the user's input: flags, a file or JSON.
 */
#ifndef GPALAYOUTCTL_PRINT_REPLY_H
#define GPALAYOUTCTL_PRINT_REPLY_H

#include "gpalayoutctl/session.h"

/* Returns true if a result must be printed as text: without --json, --field and --quiet. */
bool ctl_wants_text(const struct ctl_session *session);

/*
 * Prints the last reply for --json, or one value of its result for --field. Prints nothing if
 * neither was given, or if the daemon refused and --field was given. With --json, `name` replaces
 * the id of the reply, so that a reader can tell several replies apart. NULL: there is only one
 * reply. Returns CTL_OK, or another status after a message.
 */
enum ctl_exit ctl_print_raw(struct ctl_session *session, const char *name);

/*
 * Does the same, and prints a refusal on standard error, with `name` in front of it. Returns the
 * exit status of the reply, or that of ctl_print_raw() if it fails.
 */
enum ctl_exit ctl_print_reply(struct ctl_session *session, const char *name);

/* Calls a method as ctl_call_method() does, and prints the reply as ctl_print_reply() does. */
enum ctl_exit ctl_call_and_print(struct ctl_session *session, const char *method,
				 const char *params);

/*
 * Calls a method for a result that is not printed as it is. Returns CTL_OK only if there is a
 * result. Otherwise prints the refusal or a message, and returns another status.
 */
enum ctl_exit ctl_call_for_result(struct ctl_session *session, const char *method,
				  const char *params);

/* If --json or --field was given, prints a result that this program itself made as JSON text. */
enum ctl_exit ctl_print_own_result(const struct ctl_session *session, const char *result);

/* Prints the value that --field names. Returns CTL_NOT_FOUND after a message if there is none. */
enum ctl_exit ctl_print_field(const struct ctl_session *session, struct gpald_raw result);

/*
 * Prints the last refusal: "REASON at PLACE: message", the changes and warnings that it lists, and
 * a hint that fits its reason, its data and the request. If several calls were made, `about` says
 * which of them was refused, and stands before the reason; NULL: there was one call.
 */
void ctl_print_refusal(struct ctl_session *session, const char *about);

#endif
