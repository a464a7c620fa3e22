/* SPDX-License-Identifier: MIT */
/* Three decimals state a size exactly only if it is a multiple of an eighth of the unit. */
#include "config.h"

#include "gpalayoutctl/size_text.h"

#include "wire/size.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Largest first. The protocol reads letters up to P; E is only printed. */
static const struct {
	char letter;
	unsigned int shift;
} units[] = {
	{ 'E', 60 }, { 'P', 50 }, { 'T', 40 }, { 'G', 30 }, { 'M', 20 }, { 'K', 10 },
};

#define UNITS (sizeof(units) / sizeof(units[0]))

static bool is_multiple(uint64_t size, unsigned int shift)
{
	return !(size & ((UINT64_C(1) << shift) - 1));
}

static void append_exact(struct gpald_bytes *out, uint64_t size, size_t unit)
{
	const unsigned int shift = units[unit].shift;
	const uint64_t rest = size & ((UINT64_C(1) << shift) - 1);
	unsigned int thousandths = (unsigned int)(rest >> (shift - 3)) * 125;
	int decimals = 3;

	ctl_buffer_printf(out, "%" PRIu64, size >> shift);
	if (thousandths) {
		for (; thousandths % 10 == 0; thousandths /= 10)
			decimals--;
		ctl_buffer_printf(out, ".%0*u", decimals, thousandths);
	}
	ctl_buffer_printf(out, " %ciB", units[unit].letter);
}

void ctl_exact_size_append(struct gpald_bytes *out, uint64_t size)
{
	for (size_t i = 0; i < UNITS; i++) {
		if (size >> units[i].shift && is_multiple(size, units[i].shift - 3)) {
			append_exact(out, size, i);
			return;
		}
	}
	ctl_buffer_printf(out, "%" PRIu64 " B", size);
}

void ctl_size_append(struct gpald_bytes *out, uint64_t size)
{
	size_t unit = 0;
	double value;

	while (unit < UNITS && !(size >> units[unit].shift))
		unit++;
	if (unit == UNITS || is_multiple(size, units[unit].shift - 3)) {
		ctl_exact_size_append(out, size);
		return;
	}
	value = (double)size / (double)(UINT64_C(1) << units[unit].shift);
	/* Numbers from 999.5 on are rounded down, so that 1023.9 KiB is not printed as 1024 KiB. */
	if (value >= 999.5)
		ctl_buffer_printf(out, "~%" PRIu64 " %ciB", size >> units[unit].shift,
				  units[unit].letter);
	else
		ctl_buffer_printf(out, "~%.*f %ciB",
				  value < 9.995 ? 2 :
				  value < 99.95 ? 1 :
						  0,
				  value, units[unit].letter);
}

void ctl_typed_size_append(struct gpald_bytes *out, uint64_t size)
{
	/* The protocol does not read E. */
	for (size_t i = 1; i < UNITS; i++) {
		if (size && is_multiple(size, units[i].shift)) {
			ctl_buffer_printf(out, "%" PRIu64 "%c", size >> units[i].shift,
					  units[i].letter);
			return;
		}
	}
	ctl_buffer_printf(out, "%" PRIu64, size);
}

/* Numbers of maps. */

/* If the exact number is at least this, it is rounded. */
static const uint64_t limits[] = {
	[CTL_NUMBER_EXACT] = UINT64_MAX, [CTL_NUMBER_ROUNDED] = 0,  [CTL_NUMBER_HUMAN] = 1024,
	[CTL_NUMBER_SHORT] = 10000,      [CTL_NUMBER_FULL] = 10000,
};

/* Appends a size of at least 1 KiB, rounded half up. */
static void append_rounded(struct gpald_bytes *out, uint64_t n)
{
	unsigned int unit = (63 - (unsigned int)__builtin_clzll(n)) / 10;
	const uint64_t one = UINT64_C(1) << 10 * unit;
	unsigned int scale = n / one < 10 ? 100 : n / one < 100 ? 10 : 1;
	unsigned int digits = (unsigned int)(((unsigned __int128)n * scale + one / 2) / one);

	if (digits == 1024) {
		digits = 1;
		unit++;
	}
	for (; scale > 1 && digits % 10 == 0; scale /= 10)
		digits /= 10;
	ctl_buffer_printf(out, "≈ %u", digits / scale);
	if (scale > 1)
		ctl_buffer_printf(out, ".%0*u", scale == 100 ? 2 : 1, digits % scale);
	ctl_buffer_printf(out, " %ciB", "BKMGTPE"[unit]);
}

struct ctl_number_text ctl_number_text(enum ctl_number_form form, uint64_t n)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	struct ctl_number_text number = { "0" };

	if (form == CTL_NUMBER_HEX)
		gpald_hex_format(n, number.text);
	if (form == CTL_NUMBER_HEX || (form == CTL_NUMBER_HUMAN && n == 0))
		return number;
	ctl_exact_size_append(&text, n);
	if (strtoull(text.data, NULL, 10) >= limits[form]) {
		text.length = form == CTL_NUMBER_FULL ? text.length : 0;
		ctl_buffer_puts(&text, form == CTL_NUMBER_FULL ? " " : "");
		append_rounded(&text, n);
	}
	snprintf(number.text, sizeof(number.text), "%s", text.data);
	return number;
}

unsigned int ctl_log2_sixteenths(uint64_t n)
{
	const unsigned int highest = 63 - (unsigned int)__builtin_clzll(n | 1);

	return highest < 4 ? 0 : 16 * highest + (unsigned int)(n >> (highest - 4) & 15);
}
