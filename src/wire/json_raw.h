/* SPDX-License-Identifier: MIT */
/*
 * Values as they stand in JSON text: found without being decoded, so that every digit and
 * escape stays. The text has to have been parsed; other text gives odd results and does no
 * harm.
 */
#ifndef GPALD_WIRE_JSON_RAW_H
#define GPALD_WIRE_JSON_RAW_H

#include <stdbool.h>
#include <stddef.h>

struct gpald_raw {
	const char *text; /* of a value, without space around it */
	size_t length;
};

/* The value in a text that may have space around it. */
struct gpald_raw gpald_raw_value(const char *text, size_t length);

/*
 * Takes the next element of a list, or member of an object: *rest starts as the value, and
 * is for this function alone then. `name`, which may be NULL, gets a member's with its
 * quotes; empty: it is an element. False: there are no more.
 */
bool gpald_raw_next(struct gpald_raw *rest, struct gpald_raw *name, struct gpald_raw *value);

/* The member `name` of an object. Only one whose name is written without escapes is found. */
bool gpald_raw_member(struct gpald_raw object, const char *name, struct gpald_raw *member);

#endif
