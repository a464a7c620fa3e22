/* SPDX-License-Identifier: MIT */
/*
 * Everything the program says to people on standard error, and the one way
 * output reaches standard output.
 */
#ifndef GPALAYOUTCTL_MESSAGE_H
#define GPALAYOUTCTL_MESSAGE_H

#include "gpalayoutctl/buffer.h"
#include "gpalayoutctl/exit_code.h"

struct ctl_invocation;

/*
 * The prefix and the text on standard error, one line, control characters escaped. Returns
 * CTL_USAGE: most complaints are about that.
 */
enum ctl_exit ctl_say(const char *prefix, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define ctl_complain(...) ctl_say("gpalayoutctl: ", __VA_ARGS__)
#define ctl_usage_error(...) ctl_say("gpalayoutctl: ", __VA_ARGS__)
#define ctl_note(...) ctl_say("note: ", __VA_ARGS__) /* what else there is to know of a complaint */
#define ctl_hint(...) ctl_say("hint: ", __VA_ARGS__) /* what to do next, after a complaint */

/*
 * Writes all of `out` to standard output. CTL_USAGE, after a complaint, when it
 * cannot be written; a reader that has gone ends the program by SIGPIPE.
 */
enum ctl_exit ctl_write_output(const struct gpald_bytes *out);

/* The same for standard error, without a complaint of its own; `text` is safe to show. */
void ctl_write_aside(const struct gpald_bytes *text);

/*
 * Nobody reads standard output any more: ends the program as a write to it would,
 * by SIGPIPE, or complains and returns CTL_USAGE when that is ignored.
 */
enum ctl_exit ctl_output_without_reader(void);

/*
 * pager.c: writes text to standard output, through $PAGER, or less, if that is a terminal with
 * fewer lines and no --no-pager was given. An empty PAGER, or "cat", is none. Returns as
 * ctl_write_output() does.
 */
enum ctl_exit ctl_show(const struct ctl_invocation *invocation, const struct gpald_bytes *text);

#endif
