/* SPDX-License-Identifier: MIT */
/* Making lists and summing them up. Searching for a window is in fit_index.c. */
#include "config.h"

#include "core/free_space.h"

bool gpald_free_space_init(struct gpald_free_space *space, struct gpald_arena *arena,
			   size_t capacity)
{
	space->ranges = gpald_arena_alloc(arena, capacity, sizeof(*space->ranges));
	space->count = 0;
	space->capacity = capacity;
	return space->ranges != NULL;
}

struct gpald_free_summary gpald_free_space_summary(const struct gpald_free_space *space,
						   struct gpal_range region, uint64_t alignment)
{
	struct gpald_free_summary summary = { 0 };

	for (size_t i = 0; i < space->count; i++) {
		struct gpal_range range = gpald_range_clip(space->ranges[i], region);
		uint64_t usable = gpald_range_usable(range, alignment);

		/* The ranges are disjoint, so the sum is at most the address space. */
		summary.total += gpal_range_size(range);
		if (usable > summary.largest_fit)
			summary.largest_fit = usable;
	}
	return summary;
}
