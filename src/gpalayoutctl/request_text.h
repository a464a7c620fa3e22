/* SPDX-License-Identifier: MIT */
/*
 * The request of a command as the text that is sent, from a document or from flags.
 */
#ifndef GPALAYOUTCTL_REQUEST_TEXT_H
#define GPALAYOUTCTL_REQUEST_TEXT_H

#include "buffer.h"
#include "options.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Appends the request as JSON text: what is in `file` ("-": standard input), or what
 * the flags say when it is NULL. CTL_USAGE after saying what is wrong, also when
 * both are given, or neither.
 */
enum ctl_exit ctl_request_get(const struct ctl_invocation *invocation, const char *file,
			      struct ctl_buffer *text);

/*
 * Reads a request from a file ("-": standard input), which may be an answer of get
 * instead, as `get --json` writes it.
 */
enum ctl_exit ctl_request_read(struct ctl_buffer *text, const char *file);

/*
 * Appends the request in an answer of get, under the policy of its layout: so it has the
 * same addresses from a daemon with another default. False: there is none.
 */
bool ctl_request_of_answer(struct ctl_buffer *text, const char *answer, size_t len);

#endif
