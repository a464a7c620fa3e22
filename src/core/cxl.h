/* SPDX-License-Identifier: MIT */
/* What CXL 3.0 allows of windows that are interleaved over several host bridges. */
#ifndef GPALD_CORE_CXL_H
#define GPALD_CORE_CXL_H

#include "core/checked.h"

#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GPALD_CXL_GRANULARITY_MIN 256 /* bytes */
#define GPALD_CXL_GRANULARITY_MAX 16384

/* Whether there is interleaving over so many targets: 1, 2, 3, 4, 6, 8, 12 or 16. */
static inline bool gpald_cxl_has_ways(size_t targets)
{
	return targets >= 1 && targets <= GPAL_CXL_TARGETS_MAX &&
	       (gpald_is_power_of_two(targets) ||
		(targets % 3 == 0 && gpald_is_power_of_two(targets / 3)));
}

static inline bool gpald_cxl_has_granularity(uint64_t bytes)
{
	return bytes >= GPALD_CXL_GRANULARITY_MIN && bytes <= GPALD_CXL_GRANULARITY_MAX &&
	       gpald_is_power_of_two(bytes);
}

/* The first target that an earlier one is, too; `count` if there is none. */
size_t gpald_cxl_find_twice(const char *const *targets, size_t count);

#endif
