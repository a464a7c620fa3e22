/* SPDX-License-Identifier: MIT */
/*
 * Complaints, hints and output. Output goes through write(2), not stdio, so that
 * a full disk is seen where it happens and nothing is half buffered at exit.
 */
#include "config.h"

#include "gpalayoutctl/message.h"

#include "gpalayoutctl/terminal_text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int ctl_write_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(fd, bytes, length);

		if (written >= 0) {
			bytes += written;
			length -= (size_t)written;
		} else if (errno == EAGAIN) {
			struct pollfd ready = { .fd = fd, .events = POLLOUT };

			poll(&ready, 1, -1);
		} else if (errno != EINTR) {
			return errno;
		}
	}
	return 0;
}

static void __attribute__((format(printf, 2, 0)))
say_message(const char *prefix, const char *format, va_list args)
{
	ctl_cleanup_buffer struct ctl_buffer raw = { 0 };
	ctl_cleanup_buffer struct ctl_buffer line = { 0 };

	ctl_buffer_vprintf(&raw, format, args);
	ctl_buffer_puts(&line, prefix);
	ctl_append_safe(&line, ctl_buffer_text(&raw), raw.length, "");
	ctl_buffer_puts(&line, "\n");
	/* There is nowhere left to report a failure of this. */
	ctl_write_all(STDERR_FILENO, line.data, line.length);
}

void ctl_complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_message("gpalayoutctl: ", format, args);
	va_end(args);
}

void ctl_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_message("note: ", format, args);
	va_end(args);
}

void ctl_hint(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_message("hint: ", format, args);
	va_end(args);
}

enum ctl_exit ctl_usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_message("gpalayoutctl: ", format, args);
	va_end(args);
	return CTL_USAGE;
}

void ctl_out_of_memory(void)
{
	static const char text[] = "gpalayoutctl: out of memory\n";

	ctl_write_all(STDERR_FILENO, text, sizeof(text) - 1);
	exit(CTL_USAGE);
}

static enum ctl_exit not_written(int error)
{
	return ctl_usage_error("cannot write the output: %s", strerror(error));
}

enum ctl_exit ctl_write_output(const struct ctl_buffer *out)
{
	int error = ctl_write_all(STDOUT_FILENO, ctl_buffer_text(out), out->length);

	return error ? not_written(error) : CTL_OK;
}

void ctl_write_aside(const struct ctl_buffer *text)
{
	ctl_write_all(STDERR_FILENO, ctl_buffer_text(text), text->length);
}

enum ctl_exit ctl_output_without_reader(void)
{
	raise(SIGPIPE);
	return not_written(EPIPE);
}

bool ctl_output_pause(int pause_ms)
{
	struct pollfd output = { .fd = STDOUT_FILENO };

	return poll(&output, 1, pause_ms) <= 0;
}
