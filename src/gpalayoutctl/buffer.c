/* SPDX-License-Identifier: MIT */
/*
 * Growing byte buffer. It exists so that sizes are checked in one place and so
 * that nothing is printed before it is complete.
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

char *ctl_buffer_reserve(struct ctl_buffer *buffer, size_t room)
{
	size_t needed;
	size_t capacity = buffer->capacity ? buffer->capacity : SMALLEST;

	if (__builtin_add_overflow(buffer->length, room, &needed) ||
	    __builtin_add_overflow(needed, (size_t)1, &needed))
		ctl_out_of_memory();
	while (capacity < needed) {
		if (__builtin_mul_overflow(capacity, (size_t)2, &capacity))
			ctl_out_of_memory();
	}
	if (capacity != buffer->capacity) {
		char *data = realloc(buffer->data, capacity);

		if (!data)
			ctl_out_of_memory();
		buffer->data = data;
		buffer->capacity = capacity;
	}
	return buffer->data + buffer->length;
}

void ctl_buffer_append(struct ctl_buffer *buffer, const char *bytes, size_t length)
{
	char *end = ctl_buffer_reserve(buffer, length);

	if (length)
		memcpy(end, bytes, length);
	end[length] = '\0';
	buffer->length += length;
}

void ctl_buffer_puts(struct ctl_buffer *buffer, const char *text)
{
	ctl_buffer_append(buffer, text, strlen(text));
}

void ctl_buffer_vprintf(struct ctl_buffer *buffer, const char *format, va_list args)
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

void ctl_buffer_printf(struct ctl_buffer *buffer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	ctl_buffer_vprintf(buffer, format, args);
	va_end(args);
}

const char *ctl_buffer_text(const struct ctl_buffer *buffer)
{
	return buffer->data ? buffer->data : "";
}

void ctl_buffer_free(struct ctl_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct ctl_buffer){ 0 };
}
