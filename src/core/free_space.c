/* SPDX-License-Identifier: MIT */
/*
 * The list itself and the questions every phase asks of it. Searching for a
 * window is in fit_index.c.
 */
#include "config.h"

#include "core/free_space.h"

#include "core/checked.h"

#include <assert.h>

bool gpald_free_space_init(struct gpald_free_space *space, struct gpald_arena *arena,
			   size_t capacity)
{
	space->ranges = gpald_arena_alloc(arena, capacity, sizeof(*space->ranges));
	space->count = 0;
	space->capacity = capacity;
	return space->ranges != NULL;
}

void gpald_free_space_append(struct gpald_free_space *space, struct gpal_range range)
{
	struct gpal_range *last = space->count ? &space->ranges[space->count - 1] : NULL;

	if (gpal_range_is_empty(range))
		return;
	assert(!last || last->end <= range.start);
	if (last && last->end == range.start) {
		last->end = range.end;
		return;
	}
	assert(space->count < space->capacity);
	space->ranges[space->count++] = range;
}

struct gpal_range gpald_range_clip(struct gpal_range range, struct gpal_range region)
{
	if (range.start < region.start)
		range.start = region.start;
	if (range.end > region.end)
		range.end = region.end;
	return range;
}

uint64_t gpald_range_usable(struct gpal_range range, uint64_t alignment)
{
	uint64_t start;

	if (!gpald_align_up(range.start, alignment, &start) || start >= range.end)
		return 0;
	return range.end - start;
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
