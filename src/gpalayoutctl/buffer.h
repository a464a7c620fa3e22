/* SPDX-License-Identifier: MIT */
/*
 * Growing byte buffer: requests, replies and output are put together in one
 * before they are sent, parsed or written. data is NULL until something is
 * added and is always followed by a NUL that length does not count. Running out of
 * memory ends the program.
 */
#ifndef GPALAYOUTCTL_BUFFER_H
#define GPALAYOUTCTL_BUFFER_H

#include <stdarg.h>
#include <stddef.h>

struct ctl_buffer {
	char *data;
	size_t length;
	size_t capacity;
};

/* The first of `room` writable bytes behind the content; add what was used to length. */
char *ctl_buffer_reserve(struct ctl_buffer *buffer, size_t room);

void ctl_buffer_append(struct ctl_buffer *buffer, const char *bytes, size_t length);
void ctl_buffer_puts(struct ctl_buffer *buffer, const char *text);
void ctl_buffer_printf(struct ctl_buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void ctl_buffer_vprintf(struct ctl_buffer *buffer, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* The content as a string, "" when there is none; valid until the next change. */
const char *ctl_buffer_text(const struct ctl_buffer *buffer);

void ctl_buffer_free(struct ctl_buffer *buffer);
#define ctl_cleanup_buffer __attribute__((cleanup(ctl_buffer_free)))

/* Ends the program with CTL_USAGE; for heap exhaustion, which nothing here can mend. */
void ctl_out_of_memory(void) __attribute__((noreturn));

/* Writes all of it, and waits where that takes waiting. 0, or errno. */
int ctl_write_all(int fd, const char *bytes, size_t length);

#endif
