/* SPDX-License-Identifier: MIT */
/*
 * Sizes as text. Shown sizes are exact: a rounded one hides the page that is
 * missing. Reading them is left to src/wire.
 */
#include "config.h"

#include "size_text.h"

#include "wire/size.h"

#include <inttypes.h>
#include <string.h>

#define LARGEST_COUNT ((UINT64_C(1) << 53) - 1)

/* Largest first. The protocol's grammar ends at P; E is for showing. */
static const struct {
	char letter;
	unsigned int shift;
} units[] = {
	{ 'E', 60 }, { 'P', 50 }, { 'T', 40 }, { 'G', 30 }, { 'M', 20 }, { 'K', 10 },
};

bool ctl_count_parse(const char *text, int64_t *value)
{
	uint64_t count;

	if (text[strspn(text, "0123456789")] || gpald_size_parse(text, &count) != GPALD_SIZE_OK ||
	    count > LARGEST_COUNT)
		return false;
	*value = (int64_t)count;
	return true;
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
