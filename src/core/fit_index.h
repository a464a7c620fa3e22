/* SPDX-License-Identifier: MIT */
/*
 * An index that finds the highest or lowest free range in which an aligned window fits. A search
 * takes time logarithmic in the number of free ranges, even if they are badly fragmented. Each new
 * alignment takes time linear in it.
 *
 * The index takes over the free space of one region, for one direction. The caller takes windows
 * from it, from the largest alignment to the smallest, as the rules of the allocator demand. Then
 * the remaining free space is written to a list.
 */
#ifndef GPALD_CORE_FIT_INDEX_H
#define GPALD_CORE_FIT_INDEX_H

#include "core/arena.h"
#include "core/free_space.h"
#include "core/sort.h"
#include "core/trace.h"

#include <gpalayout/export.h>
#include <gpalayout/range.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gpald_direction {
	GPALD_TOP_DOWN,  /* the highest aligned start in the highest range that fits */
	GPALD_BOTTOM_UP, /* the lowest aligned start in the lowest range that fits */
};

struct gpald_fit_index {
	enum gpald_direction direction;
	struct gpal_range region;
	uint64_t alignment; /* of the windows that are taken now; 0: not set yet */

	/* The list from which the index was made. */
	const struct gpald_free_space *space;
	size_t first_above;          /* index of the first range above the region */
	size_t below_count;          /* number of ranges below the region */
	struct gpal_range cut_above; /* the part of a range that the end of the region cut off */

	struct gpald_free_space leaves; /* the free ranges, without tails and dead pieces */
	struct gpal_range *tails;       /* one for each leaf; NULL if the direction is bottom up */

	uint64_t *best; /* maxima of blocks of leaves, as a heap: the root is at 1 */
	size_t width;   /* number of blocks at the bottom of the tree, a power of two */

	struct gpal_range *dead; /* pieces that no window fits in at this alignment; unsorted */
	size_t dead_count;
	size_t dead_capacity;
	struct gpald_sort_item *dead_order; /* to sort `dead` by start; twice its capacity */
	struct gpald_free_space merged[2];  /* to merge leaves, tails and dead pieces */
	bool merged_index;                  /* index of the list in `merged` that was used last */
};

/*
 * Initialises an index for the part of `space` inside the region. The index changes `space` and
 * uses it until gpald_fit_index_finish(). At most `windows` windows can be taken. Returns false if
 * out of memory.
 */
bool gpald_fit_index_init(struct gpald_fit_index *index, struct gpald_arena *arena,
			  enum gpald_direction direction, struct gpal_range region,
			  struct gpald_free_space *space, size_t windows);

/* Prepares the index for windows of this alignment, which must be smaller than the last one. */
void gpald_fit_index_set_alignment(struct gpald_fit_index *index, uint64_t alignment);

/*
 * Takes a window of `size` > 0 bytes. Returns false, and changes nothing, if it does not fit.
 */
GPAL_MUST_USE bool gpald_fit_index_take(struct gpald_fit_index *index, uint64_t size,
					struct gpal_range *window);

/* Does the same, and records in the trace the free ranges that it passed and the one it chose. */
GPAL_MUST_USE bool gpald_fit_index_take_traced(struct gpald_fit_index *index, uint64_t size,
					       struct gpal_range *window,
					       struct gpald_trace *trace);

/*
 * Writes the free ranges from the start of the region upwards to the empty list `to`. If
 * `with_below` is set, it also writes those below the region. Later phases use these only for the
 * trace.
 */
void gpald_fit_index_finish(struct gpald_fit_index *index, bool with_below,
			    struct gpald_free_space *to);

/* Returns the free bytes of the region now, and the largest window that still fits. */
struct gpald_free_summary gpald_fit_index_summary(const struct gpald_fit_index *index);

#endif
