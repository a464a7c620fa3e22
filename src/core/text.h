/* SPDX-License-Identifier: MIT */
/* Checks texts that may be names, and lists names in messages. */
#ifndef GPALD_CORE_TEXT_H
#define GPALD_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/*
 * Returns true if a text is UTF-8. After some first bytes the second byte has tighter limits, which
 * exclude overlong forms, surrogates and values above U+10FFFF. Source: Unicode, table 3-7.
 */
static inline bool gpald_is_utf8(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		const unsigned char first = *p;
		const int more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;

		if (first > 0xf4 || (first >= 0x80 && first < 0xc2) ||
		    (first == 0xe0 && p[1] < 0xa0) || (first == 0xed && p[1] > 0x9f) ||
		    (first == 0xf0 && p[1] < 0x90) || (first == 0xf4 && p[1] > 0x8f))
			return false;
		for (int i = 0; i < more; i++) {
			if ((*++p & 0xc0) != 0x80)
				return false;
		}
	}
	return true;
}

/* Returns true if a text has a control character: U+0001 to U+001F, or U+007F to U+009F. */
static inline bool gpald_has_control(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
			return true;
	return false;
}

/*
 * Returns true if a text can name a root complex, a CXL window or a reserved range, or be a tag: 1
 * to `most` bytes of UTF-8 without control characters.
 */
static inline bool gpald_is_utf8_name(const char *text, size_t most)
{
	const size_t length = strnlen(text, most + 1);

	return length > 0 && length <= most && gpald_is_utf8(text) && !gpald_has_control(text);
}

/*
 * Returns true if a text can name a live layout, or be a tag of the bare allocator: 1 to `most`
 * bytes of A-Z, a-z, 0-9, '.', '_', ':' and '-'.
 */
static inline bool gpald_is_plain_name(const char *text, size_t most)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._:-";
	const size_t length = strlen(text);

	return length > 0 && length <= most && strspn(text, allowed) == length;
}

/* Appends a name to a list, after a separator unless it is the first. Cuts the list at `size`. */
static inline void gpald_append_name(char *list, size_t size, const char *separator,
				     const char *name)
{
	const size_t at = strlen(list);

	snprintf(list + at, size - at, "%s%s", at > 0 ? separator : "", name);
}

#endif
