/* SPDX-License-Identifier: MIT */
/*
 * The request of a command as the text that is sent, from a document or from flags.
 */
#ifndef GPALAYOUTCTL_REQUEST_TEXT_H
#define GPALAYOUTCTL_REQUEST_TEXT_H

#include "buffer.h"
#include "options.h"

/*
 * Appends the request as JSON text: what is in `file` ("-": standard input), or what
 * the flags say when it is NULL. CTL_USAGE after saying what is wrong, also when
 * both are given, or neither.
 */
enum ctl_exit ctl_request_get(const struct ctl_invocation *invocation, const char *file,
			      struct ctl_buffer *text);

#endif
