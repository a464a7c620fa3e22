/* SPDX-License-Identifier: MIT */
/*
 * Everything the program says to people on standard error, and the one way
 * output reaches standard output.
 */
#ifndef GPALAYOUTCTL_MESSAGE_H
#define GPALAYOUTCTL_MESSAGE_H

#include "gpalayoutctl/buffer.h"
#include "gpalayoutctl/exit_code.h"

#include <stdbool.h>
#include <stddef.h>

/* "gpalayoutctl: ..." on standard error, one line, control characters escaped. */
void ctl_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "note: ...": what else there is to know of a complaint. */
void ctl_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "hint: ...": what to do next, after a complaint. */
void ctl_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Complains and returns CTL_USAGE. */
enum ctl_exit ctl_usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program with CTL_USAGE; for heap exhaustion, which nothing here can mend. */
void ctl_out_of_memory(void) __attribute__((noreturn));

/* Writes all of it, and waits where that takes waiting. 0, or errno. */
int ctl_write_all(int fd, const char *bytes, size_t length);

/*
 * Writes all of `out` to standard output. CTL_USAGE, after a complaint, when it
 * cannot be written; a reader that has gone ends the program by SIGPIPE.
 */
enum ctl_exit ctl_write_output(const struct ctl_buffer *out);

/* The same for standard error, without a complaint of its own; `text` is safe to show. */
void ctl_write_aside(const struct ctl_buffer *text);

/*
 * Nobody reads standard output any more: ends the program as a write to it would,
 * by SIGPIPE, or complains and returns CTL_USAGE when that is ignored.
 */
enum ctl_exit ctl_output_without_reader(void);

/* Waits that long; false, at once, when standard output has no reader left. */
bool ctl_output_pause(int pause_ms);

#endif
