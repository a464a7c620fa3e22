/* SPDX-License-Identifier: MIT */
/* Formats sizes for people and for requests, and the numbers of maps. */
#include "config.h"

#include "gpalayoutctl/size_text.h"

#include "core/size_text.h"
#include "wire/size.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void ctl_exact_size_append(struct gpald_bytes *out, uint64_t size)
{
	ctl_buffer_puts(out, gpald_exact_size_text(size).text);
}

void ctl_size_append(struct gpald_bytes *out, uint64_t size)
{
	ctl_buffer_puts(out, gpald_size_text(size).text);
}

void ctl_typed_size_append(struct gpald_bytes *out, uint64_t size)
{
	/* Largest first: the letters that the protocol reads. */
	static const char letters[] = "PTGMK";

	for (size_t i = 0; size && letters[i]; i++) {
		const unsigned int shift = 50 - 10 * (unsigned int)i;

		if (!(size & ((UINT64_C(1) << shift) - 1))) {
			ctl_buffer_printf(out, "%" PRIu64 "%c", size >> shift, letters[i]);
			return;
		}
	}
	ctl_buffer_printf(out, "%" PRIu64, size);
}

/* Numbers of maps. */

/* A size is rounded if its exact form counts at least this many units, like the 3 in "3 GiB". */
static const uint64_t rounded_from[] = {
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
	if (strtoull(text.data, NULL, 10) >= rounded_from[form]) {
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
