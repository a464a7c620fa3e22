/* SPDX-License-Identifier: MIT */
/*
 * Sizes, addresses and counts as people and the protocol write them.
 */
#ifndef GPALAYOUTCTL_SIZE_TEXT_H
#define GPALAYOUTCTL_SIZE_TEXT_H

#include "buffer.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads a size or address in the protocol's grammar: decimal digits with an
 * optional unit K M G T P (also KB, KiB), or 0x and hexadecimal digits. False
 * when `text` is something else or needs more than 64 bits.
 */
bool ctl_size_parse(const char *text, uint64_t *value);

/* Reads a decimal count of at most 2^53 - 1, the largest a JSON integer carries exactly. */
bool ctl_count_parse(const char *text, uint64_t *value);

/*
 * Appends `size` in the largest binary unit that states it exactly with at most
 * three decimals: "3 GiB", "1.5 MiB", "3145732 KiB", "17 B".
 */
void ctl_size_append(struct ctl_buffer *out, uint64_t size);

#endif
