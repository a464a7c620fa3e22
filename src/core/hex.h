/* SPDX-License-Identifier: MIT */
/* Addresses as text: "0x" and lower-case hex digits without leading zeros. */
#ifndef GPALD_CORE_HEX_H
#define GPALD_CORE_HEX_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define GPALD_HEX_MAX 18 /* bytes that a buffer needs for gpald_put_hex() */

/*
 * Returns the eight hex digits of a value, the first one in the lowest byte of memory. It has no
 * loop and no branch, because a layout has hundreds of numbers to write.
 */
static inline uint64_t gpald_hex_digits(uint32_t value)
{
	uint64_t digits = value, letters;

	/* Spread the digits, one to each byte. */
	digits = (digits << 16 | digits) & UINT64_C(0x0000ffff0000ffff);
	digits = (digits << 8 | digits) & UINT64_C(0x00ff00ff00ff00ff);
	digits = (digits << 4 | digits) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	/* Put 1 in each byte whose digit is above 9. */
	letters = (digits + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
	digits += UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10);
	return htobe64(digits);
}

/*
 * Writes a number at `at`, without a NUL, and returns the end of the text. It sets the bytes after
 * that, up to GPALD_HEX_MAX, to 0.
 */
static inline char *gpald_put_hex(char *at, uint64_t value)
{
	const unsigned int digits = 16 - (unsigned int)__builtin_clzll(value | 1) / 4;
	/* Zeros follow the digits, so that the copy below has a fixed size, which is faster. */
	const uint64_t text[4] = { gpald_hex_digits((uint32_t)(value >> 32)),
				   gpald_hex_digits((uint32_t)value) };

	*at++ = '0';
	*at++ = 'x';
	memcpy(at, (const char *)text + 16 - digits, 16);
	return at + digits;
}

#endif
