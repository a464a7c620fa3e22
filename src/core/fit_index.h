/* SPDX-License-Identifier: MIT */
/*
 * Finds the highest or lowest free range in which an aligned window fits, in
 * time logarithmic in the number of free ranges, however fragmented they are.
 *
 * An index takes over the free space of one region, for one direction. Windows
 * are taken from it alignment by alignment, coarsest first, as the allocator's
 * rules have it; then what is left goes back into the list.
 */
#ifndef GPALD_CORE_FIT_INDEX_H
#define GPALD_CORE_FIT_INDEX_H

#include "core/arena.h"
#include "core/free_space.h"
#include "core/order.h"
#include "core/trace.h"

#include <gpalayout/export.h>
#include <gpalayout/range.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gpald_direction {
	GPALD_TOP_DOWN,  /* highest aligned start in the highest range that fits */
	GPALD_BOTTOM_UP, /* lowest aligned start in the lowest range that fits */
};

struct gpald_fit_index {
	enum gpald_direction direction;
	struct gpal_range region;
	uint64_t alignment; /* 0: none yet */

	/* The list it was made from: the ranges from `above` on, and what the region's end cut off. */
	const struct gpald_free_space *space;
	size_t above;
	size_t below; /* of its ranges, so many are below the region */
	struct gpal_range cut_above;

	struct gpald_free_space leaves; /* the free ranges, but for tails and dead pieces */
	struct gpal_range *tails;       /* beside the leaves; NULL bottom up */

	uint64_t *best; /* a heap-shaped tree of maxima over blocks of leaves; root at 1 */
	size_t width;   /* blocks at the bottom of the tree, a power of two */

	struct gpal_range *dead; /* left over, and useless at this alignment; in no order */
	size_t dead_count;
	size_t dead_capacity;
	struct gpald_order *dead_order;    /* room to sort `dead` by start, twice its capacity */
	struct gpald_free_space merged[2]; /* room to put leaves, tails and dead together */
	bool merged_into;                  /* which of them was used last */
};

/*
 * Takes over the part of `space` inside the region, which it works on in place and
 * refers to until it is finished. Up to `windows` windows can be taken. False: out
 * of memory.
 */
bool gpald_fit_index_init(struct gpald_fit_index *index, struct gpald_arena *arena,
			  enum gpald_direction direction, struct gpal_range region,
			  struct gpald_free_space *space, size_t windows);

/* Prepares for windows of that alignment. */
void gpald_fit_index_align(struct gpald_fit_index *index, uint64_t alignment);

/* Takes a window of `size` > 0 bytes; false, changing nothing, where none fits. */
GPAL_MUST_USE bool gpald_fit_index_take(struct gpald_fit_index *index, uint64_t size,
					struct gpal_range *window);

/* The same, telling of the free ranges on the way and of the choice. */
GPAL_MUST_USE bool gpald_fit_index_take_and_tell(struct gpald_fit_index *index, uint64_t size,
						 struct gpal_range *window,
						 struct gpald_trace *trace);

/*
 * Writes all that is free from the start of the region upwards to the empty list
 * `to`. What lies below it is not wanted again, because the later phases go up; it
 * is written as well if somebody is to be told of it.
 */
void gpald_fit_index_finish(struct gpald_fit_index *index, bool with_below,
			    struct gpald_free_space *to);

/* Free bytes in the region now, and the largest window that would still fit. */
struct gpald_free_summary gpald_fit_index_summary(const struct gpald_fit_index *index);

#endif
