/* SPDX-License-Identifier: MIT */
/*
 * Checked arithmetic on addresses and sizes. A function that can overflow returns false if the
 * exact result does not fit in 64 bits. Alignments are powers of two.
 */
#ifndef GPALD_CORE_CHECKED_H
#define GPALD_CORE_CHECKED_H

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

GPAL_MUST_USE static inline bool gpald_add(uint64_t a, uint64_t b, uint64_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

GPAL_MUST_USE static inline bool gpald_mul_size(size_t a, size_t b, size_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

static inline uint64_t gpald_align_down(uint64_t value, uint64_t alignment)
{
	return value & ~(alignment - 1);
}

GPAL_MUST_USE static inline bool gpald_align_up(uint64_t value, uint64_t alignment,
						uint64_t *aligned)
{
	uint64_t sum;

	if (!gpald_add(value, alignment - 1, &sum))
		return false;
	*aligned = gpald_align_down(sum, alignment);
	return true;
}

static inline bool gpald_is_power_of_two(uint64_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

#endif
