/* SPDX-License-Identifier: MIT */
/*
 * What a map writes: numbers, and text in cells, the columns of a monospace font. Text is
 * UTF-8 that ctl_name_append() has made or that is a constant.
 */
#ifndef GPALAYOUTCTL_MAP_TEXT_H
#define GPALAYOUTCTL_MAP_TEXT_H

#include "gpalayoutctl/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ctl_number_form {
	CTL_HEX,
	CTL_EXACT,   /* in decimal, with a unit, like all that follow */
	CTL_ROUNDED, /* to three significant digits: "≈ 1.01 TiB" */
	CTL_HUMAN, /* an address or a gap: exact in the unit that a reader expects, else rounded */
	CTL_SHORT, /* a size: rounded if it has more than four digits */
	CTL_FULL   /* the same after the exact one: "851948 KiB ≈ 832 MiB" */
};

struct ctl_number {
	char text[48];
};

struct ctl_number ctl_number(enum ctl_number_form form, uint64_t n);

/* The logarithm to base 2 in sixteenths, linear between powers of two; 0 below 16. */
unsigned int ctl_log2_sixteenths(uint64_t n);

/* Appends text of other people, safe to show; as ASCII, other characters are \uXXXX too. */
void ctl_name_append(struct ctl_buffer *out, const char *name, bool ascii);

/* Cuts the middle out of `text`, so that it takes at most `room` cells with "…" or "...". */
void ctl_shorten(struct ctl_buffer *text, size_t room, bool ascii);

/*
 * Appends `text` in lines of at most `room` cells, broken at blanks if they have one; lines
 * after the first are indented by two of them. If `lines_max` lines are too few, the last
 * ends with "…" or "...".
 */
void ctl_wrap_append(struct ctl_buffer *out, const char *text, size_t room, unsigned int lines_max,
		     bool ascii);

#endif
