/* SPDX-License-Identifier: MIT */
/* Doubles a capacity that is too small, so that few calls move the bytes. */
#include "config.h"

#include "core/bytes.h"

#include <stdint.h>
#include <stdlib.h>

bool gpald_bytes_grow(struct gpald_bytes *bytes, size_t room, size_t least)
{
	size_t capacity = bytes->capacity ? bytes->capacity : least;
	char *data;

	/* A capacity is `least`, or less than twice what it must hold, so it does not overflow. */
	if (room > SIZE_MAX / 4 - bytes->length)
		return false;
	while (capacity - bytes->length < room)
		capacity *= 2;
	data = realloc(bytes->data, capacity);
	if (!data)
		return false;
	bytes->data = data;
	bytes->capacity = capacity;
	return true;
}

void gpald_bytes_free(struct gpald_bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct gpald_bytes){ 0 };
}
