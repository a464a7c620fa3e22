/* SPDX-License-Identifier: MIT */
/*
 * Growing byte buffers with text. A NUL, which `length` does not count, follows the content. The
 * program exits if memory runs out.
 */
#ifndef GPALAYOUTCTL_BUFFER_H
#define GPALAYOUTCTL_BUFFER_H

#include "core/bytes.h"

#include <stdarg.h>
#include <stddef.h>

/*
 * Returns the first of `room` writable bytes after the content. Add the used ones to `length`, and
 * write a NUL after them: the function reserves a byte for it.
 */
char *ctl_buffer_reserve(struct gpald_bytes *buffer, size_t room);

void ctl_buffer_append(struct gpald_bytes *buffer, const char *bytes, size_t length);
void ctl_buffer_puts(struct gpald_bytes *buffer, const char *text);
void ctl_buffer_printf(struct gpald_bytes *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void ctl_buffer_vprintf(struct gpald_bytes *buffer, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Returns the content as a string, "" if there is none; valid until the next change. */
const char *ctl_buffer_text(const struct gpald_bytes *buffer);

void ctl_buffer_free(struct gpald_bytes *buffer);
#define ctl_cleanup_buffer __attribute__((cleanup(ctl_buffer_free)))

/* Memory ran out: exits with CTL_USAGE. */
void ctl_out_of_memory(void) __attribute__((noreturn));

/* Writes all bytes, and waits if needed. Returns 0, or errno. */
int ctl_write_all(int fd, const char *bytes, size_t length);

#endif
