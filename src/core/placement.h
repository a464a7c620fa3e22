/* SPDX-License-Identifier: MIT */
/*
 * The state of one allocation, from the given ranges to the finished map. The phases are in
 * windows.c and phases.c.
 */
#ifndef GPALD_CORE_PLACEMENT_H
#define GPALD_CORE_PLACEMENT_H

#include "core/alloc_input.h"
#include "core/arena.h"
#include "core/free_space.h"
#include "core/place.h"
#include "core/sort.h"
#include "core/trace.h"

#include <assert.h>
#include <gpalayout/allocator.h>

/* A map entry without its tag, which gpald_placement_finish() adds. */
struct gpald_placed {
	enum gpal_kind kind;
	uint32_t index;
	struct gpal_range range;
};

struct gpald_placement {
	struct gpald_arena *arena;
	const struct gpal_alloc_input *input;
	struct gpald_demand_list demands[GPAL_KIND_COUNT]; /* of the input */
	struct gpald_kept_list kept;
	uint64_t low_ram_window;   /* size of the first RAM demand if it must be at 0; else 0 */
	struct gpald_trace *trace; /* NULL: nothing is recorded */
	bool *is_kept[GPAL_KIND_COUNT]; /* for each demand of a kind; NULL: none is kept */
	uint64_t *kept_ram_end; /* for each RAM demand, the highest end of its kept ranges */
	struct gpal_error *error;

	struct gpald_free_space free; /* free after the phases so far */

	/* The second list, as free_space.h describes it. In post_mmio: free ranges to trace. */
	struct gpald_free_space next_free;

	struct gpal_map_entry *pinned; /* reserved and fixed ranges, by start */
	size_t pinned_count;

	struct gpald_placed *placed; /* first the kept ranges, then those that the phases place */
	size_t placed_count;
	size_t placed_capacity;

	/* Each has room to sort the longest list. */
	struct gpald_sort_item *order;
	struct gpald_sort_item *order_scratch;

	uint64_t end_of_ram;
	uint64_t top; /* highest end of the ranges that are not reserved */
};

/*
 * Prepares the state for an input that gpald_check_pinned() has checked. Returns false if out of
 * memory.
 */
GPAL_MUST_USE bool gpald_placement_init(struct gpald_placement *p);

/*
 * Sorts the reserved, fixed and kept ranges by start, and makes the gaps between them the free
 * space. Returns GPAL_OK, or GPAL_E_OVERLAP if two of them overlap.
 */
GPAL_MUST_USE int gpald_placement_place_given(struct gpald_placement *p);

/*
 * The phases, in their order. Each returns GPAL_OK, or GPAL_E_EXHAUSTED if a demand does not fit.
 * Those of mmio32 and mmio64 may also return GPAL_E_NO_MEMORY.
 */
GPAL_MUST_USE int gpald_place_mmio32(struct gpald_placement *p);
GPAL_MUST_USE int gpald_place_ram(struct gpald_placement *p);
GPAL_MUST_USE int gpald_place_mmio64(struct gpald_placement *p);
GPAL_MUST_USE int gpald_place_post_mmio(struct gpald_placement *p);

/*
 * Fills in the map: all ranges in ascending order, without reserved ones above the last range of
 * another kind. Returns false if out of memory.
 */
GPAL_MUST_USE bool gpald_placement_finish(struct gpald_placement *p, struct gpal_map *map);

/* For the phases. */

/* Records a range that was placed. */
static inline void gpald_placement_record(struct gpald_placement *p, enum gpal_kind kind,
					  size_t index, struct gpal_range range)
{
	assert(p->placed_count < p->placed_capacity);
	p->placed[p->placed_count++] = (struct gpald_placed){ kind, (uint32_t)index, range };
	if (range.end > p->top)
		p->top = range.end;
	if (kind == GPAL_KIND_RAM && range.end > p->end_of_ram)
		p->end_of_ram = range.end;
}

/*
 * Ends a phase that has filled `next_free`: that list becomes the free space. A phase that changes
 * `free` in place must not call this.
 */
void gpald_placement_use_next_free(struct gpald_placement *p);

/* Returns true if a demand keeps its range from a live layout. */
static inline bool gpald_placement_keeps(const struct gpald_placement *p, enum gpal_kind kind,
					 size_t index)
{
	return p->is_kept[kind] && p->is_kept[kind][index];
}

/* Opens the step of a demand; p->trace must not be NULL. Returns the trace; NULL: not recorded. */
struct gpald_trace *gpald_placement_open_step(struct gpald_placement *p, enum gpal_kind kind,
					      size_t index, struct gpal_range region);

/* Fills in the error for a demand that does not fit. Always returns GPAL_E_EXHAUSTED. */
int gpald_placement_fail_exhausted(struct gpald_placement *p, enum gpal_kind kind, size_t index,
				   struct gpald_free_summary summary);

#endif
