/* SPDX-License-Identifier: MIT */
/*
 * Sizes and addresses as a map writes them: exact while that is short, else marked as
 * rounded. All of it is integer arithmetic.
 */
#ifndef GPALAYOUTCTL_MAP_NUMBER_TEXT_H
#define GPALAYOUTCTL_MAP_NUMBER_TEXT_H

#include "gpalayoutctl/buffer.h"

#include <stdint.h>

/* Three significant digits, rounded half up: "1.01 TiB". */
void ctl_approx_append(struct ctl_buffer *out, uint64_t n);

/* An address or a gap: exact in the unit a reader expects, else rounded: "≈ 12.3 GiB". */
void ctl_human_append(struct ctl_buffer *out, uint64_t n);

/* A size, always exact; one with more than four digits is rounded as well. */
void ctl_full_size_append(struct ctl_buffer *out, uint64_t n);

/* A size, rounded if it has more than four digits. */
void ctl_short_size_append(struct ctl_buffer *out, uint64_t n);

/* The logarithm to base 2 in sixteenths, linear between powers of two; 0 below 16. */
unsigned int ctl_log2_sixteenths(uint64_t n);

#endif
