/* SPDX-License-Identifier: MIT */
/*
 * The free part of the address space, as a sorted list of ranges, no two of which touch.
 * gpald_place_ram() and place_indexed() append the ranges that stay free to a second list.
 * gpald_place_post_mmio() and place_by_size() change the list in place.
 */
#ifndef GPALD_CORE_FREE_SPACE_H
#define GPALD_CORE_FREE_SPACE_H

#include "core/arena.h"
#include "core/checked.h"

#include <assert.h>
#include <gpalayout/range.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gpald_free_space {
	struct gpal_range *ranges;
	size_t count;
	size_t capacity;
};

/* Initialises an empty list with room for `capacity` ranges. Returns false if out of memory. */
static inline bool gpald_free_space_init(struct gpald_free_space *space, struct gpald_arena *arena,
					 size_t capacity)
{
	space->ranges = gpald_arena_alloc(arena, capacity, sizeof(*space->ranges));
	space->count = 0;
	space->capacity = capacity;
	return space->ranges != NULL;
}

/*
 * Appends a range, or extends the last one if they touch. It ignores an empty range. The range
 * must not start below the end of the last one. The function is inline because it takes most of
 * the time if the free space is fragmented. frama-c proves the following contract (`make prove`).
 */
/*@ requires \valid(space) && space->count < space->capacity;
    requires \valid(space->ranges + (0 .. space->capacity - 1));
    requires \separated(space, space->ranges + (0 .. space->capacity - 1));
    requires space->count > 0 ==> space->ranges[space->count - 1].end <= range.start;
    assigns space->count, space->ranges[0 .. space->count];
    behavior empty:
      assumes range.start >= range.end;
      assigns \nothing;
    behavior joined:
      assumes range.start < range.end && space->count > 0;
      assumes space->ranges[space->count - 1].end == range.start;
      assigns space->ranges[space->count - 1].end;
      ensures space->ranges[space->count - 1].end == range.end;
    behavior added:
      assumes range.start < range.end;
      assumes space->count == 0 || space->ranges[space->count - 1].end < range.start;
      assigns space->count, space->ranges[space->count];
      ensures space->count == \old(space->count) + 1;
      ensures space->ranges[\old(space->count)].start == range.start;
      ensures space->ranges[\old(space->count)].end == range.end;
    complete behaviors;
    disjoint behaviors; */
static inline void gpald_free_space_append(struct gpald_free_space *space, struct gpal_range range)
{
	if (gpal_range_is_empty(range))
		return;
	if (space->count > 0) {
		struct gpal_range *last = &space->ranges[space->count - 1];

		assert(last->end <= range.start);
		if (last->end == range.start) {
			last->end = range.end;
			return;
		}
	}
	assert(space->count < space->capacity);
	space->ranges[space->count++] = range;
}

/*
 * Returns the part of `range` inside `region`; may be empty. frama-c proves the contract
 * (`make prove`).
 */
/*@ assigns \nothing;
    ensures \forall integer a; \result.start <= a < \result.end <==>
      (\old(range.start) <= a < \old(range.end) && region.start <= a < region.end); */
static inline struct gpal_range gpald_range_clip(struct gpal_range range, struct gpal_range region)
{
	if (range.start < region.start)
		range.start = region.start;
	if (range.end > region.end)
		range.end = region.end;
	return range;
}

/* Returns the size of the largest range with an aligned start inside `range`; 0: none fits. */
static inline uint64_t gpald_range_usable(struct gpal_range range, uint64_t alignment)
{
	uint64_t start;

	if (!gpald_align_up(range.start, alignment, &start) || start >= range.end)
		return 0;
	return range.end - start;
}

/* The free bytes of a region, and the largest range of an alignment that fits there. */
struct gpald_free_summary {
	uint64_t total;
	uint64_t largest_fit;
	struct gpal_range fit_in; /* the free range of largest_fit */
};

/* Adds a free range to a summary. */
void gpald_free_summary_add(struct gpald_free_summary *summary, struct gpal_range free,
			    uint64_t alignment);

/* Returns the summary of the part of a list inside a region. */
struct gpald_free_summary gpald_free_space_summary(const struct gpald_free_space *space,
						   struct gpal_range region, uint64_t alignment);

#endif
