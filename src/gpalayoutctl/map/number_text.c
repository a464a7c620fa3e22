/* SPDX-License-Identifier: MIT */
/*
 * Numbers of a map. What is exact comes from size_text.h; this file decides when a
 * rounded number takes its place.
 */
#include "config.h"

#include "gpalayoutctl/map/number_text.h"

#include "gpalayoutctl/size_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

static const char units[] = "BKMGTPE";

void ctl_approx_append(struct ctl_buffer *out, uint64_t n)
{
	unsigned int unit = 0;
	unsigned int scale = 1;
	unsigned int rounded;

	while (unit < sizeof(units) - 2 && n >> 10 * (unit + 1))
		unit++;
	while (scale < 100 && (n >> 10 * unit) * scale < 100)
		scale *= 10;
	rounded = (unsigned int)(((unsigned __int128)n * scale + (1ull << 10 * unit) / 2) >>
				 10 * unit);
	if (rounded == 1024 * scale) {
		rounded = scale;
		unit++;
	}
	for (; scale > 1 && rounded % 10 == 0; scale /= 10)
		rounded /= 10;
	ctl_buffer_printf(out, "%u", rounded / scale);
	if (scale > 1)
		ctl_buffer_printf(out, ".%0*u", scale == 100 ? 2 : 1, rounded % scale);
	ctl_buffer_printf(out, " %.1s%s", units + unit, unit ? "iB" : "");
}

/* Whether exact(n) has a number of at least `limit`. */
static bool exceeds(const struct ctl_buffer *exact, uint64_t limit)
{
	return strtoull(ctl_buffer_text(exact), NULL, 10) >= limit;
}

static void append_below(struct ctl_buffer *out, uint64_t n, uint64_t limit)
{
	ctl_cleanup_buffer struct ctl_buffer exact = { 0 };

	ctl_size_append(&exact, n);
	if (exceeds(&exact, limit)) {
		ctl_buffer_puts(out, "≈ ");
		ctl_approx_append(out, n);
	} else {
		ctl_buffer_puts(out, ctl_buffer_text(&exact));
	}
}

void ctl_human_append(struct ctl_buffer *out, uint64_t n)
{
	if (n)
		append_below(out, n, 1024);
	else
		ctl_buffer_puts(out, "0");
}

void ctl_short_size_append(struct ctl_buffer *out, uint64_t n)
{
	append_below(out, n, 10000);
}

void ctl_full_size_append(struct ctl_buffer *out, uint64_t n)
{
	ctl_cleanup_buffer struct ctl_buffer exact = { 0 };

	ctl_size_append(&exact, n);
	ctl_buffer_puts(out, ctl_buffer_text(&exact));
	if (exceeds(&exact, 10000)) {
		ctl_buffer_puts(out, " ≈ ");
		ctl_approx_append(out, n);
	}
}

unsigned int ctl_log2_sixteenths(uint64_t n)
{
	unsigned int highest;

	if (n < 16)
		return 0;
	highest = 63 - (unsigned int)__builtin_clzll(n);
	return 16 * highest + (unsigned int)(n >> (highest - 4) & 15);
}
