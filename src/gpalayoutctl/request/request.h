/* SPDX-License-Identifier: MIT */
/*
 * The request of a command as the text that is sent, from a document or from flags. The one
 * place where a command finds it, so that all of them take it in the same ways.
 */
#ifndef GPALAYOUTCTL_REQUEST_REQUEST_H
#define GPALAYOUTCTL_REQUEST_REQUEST_H

#include "gpalayoutctl/session.h"
#include "wire/json_raw.h"

#include <stdbool.h>

/*
 * Takes the request into the session: what is in `file` ("-": standard input), or what the
 * flags say when it is NULL. CTL_USAGE after saying what is wrong, also when both are
 * given, or neither.
 */
enum ctl_exit ctl_request_get(struct ctl_session *session, const char *file);

/*
 * Reads a request from a file ("-": standard input), which may be an answer of get
 * instead, as `get --json` writes it.
 */
enum ctl_exit ctl_request_read(struct ctl_buffer *text, const char *file);

/*
 * Appends the request in a result of layout.get, or in the line of such an answer, under
 * the policy of its layout: so it has the same addresses from a daemon with another
 * default. False: there is none.
 */
bool ctl_request_of_answer(struct ctl_buffer *text, struct gpald_raw answer);

#endif
