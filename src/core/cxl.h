/* SPDX-License-Identifier: MIT */
/*
 * The limits of CXL on windows that are interleaved over several host bridges. Source: CXL 3.1,
 * 9.18.1.
 */
#ifndef GPALD_CORE_CXL_H
#define GPALD_CORE_CXL_H

#include "core/checked.h"

#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GPALD_CXL_GRANULARITY_MIN 256 /* bytes */
#define GPALD_CXL_GRANULARITY_MAX 16384

/* Returns true if CXL can interleave over this many targets: 1, 2, 3, 4, 6, 8, 12 or 16. */
static inline bool gpald_cxl_allows_ways(size_t targets)
{
	return targets >= 1 && targets <= GPAL_CXL_TARGETS_MAX &&
	       (gpald_is_power_of_two(targets) ||
		(targets % 3 == 0 && gpald_is_power_of_two(targets / 3)));
}

/* Returns true if CXL can interleave in blocks of this size. */
static inline bool gpald_cxl_allows_granularity(uint64_t bytes)
{
	return bytes >= GPALD_CXL_GRANULARITY_MIN && bytes <= GPALD_CXL_GRANULARITY_MAX &&
	       gpald_is_power_of_two(bytes);
}

/* Returns the index of the first target that equals an earlier one; `count` if none does. */
size_t gpald_cxl_find_duplicate_target(const char *const *targets, size_t count);

#endif
