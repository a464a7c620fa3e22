/* SPDX-License-Identifier: MIT */
/*
 * Sizes as text. The daemon reads sizes itself; the client does so only where a
 * flag makes it add two of them, and to show the daemon's numbers in binary
 * units. Shown sizes are exact: a rounded one hides the page that is missing.
 */
#include "config.h"

#include "size_text.h"

#include <inttypes.h>
#include <string.h>

#define LARGEST_COUNT ((UINT64_C(1) << 53) - 1)

struct unit {
	char letter;
	unsigned int shift;
};

/* Largest first. The protocol's grammar ends at P; E is for showing. */
static const struct unit units[] = {
	{ 'E', 60 }, { 'P', 50 }, { 'T', 40 }, { 'G', 30 }, { 'M', 20 }, { 'K', 10 },
};

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

/* The first character behind the digits; NULL without digits or on overflow. */
static const char *parse_digits(const char *text, int base, uint64_t *value)
{
	const char *position = text;

	*value = 0;
	for (; digit_value(*position) < base; position++) {
		if (__builtin_mul_overflow(*value, (uint64_t)base, value) ||
		    __builtin_add_overflow(*value, (uint64_t)digit_value(*position), value))
			return NULL;
	}
	return position == text ? NULL : position;
}

static bool unit_shift(const char *text, unsigned int *shift)
{
	if (!*text) {
		*shift = 0;
		return true;
	}
	if (text[1] && strcmp(text + 1, "B") != 0 && strcmp(text + 1, "iB") != 0)
		return false;
	for (size_t i = 1; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].letter == *text) {
			*shift = units[i].shift;
			return true;
		}
	}
	return false;
}

bool ctl_size_parse(const char *text, uint64_t *value)
{
	unsigned int shift;
	const char *rest;

	if (strncmp(text, "0x", 2) == 0) {
		rest = parse_digits(text + 2, 16, value);
		return rest && !*rest;
	}
	rest = parse_digits(text, 10, value);
	return rest && unit_shift(rest, &shift) &&
	       !__builtin_mul_overflow(*value, UINT64_C(1) << shift, value);
}

bool ctl_count_parse(const char *text, uint64_t *value)
{
	const char *rest = parse_digits(text, 10, value);

	return rest && !*rest && *value <= LARGEST_COUNT;
}

void ctl_size_append(struct ctl_buffer *out, uint64_t size)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		unsigned int shift = units[i].shift;
		uint64_t whole = size >> shift;
		uint64_t rest = size & ((UINT64_C(1) << shift) - 1);
		unsigned int thousandths;
		int decimals = 3;

		/* Three decimals state multiples of an eighth of a binary unit, no others. */
		if (!whole || rest & ((UINT64_C(1) << (shift - 3)) - 1))
			continue;
		ctl_buffer_printf(out, "%" PRIu64, whole);
		thousandths = (unsigned int)(rest >> (shift - 3)) * 125;
		if (thousandths) {
			for (; thousandths % 10 == 0; thousandths /= 10)
				decimals--;
			ctl_buffer_printf(out, ".%0*u", decimals, thousandths);
		}
		ctl_buffer_printf(out, " %ciB", units[i].letter);
		return;
	}
	ctl_buffer_printf(out, "%" PRIu64 " B", size);
}
