/* SPDX-License-Identifier: MIT */
/*
 * Sizes as people read them, and counts as they write them.
 */
#ifndef GPALAYOUTCTL_SIZE_TEXT_H
#define GPALAYOUTCTL_SIZE_TEXT_H

#include "buffer.h"

#include <stdbool.h>
#include <stdint.h>

/* Reads a decimal count of at most 2^53 - 1, the largest a JSON integer carries exactly. */
bool ctl_count_parse(const char *text, int64_t *value);

/*
 * Appends `size` in the largest binary unit that states it exactly with at most
 * three decimals: "3 GiB", "1.5 MiB", "3145732 KiB", "17 B".
 */
void ctl_size_append(struct ctl_buffer *out, uint64_t size);

#endif
