/* SPDX-License-Identifier: MIT */
/*
 * What the JSON reader has to accept, as a grammar: RFC 8259, one function for each
 * of its rules, and this project's bounds and exceptions. Written apart from
 * src/wire, with which it shares no code.
 */
#ifndef GPALD_TESTS_JSON_REFERENCE_H
#define GPALD_TESTS_JSON_REFERENCE_H

#include <stddef.h>

enum json_verdict {
	JSON_FINE,
	JSON_INVALID,   /* not JSON, an escaped NUL, a number too long or too large */
	JSON_BAD_UTF8,  /* not UTF-8, or an escaped surrogate alone */
	JSON_DUPLICATE, /* an object has a key twice */
	JSON_DEEP,      /* more than 32 containers in one another */
	JSON_MANY,      /* more than 65536 values */
};

/* The first fault of a text, reading from left to right; a duplicate is seen at the closing brace. */
enum json_verdict json_reference(const unsigned char *text, size_t length);

#endif
