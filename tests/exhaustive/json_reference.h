/* SPDX-License-Identifier: MIT */
/*
 * The texts that the JSON reader must accept, as a grammar: RFC 8259, with one function for each of
 * its rules, and the bounds and exceptions of this project. It shares no code with src/wire.
 */
#ifndef GPALD_TESTS_JSON_REFERENCE_H
#define GPALD_TESTS_JSON_REFERENCE_H

#include <stddef.h>

enum json_verdict {
	JSON_FINE,
	JSON_INVALID,   /* not JSON, an escaped NUL, a number too long or too large */
	JSON_BAD_UTF8,  /* not UTF-8, or an unpaired escaped surrogate */
	JSON_DUPLICATE, /* an object has a key twice */
	JSON_DEEP,      /* more than 32 nested containers */
	JSON_MANY,      /* more than 65536 values */
};

/*
 * Returns the first fault of a text, from left to right. A duplicate is found at the closing brace.
 */
enum json_verdict json_reference(const unsigned char *text, size_t length);

#endif
