/* SPDX-License-Identifier: MIT */
/*
 * Guest physical ranges.
 *
 * A range is half-open, [start, end), in bytes of guest physical address (GPA).
 * A placed range is a whole number of 4 KiB pages and lies in
 * [0, GPAL_SPACE_END). A range whose start equals its end is empty; members
 * that do not apply to a VM are empty ranges.
 */
#ifndef GPALAYOUT_RANGE_H
#define GPALAYOUT_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#define GPAL_PAGE_SIZE UINT64_C(0x1000)

/* One past the last address that may be used: 2^64 - 4096, so that no end wraps. */
#define GPAL_SPACE_END UINT64_C(0xfffffffffffff000)

#define GPAL_4GIB UINT64_C(0x100000000)

struct gpal_range {
	uint64_t start;
	uint64_t end;
};

static inline bool gpal_range_is_empty(struct gpal_range range)
{
	return range.end <= range.start;
}

/* Length in bytes; 0 for an empty or reversed range. */
static inline uint64_t gpal_range_size(struct gpal_range range)
{
	return gpal_range_is_empty(range) ? 0 : range.end - range.start;
}

#endif
