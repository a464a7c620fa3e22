/* SPDX-License-Identifier: MIT */
/*
 * Messages on standard error, and the functions that write text to standard output. Only backup
 * writes there itself.
 */
#ifndef GPALAYOUTCTL_MESSAGE_H
#define GPALAYOUTCTL_MESSAGE_H

#include "gpalayoutctl/buffer.h"
#include "gpalayoutctl/exit_code.h"

struct ctl_invocation;

/*
 * Writes the prefix and the text to standard error as one line, with control characters escaped.
 * Returns CTL_USAGE, the status of most errors, so that callers can return it.
 */
enum ctl_exit ctl_print_message(const char *prefix, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define ctl_error(...) ctl_print_message("gpalayoutctl: ", __VA_ARGS__)
#define ctl_note(...) ctl_print_message("note: ", __VA_ARGS__) /* a fact */
#define ctl_hint(...) ctl_print_message("hint: ", __VA_ARGS__) /* what to do about an error */

/*
 * Writes all of `out` to standard output. Returns CTL_USAGE after a message if it cannot. If the
 * reader of a pipe has gone, SIGPIPE ends the program.
 */
enum ctl_exit ctl_write_output(const struct gpald_bytes *out);

/* Writes `text`, which must be safe to show, to standard error. Errors are ignored. */
void ctl_write_error_text(const struct gpald_bytes *text);

/*
 * Standard output has no reader left. Ends the program by SIGPIPE, as a write would. If the signal
 * is ignored, reports the error and returns CTL_USAGE.
 */
enum ctl_exit ctl_end_by_sigpipe(void);

/*
 * pager.c: writes text to standard output. If that is a terminal on which the text does not fit and
 * --no-pager was not given, the text goes through $PAGER, by default less. If PAGER is empty or
 * "cat", or TERM is not set or "dumb", there is no pager. Returns as ctl_write_output() does.
 */
enum ctl_exit ctl_print_paged(const struct ctl_invocation *invocation,
			      const struct gpald_bytes *text);

#endif
