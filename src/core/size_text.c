/* SPDX-License-Identifier: MIT */
/* Three decimals state a size exactly only if it is a multiple of an eighth of the unit. */
#include "config.h"

#include "core/size_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Largest first. */
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

static struct gpald_size_text state_exactly(uint64_t size, size_t unit)
{
	const unsigned int shift = units[unit].shift;
	const uint64_t rest = size & ((UINT64_C(1) << shift) - 1);
	unsigned int thousandths = (unsigned int)(rest >> (shift - 3)) * 125;
	struct gpald_size_text result;
	char decimals[8] = "";
	int count = 3;

	if (thousandths) {
		for (; thousandths % 10 == 0; thousandths /= 10)
			count--;
		snprintf(decimals, sizeof(decimals), ".%0*u", count, thousandths);
	}
	snprintf(result.text, sizeof(result.text), "%" PRIu64 "%s %ciB", size >> shift, decimals,
		 units[unit].letter);
	return result;
}

struct gpald_size_text gpald_exact_size_text(uint64_t size)
{
	struct gpald_size_text result;

	for (size_t i = 0; i < UNITS; i++)
		if (size >> units[i].shift && is_multiple(size, units[i].shift - 3))
			return state_exactly(size, i);
	snprintf(result.text, sizeof(result.text), "%" PRIu64 " B", size);
	return result;
}

struct gpald_size_text gpald_size_text(uint64_t size)
{
	struct gpald_size_text result;
	size_t unit = 0;
	double value;

	while (unit < UNITS && !(size >> units[unit].shift))
		unit++;
	if (unit == UNITS || is_multiple(size, units[unit].shift - 3))
		return gpald_exact_size_text(size);
	value = (double)size / (double)(UINT64_C(1) << units[unit].shift);
	/* Numbers from 999.5 on are rounded down, so that 1023.9 KiB is not printed as 1024 KiB. */
	if (value >= 999.5)
		snprintf(result.text, sizeof(result.text), "~%" PRIu64 " %ciB",
			 size >> units[unit].shift, units[unit].letter);
	else
		snprintf(result.text, sizeof(result.text), "~%.*f %ciB",
			 value < 9.995 ? 2 :
			 value < 99.95 ? 1 :
					 0,
			 value, units[unit].letter);
	return result;
}
