/* SPDX-License-Identifier: MIT */
/*
 * Guest physical ranges.
 *
 * A range is half-open, [start, end), in bytes of guest physical address (GPA). A placed range
 * is a whole number of 4 KiB pages and lies in [0, GPAL_SPACE_END). A range whose start equals
 * its end is empty. A range that does not apply to a VM is empty.
 *
 * The functions are pure: any thread may call them, and they own nothing.
 */
#ifndef GPALAYOUT_RANGE_H
#define GPALAYOUT_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes of a page: the smallest page of x86_64 and of aarch64. */
#define GPAL_PAGE_SIZE UINT64_C(0x1000)

/* The end of the address space, 2^64 - 4096, so that the end of a range never wraps to 0. */
#define GPAL_SPACE_END UINT64_C(0xfffffffffffff000)

#define GPAL_4GIB UINT64_C(0x100000000)

struct gpal_range {
	uint64_t start; /* first address */
	uint64_t end;   /* first address after the range */
};

/*
 * gpal_range_is_empty - find out whether a range has no bytes
 *
 * Returns true if the range is empty, or if its end lies below its start.
 */
static inline bool gpal_range_is_empty(struct gpal_range range)
{
	return range.end <= range.start;
}

/*
 * gpal_range_size - get the length of a range
 *
 * Returns the length in bytes; 0 for a range that gpal_range_is_empty() calls empty.
 */
static inline uint64_t gpal_range_size(struct gpal_range range)
{
	return gpal_range_is_empty(range) ? 0 : range.end - range.start;
}

#endif
