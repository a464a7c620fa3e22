/* SPDX-License-Identifier: MIT */
/*
 * The state of one allocation, from the ranges whose place is given to the finished
 * map. What each phase does with it is in phases.c.
 */
#ifndef GPALD_CORE_PLACEMENT_H
#define GPALD_CORE_PLACEMENT_H

#include "core/alloc_input.h"
#include "core/arena.h"
#include "core/free_space.h"
#include "core/order.h"
#include "core/place.h"
#include "core/trace.h"

#include <assert.h>
#include <gpalayout/allocator.h>

/* A map entry without its tag, which is looked up once, at the end. */
struct gpald_placed {
	enum gpal_kind kind;
	uint32_t index;
	struct gpal_range range;
};

struct gpald_placement {
	struct gpald_arena *arena;
	const struct gpal_alloc_input *input;
	struct gpald_demand_list demands[GPAL_KIND_COUNT]; /* of it */
	struct gpald_kept_list kept;
	uint64_t low_window;            /* size of the first RAM demand, which lies at 0; 0: none */
	struct gpald_trace *trace;      /* NULL: nobody wants to know */
	bool *is_kept[GPAL_KIND_COUNT]; /* for each demand of a kind; NULL where none is */
	uint64_t *kept_ram_end;         /* for each RAM demand that is kept, its highest end */
	struct gpal_error *error;

	struct gpald_free_space free;  /* what the phases so far have left */
	struct gpald_free_space spare; /* where the current phase writes what it leaves */

	struct gpal_map_entry *pinned; /* reserved and fixed ranges, by start */
	size_t pinned_count;

	struct gpald_placed *placed; /* what the phases have placed */
	size_t placed_count;
	size_t placed_capacity;

	/* Room to sort as many items as the longest list has, twice. */
	struct gpald_order *order;
	struct gpald_order *order_scratch;

	uint64_t end_of_ram;
	uint64_t top; /* highest end of all that is not reserved */
};

/* Prepares for an input whose pinned ranges were checked. False: out of memory. */
GPAL_MUST_USE bool gpald_placement_init(struct gpald_placement *p);

/*
 * Sorts the ranges whose place is given by start, refuses overlaps and makes the
 * gaps between them the free space.
 */
GPAL_MUST_USE int gpald_placement_place_given(struct gpald_placement *p);

/* The phases, in their order; errors: GPAL_E_EXHAUSTED, GPAL_E_NO_MEMORY. */
GPAL_MUST_USE int gpald_place_mmio32(struct gpald_placement *p);
GPAL_MUST_USE int gpald_place_ram(struct gpald_placement *p);
GPAL_MUST_USE int gpald_place_mmio64(struct gpald_placement *p);
GPAL_MUST_USE int gpald_place_post_mmio(struct gpald_placement *p);

/*
 * All ranges in ascending order, without reserved ones above the last other one.
 * False: out of memory.
 */
GPAL_MUST_USE bool gpald_placement_finish(struct gpald_placement *p, struct gpal_map *map);

/* For the phases. */

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

/* What the current phase wrote becomes the free space. */
void gpald_placement_commit(struct gpald_placement *p);

/* Whether a demand has its place from a live layout. */
static inline bool gpald_placement_keeps(const struct gpald_placement *p, enum gpal_kind kind,
					 size_t index)
{
	return p->is_kept[kind] && p->is_kept[kind][index];
}

/* Opens the step of a demand, for who is told; NULL: this one is not wanted. */
struct gpald_trace *gpald_placement_trace(struct gpald_placement *p, enum gpal_kind kind,
					  size_t index, struct gpal_range region);

/* Refuses a demand that found no room; always GPAL_E_EXHAUSTED. */
int gpald_placement_exhausted(struct gpald_placement *p, enum gpal_kind kind, size_t index,
			      struct gpald_free_summary summary);

#endif
