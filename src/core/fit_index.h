/* SPDX-License-Identifier: MIT */
/*
 * Finds the highest or lowest free range in which an aligned window fits, in
 * time logarithmic in the number of free ranges, however fragmented they are.
 *
 * An index serves one alignment, inside one region, in one direction. The
 * allocator takes windows by alignment, so it loads the index once for each
 * alignment that occurs and stores what is left back into the list.
 */
#ifndef GPALD_CORE_FIT_INDEX_H
#define GPALD_CORE_FIT_INDEX_H

#include "core/arena.h"
#include "core/free_space.h"

#include <gpalayout/export.h>
#include <gpalayout/range.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gpald_direction {
	GPALD_TOP_DOWN,  /* highest aligned start in the highest range that fits */
	GPALD_BOTTOM_UP, /* lowest aligned start in the lowest range that fits */
};

struct gpald_fit_leaf;

struct gpald_fit_index {
	enum gpald_direction direction;
	struct gpal_range region;
	uint64_t alignment;

	struct gpald_fit_leaf *leaves; /* ascending */
	size_t leaf_count;
	size_t leaf_capacity;

	uint64_t *best; /* a binary heap-shaped tree of maxima over the leaves; root at 1 */
	size_t width;   /* leaves of the tree, a power of two */

	struct gpal_range *dead; /* left over, and useless at this alignment; in no order */
	size_t dead_count;
	size_t dead_capacity;
	struct gpald_order *dead_order; /* room to sort `dead` by start, twice its capacity */
};

/*
 * An index for lists of up to `ranges` ranges, from which up to `windows`
 * windows are taken between a load and a store. False: out of memory.
 */
bool gpald_fit_index_init(struct gpald_fit_index *index, struct gpald_arena *arena,
			  enum gpald_direction direction, struct gpal_range region, size_t ranges,
			  size_t windows);

/* Reads the part of `space` inside the region. */
void gpald_fit_index_load(struct gpald_fit_index *index, const struct gpald_free_space *space,
			  uint64_t alignment);

/* Takes a window of `size` > 0 bytes; false, changing nothing, where none fits. */
GPAL_MUST_USE bool gpald_fit_index_take(struct gpald_fit_index *index, uint64_t size,
					struct gpal_range *window);

/* Writes to the empty list `to` all of `from` outside the region and what is left inside it. */
void gpald_fit_index_store(struct gpald_fit_index *index, const struct gpald_free_space *from,
			   struct gpald_free_space *to);

/* Free bytes in the region now, and the largest window that would still fit. */
struct gpald_free_summary gpald_fit_index_summary(const struct gpald_fit_index *index);

#endif
