/* SPDX-License-Identifier: MIT */
/* Parses sizes without strtoull(), which accepts signs, spaces and octal numbers. */
#include "config.h"

#include "wire/size.h"

#include "core/hex.h"

#include <stddef.h>
#include <string.h>

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Reads digits of `base`. Returns their end. */
static const char *read_digits(const char *text, unsigned int base, uint64_t *value, bool *overflow)
{
	*value = 0;
	for (; digit_value(*text) < (int)base; text++)
		if (__builtin_mul_overflow(*value, (uint64_t)base, value) ||
		    __builtin_add_overflow(*value, (uint64_t)digit_value(*text), value))
			*overflow = true;
	return text;
}

enum gpald_size_result gpald_size_parse(const char *text, uint64_t *value)
{
	static const char units[] = "KMGTP";
	const bool hex = text[0] == '0' && text[1] == 'x';
	const char *digits = hex ? text + 2 : text;
	bool overflow = false;
	uint64_t number;
	const char *end = read_digits(digits, hex ? 16 : 10, &number, &overflow);

	if (end == digits)
		return GPALD_SIZE_MALFORMED;
	if (!hex && *end != '\0') {
		const char *unit = strchr(units, *end);
		uint64_t factor;

		if (!unit || (strcmp(end + 1, "") != 0 && strcmp(end + 1, "B") != 0 &&
			      strcmp(end + 1, "iB") != 0))
			return GPALD_SIZE_MALFORMED;
		factor = UINT64_C(1) << (10 * (unit - units + 1));
		if (__builtin_mul_overflow(number, factor, &number))
			overflow = true;
	} else if (*end != '\0') {
		return GPALD_SIZE_MALFORMED;
	}
	if (overflow)
		return GPALD_SIZE_OVERFLOW;
	*value = number;
	return GPALD_SIZE_OK;
}

void gpald_hex_format(uint64_t value, char text[GPALD_HEX_SIZE])
{
	*gpald_put_hex(text, value) = '\0';
}
