/* SPDX-License-Identifier: MIT */
/*
 * Output uses write(2), not stdio, so that an error such as a full disk is reported for the write
 * that fails and nothing is left in a buffer at exit.
 */
#include "config.h"

#include "gpalayoutctl/message.h"

#include "gpalayoutctl/terminal_text.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum ctl_exit ctl_print_message(const char *prefix, const char *format, ...)
{
	ctl_cleanup_buffer struct gpald_bytes raw = { 0 };
	ctl_cleanup_buffer struct gpald_bytes line = { 0 };
	va_list args;

	va_start(args, format);
	ctl_buffer_vprintf(&raw, format, args);
	va_end(args);
	ctl_buffer_puts(&line, prefix);
	ctl_append_safe(&line, ctl_buffer_text(&raw), raw.length, "");
	ctl_buffer_puts(&line, "\n");
	/* An error of this write cannot be reported anywhere. */
	ctl_write_all(STDERR_FILENO, line.data, line.length);
	return CTL_USAGE;
}

static enum ctl_exit report_write_error(int error)
{
	return ctl_error("cannot write the output: %s", strerror(error));
}

enum ctl_exit ctl_write_output(const struct gpald_bytes *out)
{
	int error = ctl_write_all(STDOUT_FILENO, ctl_buffer_text(out), out->length);

	return error ? report_write_error(error) : CTL_OK;
}

void ctl_write_error_text(const struct gpald_bytes *text)
{
	ctl_write_all(STDERR_FILENO, ctl_buffer_text(text), text->length);
}

enum ctl_exit ctl_end_by_sigpipe(void)
{
	raise(SIGPIPE);
	return report_write_error(EPIPE);
}
