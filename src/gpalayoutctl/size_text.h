/* SPDX-License-Identifier: MIT */
/* Sizes as people read and type them. */
#ifndef GPALAYOUTCTL_SIZE_TEXT_H
#define GPALAYOUTCTL_SIZE_TEXT_H

#include "gpalayoutctl/buffer.h"

#include <stdint.h>

/* Append the texts of gpald_exact_size_text() and gpald_size_text(). */
void ctl_exact_size_append(struct gpald_bytes *out, uint64_t size);
void ctl_size_append(struct gpald_bytes *out, uint64_t size);

/*
 * Appends `size` as it can be typed in a request: a whole number, with the letter of the largest
 * unit that divides it, if one does: "3014172K".
 */
void ctl_typed_size_append(struct gpald_bytes *out, uint64_t size);

/* Forms of the numbers in maps. Numbers are rounded with integers, not with floating point. */
enum ctl_number_form {
	CTL_NUMBER_HEX,

	/* Decimal, with a unit, like those below. */
	CTL_NUMBER_EXACT,

	/* At least 1 KiB, to 3 significant digits, or 4 from 1000 on: "≈ 1.01 TiB". */
	CTL_NUMBER_ROUNDED,

	/* An address or a gap: exact if the count of units is below 1024 ("3 GiB"). */
	CTL_NUMBER_HUMAN,

	/* A size: rounded if the count of units has more than four digits. */
	CTL_NUMBER_SHORT,

	/* A size: exact. If CTL_NUMBER_SHORT rounds it, that follows: "851948 KiB ≈ 832 MiB". */
	CTL_NUMBER_FULL,
};

struct ctl_number_text {
	char text[48];
};

struct ctl_number_text ctl_number_text(enum ctl_number_form form, uint64_t n);

/* Returns the logarithm to base 2 in sixteenths, linear between powers of two; 0 below 16. */
unsigned int ctl_log2_sixteenths(uint64_t n);

#endif
