/* SPDX-License-Identifier: MIT */
/*
 * A request or a printed text is complete in a buffer before it is sent or printed. If an error
 * occurs before that, no part of it goes out.
 */
#include "config.h"

#include "gpalayoutctl/buffer.h"

#include "gpalayoutctl/exit_code.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SMALLEST 256

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

void ctl_out_of_memory(void)
{
	static const char text[] = "gpalayoutctl: out of memory\n";

	ctl_write_all(STDERR_FILENO, text, sizeof(text) - 1);
	exit(CTL_USAGE);
}

char *ctl_buffer_reserve(struct gpald_bytes *buffer, size_t room)
{
	/* The NUL needs a byte, too. */
	if (room == SIZE_MAX || !gpald_bytes_reserve(buffer, room + 1, SMALLEST))
		ctl_out_of_memory();
	return buffer->data + buffer->length;
}

void ctl_buffer_append(struct gpald_bytes *buffer, const char *bytes, size_t length)
{
	char *end = ctl_buffer_reserve(buffer, length);

	if (length)
		memcpy(end, bytes, length);
	end[length] = '\0';
	buffer->length += length;
}

void ctl_buffer_puts(struct gpald_bytes *buffer, const char *text)
{
	ctl_buffer_append(buffer, text, strlen(text));
}

void ctl_buffer_vprintf(struct gpald_bytes *buffer, const char *format, va_list args)
{
	va_list again;
	size_t room;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		ctl_out_of_memory();
	room = (size_t)length + 1;
	vsnprintf(ctl_buffer_reserve(buffer, room), room, format, args);
	buffer->length += (size_t)length;
}

void ctl_buffer_printf(struct gpald_bytes *buffer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	ctl_buffer_vprintf(buffer, format, args);
	va_end(args);
}

const char *ctl_buffer_text(const struct gpald_bytes *buffer)
{
	return buffer->data ? buffer->data : "";
}

void ctl_buffer_free(struct gpald_bytes *buffer)
{
	gpald_bytes_free(buffer);
}
