/* SPDX-License-Identifier: MIT */
/*
 * Sizes as people read them.
 */
#ifndef GPALAYOUTCTL_SIZE_TEXT_H
#define GPALAYOUTCTL_SIZE_TEXT_H

#include "gpalayoutctl/buffer.h"

#include <stdint.h>

/*
 * Appends `size` in the largest binary unit that states it exactly with at most
 * three decimals: "3 GiB", "1.5 MiB", "3145732 KiB", "17 B".
 */
void ctl_exact_size_append(struct ctl_buffer *out, uint64_t size);

/*
 * The same in the largest unit of all, and where that is not exact, rounded to three
 * digits: "~2.94 TiB", "~3.00 GiB".
 */
void ctl_size_append(struct ctl_buffer *out, uint64_t size);

/* As it can be typed: whole digits and a letter, "3014172K". */
void ctl_typed_size_append(struct ctl_buffer *out, uint64_t size);

#endif
