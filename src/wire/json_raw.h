/* SPDX-License-Identifier: MIT */
/*
 * Finds values in JSON text without decoding them, so that every digit and escape stays as it is.
 * The text must have been parsed before. Other text gives wrong results, but is safe.
 */
#ifndef GPALD_WIRE_JSON_RAW_H
#define GPALD_WIRE_JSON_RAW_H

#include <stdbool.h>
#include <stddef.h>

struct gpald_raw {
	const char *text; /* of a value, without space around it; borrowed */
	size_t length;
};

/* Returns the value in a text, without the space around it. */
struct gpald_raw gpald_raw_value(const char *text, size_t length);

/*
 * Takes the next element of a list, or the next member of an object. Set *rest to the list or the
 * object before the first call, and do not change it afterwards. *name receives the name of a
 * member with its quotes, or an empty text for an element; `name` may be NULL. Returns false if
 * there are no more.
 */
bool gpald_raw_next(struct gpald_raw *rest, struct gpald_raw *name, struct gpald_raw *value);

/*
 * Finds the member `name` of an object. Returns false if there is none, or if its name is written
 * with escapes.
 */
bool gpald_raw_member(struct gpald_raw object, const char *name, struct gpald_raw *member);

#endif
