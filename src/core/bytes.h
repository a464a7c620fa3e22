/* SPDX-License-Identifier: MIT */
/*
 * A buffer of bytes that grows as more are appended. The caller chooses its first capacity, and
 * what happens when memory runs out.
 */
#ifndef GPALD_CORE_BYTES_H
#define GPALD_CORE_BYTES_H

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Zero it before use, and call gpald_bytes_free() at the end. */
struct gpald_bytes {
	char *data; /* from malloc(); NULL before the first append */
	size_t length;
	size_t capacity;
};

/* Does the same as gpald_bytes_reserve(), for a caller that knows that the room is missing. */
GPAL_MUST_USE bool gpald_bytes_grow(struct gpald_bytes *bytes, size_t room, size_t least);

/*
 * Makes room for `room` more bytes. The capacity is `least`, doubled as often as needed. Returns
 * false if memory ran out; then nothing has changed.
 */
GPAL_MUST_USE static inline bool gpald_bytes_reserve(struct gpald_bytes *bytes, size_t room,
						     size_t least)
{
	return bytes->capacity - bytes->length >= room || gpald_bytes_grow(bytes, room, least);
}

/* Appends bytes. Returns false if memory ran out; then nothing has changed. */
GPAL_MUST_USE static inline bool gpald_bytes_append(struct gpald_bytes *bytes, const void *data,
						    size_t length, size_t least)
{
	if (!gpald_bytes_reserve(bytes, length, least))
		return false;
	if (length > 0)
		memcpy(bytes->data + bytes->length, data, length);
	bytes->length += length;
	return true;
}

/* Frees the memory; the buffer is empty and can be used again. */
void gpald_bytes_free(struct gpald_bytes *bytes);

#endif
