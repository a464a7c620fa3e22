/* SPDX-License-Identifier: MIT */
/* Sizes as people read them, for messages and for gpalayoutctl. */
#ifndef GPALD_CORE_SIZE_TEXT_H
#define GPALD_CORE_SIZE_TEXT_H

#include <stdint.h>

struct gpald_size_text {
	char text[40];
};

/*
 * Returns a size in the largest binary unit, no larger than the size, that states it exactly with
 * at most three decimals: "3 GiB", "1.5 MiB", "3145732 KiB", "17 B".
 */
struct gpald_size_text gpald_exact_size_text(uint64_t size);

/*
 * Returns a size in its largest unit. If three decimals cannot state it exactly, it is rounded to
 * three significant digits: "~2.94 TiB", "~3.00 GiB". From 999.5 on it is rounded down to a whole
 * number: "~1023 KiB".
 */
struct gpald_size_text gpald_size_text(uint64_t size);

#endif
