/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * Each free range of the region is a leaf. Leaves are grouped into blocks. In a tree above the
 * blocks, each node has the size of the largest aligned window that fits in a leaf below it. So a
 * search walks down from the root and never enters a block in which nothing fits.
 *
 * A leaf is never split. A window in a leaf leaves at most one piece on each side. One stays the
 * leaf, and the other is dead or becomes the tail of the leaf:
 *
 *  - Bottom up, the window starts at the first aligned address of the leaf. The piece below it
 *    has no aligned address, so it is dead: unusable until the alignment becomes smaller.
 *  - Top down, the window starts at the highest aligned address at which it fits, so the leaf then
 *    ends on an aligned address. The piece above the window is shorter than the alignment. The
 *    piece above the first window may have one aligned address; then it becomes the tail of the
 *    leaf. The pieces above later windows have none, because the leaf ended on an aligned address.
 *    They are dead.
 *
 * Before the next alignment, dead pieces and tails are merged with the leaves.
 */
#include "config.h"

#include "core/fit_index.h"

#include "core/checked.h"

#include <assert.h>
#include <string.h>

/* Leaves in a block: enough to keep the tree in cache, few enough to search one by one. */
#define BLOCK ((size_t)4)

static size_t blocks_of(size_t leaves)
{
	size_t blocks = 1;

	while (blocks * BLOCK < leaves)
		blocks *= 2;
	return blocks;
}

/* Takes the ranges inside the region, and cuts off the parts outside. */
static void take_over_free_space(struct gpald_fit_index *index, struct gpald_free_space *space,
				 struct gpal_range region)
{
	struct gpal_range *ranges = space->ranges;
	size_t first = 0, last;

	while (first < space->count && ranges[first].end <= region.start)
		first++;
	for (last = first; last < space->count && ranges[last].start < region.end; last++)
		;
	index->space = space;
	index->first_above = last;
	index->below_count = first;
	if (first == last)
		return;
	index->cut_above =
		gpald_range_clip(ranges[last - 1], (struct gpal_range){ region.end, UINT64_MAX });
	ranges[first] = gpald_range_clip(ranges[first], region);
	ranges[last - 1] = gpald_range_clip(ranges[last - 1], region);
	index->leaves = (struct gpald_free_space){ ranges + first, last - first, last - first };
}

bool gpald_fit_index_init(struct gpald_fit_index *index, struct gpald_arena *arena,
			  enum gpald_direction direction, struct gpal_range region,
			  struct gpald_free_space *space, size_t windows)
{
	size_t leaves;

	*index = (struct gpald_fit_index){ .direction = direction,
					   .region = region,
					   .dead_capacity = 2 * windows };
	take_over_free_space(index, space, region);

	/* Each window adds at most one free range. */
	leaves = index->leaves.count + windows;
	if (direction == GPALD_TOP_DOWN) {
		index->tails = gpald_arena_alloc(arena, leaves, sizeof(*index->tails));
		if (!index->tails)
			return false;
	}
	index->best = gpald_arena_alloc(arena, 2 * blocks_of(leaves), sizeof(*index->best));
	index->dead = gpald_arena_alloc(arena, index->dead_capacity, sizeof(*index->dead));
	index->dead_order =
		gpald_arena_alloc(arena, 2 * index->dead_capacity, sizeof(*index->dead_order));
	return index->best && index->dead && index->dead_order &&
	       gpald_free_space_init(&index->merged[0], arena, leaves) &&
	       gpald_free_space_init(&index->merged[1], arena, leaves);
}

/* Returns the size of the largest window that fits in a leaf or its tail. */
static uint64_t leaf_best(const struct gpald_fit_index *index, size_t leaf)
{
	uint64_t best = gpald_range_usable(index->leaves.ranges[leaf], index->alignment);

	if (index->tails) {
		uint64_t tail = gpald_range_usable(index->tails[leaf], index->alignment);

		if (tail > best)
			best = tail;
	}
	return best;
}

static uint64_t block_best(const struct gpald_fit_index *index, size_t block)
{
	const size_t first = block * BLOCK;
	uint64_t best = 0;

	for (size_t leaf = first; leaf < first + BLOCK && leaf < index->leaves.count; leaf++) {
		uint64_t usable = leaf_best(index, leaf);

		if (usable > best)
			best = usable;
	}
	return best;
}

/* Merging. */

static void add_dead(struct gpald_fit_index *index, struct gpal_range piece)
{
	if (gpal_range_is_empty(piece))
		return;
	assert(index->dead_count < index->dead_capacity);
	index->dead[index->dead_count++] = piece;
}

/* Appends the dead pieces that start below `limit`, from *next on, in order. */
static void append_dead(const struct gpald_fit_index *index, struct gpald_free_space *to,
			size_t *next, uint64_t limit)
{
	for (; *next < index->dead_count; (*next)++) {
		const struct gpal_range piece = index->dead[index->dead_order[*next].index];

		if (piece.start >= limit)
			break;
		gpald_free_space_append(to, piece);
	}
}

/* Appends leaves, tails and dead pieces, in order. */
static void merge_into_free_space(struct gpald_fit_index *index, struct gpald_free_space *to)
{
	const struct gpald_free_space leaves = index->leaves;
	struct gpald_free_space merged = *to; /* a local copy stays in registers */
	size_t next_dead = 0;

	for (size_t i = 0; i < index->dead_count; i++)
		index->dead_order[i] =
			(struct gpald_sort_item){ index->dead[i].start, (uint32_t)i };
	gpald_sort_items(index->dead_order, index->dead_order + index->dead_capacity,
			 index->dead_count);
	for (size_t i = 0; i < leaves.count; i++) {
		append_dead(index, &merged, &next_dead, leaves.ranges[i].start);
		gpald_free_space_append(&merged, leaves.ranges[i]);
		if (index->tails && !gpal_range_is_empty(index->tails[i])) {
			append_dead(index, &merged, &next_dead, index->tails[i].start);
			gpald_free_space_append(&merged, index->tails[i]);
		}
	}
	append_dead(index, &merged, &next_dead, UINT64_MAX);
	index->dead_count = 0;
	*to = merged;
}

void gpald_fit_index_set_alignment(struct gpald_fit_index *index, uint64_t alignment)
{
	uint64_t *best = index->best;

	if (index->alignment != 0) {
		struct gpald_free_space *merged = &index->merged[!index->merged_index];

		merged->count = 0;
		merge_into_free_space(index, merged);
		index->leaves = *merged;
		index->merged_index = !index->merged_index;
	}
	index->alignment = alignment;
	if (index->tails)
		memset(index->tails, 0, index->leaves.count * sizeof(*index->tails));
	index->width = blocks_of(index->leaves.count);
	for (size_t block = 0; block < index->width; block++)
		best[index->width + block] = block_best(index, block);
	for (size_t node = index->width - 1; node >= 1; node--)
		best[node] = best[2 * node] > best[2 * node + 1] ? best[2 * node] :
								   best[2 * node + 1];
}

/* Taking. */

static struct gpal_range take_lowest(struct gpald_fit_index *index, size_t leaf, uint64_t size)
{
	struct gpal_range *body = &index->leaves.ranges[leaf];
	/* The caller has checked that the window fits, so neither line can wrap. */
	uint64_t start = body->end - gpald_range_usable(*body, index->alignment);
	struct gpal_range window = { start, start + size };

	add_dead(index, (struct gpal_range){ body->start, start });
	body->start = window.end;
	return window;
}

static struct gpal_range take_highest(struct gpald_fit_index *index, size_t leaf, uint64_t size)
{
	struct gpal_range *tail = &index->tails[leaf];
	bool from_tail = gpald_range_usable(*tail, index->alignment) >= size;
	struct gpal_range *piece = from_tail ? tail : &index->leaves.ranges[leaf];
	uint64_t start = gpald_align_down(piece->end - size, index->alignment);
	struct gpal_range window = { start, start + size };
	struct gpal_range above = { window.end, piece->end };

	piece->end = start;
	if (from_tail) {
		add_dead(index, *tail);
		*tail = (struct gpal_range){ 0 };
	}
	if (gpald_range_usable(above, index->alignment) > 0) {
		assert(gpal_range_is_empty(*tail));
		*tail = above;
	} else {
		add_dead(index, above);
	}
	return window;
}

/* Returns the block with the highest or lowest fit, which must exist. */
static inline size_t find_block(const struct gpald_fit_index *index, uint64_t size)
{
	size_t node = 1;

	while (node < index->width) {
		size_t left = 2 * node, right = left + 1;

		if (index->direction == GPALD_TOP_DOWN)
			node = index->best[right] >= size ? right : left;
		else
			node = index->best[left] >= size ? left : right;
	}
	return node - index->width;
}

/* Returns the leaf of the block with the highest or lowest fit, which must exist. */
static inline size_t find_leaf(const struct gpald_fit_index *index, size_t block, uint64_t size)
{
	size_t leaf = block * BLOCK;

	if (index->direction == GPALD_BOTTOM_UP) {
		while (leaf_best(index, leaf) < size)
			leaf++;
		return leaf;
	}
	leaf = leaf + BLOCK < index->leaves.count ? leaf + BLOCK - 1 : index->leaves.count - 1;
	while (leaf_best(index, leaf) < size)
		leaf--;
	return leaf;
}

/* Records why the search passed a free range, if it lies before the chosen one. */
static void trace_passed_piece(const struct gpald_fit_index *index, struct gpal_range free,
			       struct gpal_range choice, uint64_t size, struct gpald_trace *trace)
{
	if (index->direction == GPALD_TOP_DOWN ? free.start > choice.start :
						 free.start < choice.start)
		gpald_trace_record_passed(trace, free, size, index->alignment);
}

/*
 * Records all free ranges on the way to a leaf. Returns the free range from which the window is
 * taken. If a free range crosses the floor, its part below is not recorded. In a layout no free
 * range does, because chipset low MMIO ends at 4 GiB.
 */
static struct gpal_range trace_fit(const struct gpald_fit_index *index, size_t leaf, uint64_t size,
				   struct gpald_trace *trace)
{
	const struct gpald_free_space *leaves = &index->leaves;
	const bool down = index->direction == GPALD_TOP_DOWN;
	const bool in_tail = down &&
			     gpald_range_usable(index->tails[leaf], index->alignment) >= size;
	const struct gpal_range choice = in_tail ? index->tails[leaf] : leaves->ranges[leaf];

	for (size_t i = 0; !down && i < index->below_count && !gpald_trace_is_full(trace); i++)
		gpald_trace_record_below(trace, index->space->ranges[i]);
	/*
	 * Leaves and tails are recorded in the order of the search, and dead pieces after them. So
	 * a list that is cut may also lack dead pieces before its end.
	 */
	for (size_t n = 0; n < (down ? leaves->count - leaf : leaf) && !gpald_trace_is_full(trace);
	     n++) {
		const size_t at = down ? leaves->count - 1 - n : n;

		if (down)
			trace_passed_piece(index, index->tails[at], choice, size, trace);
		trace_passed_piece(index, leaves->ranges[at], choice, size, trace);
	}
	for (size_t i = 0; i < index->dead_count && !gpald_trace_is_full(trace); i++)
		trace_passed_piece(index, index->dead[i], choice, size, trace);
	return choice;
}

/* The function is inlined into both callers, so that the one without a trace has no test for it. */
static inline __attribute__((always_inline)) bool take_fit(struct gpald_fit_index *index,
							   uint64_t size, struct gpal_range *window,
							   struct gpald_trace *trace)
{
	uint64_t *best = index->best;
	struct gpal_range choice;
	size_t block, leaf, node;

	assert(size > 0);
	if (best[1] < size)
		return false;
	block = find_block(index, size);
	leaf = find_leaf(index, block, size);
	if (trace)
		choice = trace_fit(index, leaf, size, trace);
	*window = index->direction == GPALD_TOP_DOWN ? take_highest(index, leaf, size) :
						       take_lowest(index, leaf, size);
	if (trace)
		gpald_trace_record_chosen(trace, *window, choice,
					  index->direction == GPALD_TOP_DOWN ?
						  choice.end - window->end :
						  window->start - choice.start);

	node = index->width + block;
	best[node] = block_best(index, block);
	for (node /= 2; node >= 1; node /= 2) {
		uint64_t left = best[2 * node], right = best[2 * node + 1];
		uint64_t larger = left > right ? left : right;

		if (best[node] == larger)
			break;
		best[node] = larger;
	}
	return true;
}

bool gpald_fit_index_take(struct gpald_fit_index *index, uint64_t size, struct gpal_range *window)
{
	return take_fit(index, size, window, NULL);
}

bool gpald_fit_index_take_traced(struct gpald_fit_index *index, uint64_t size,
				 struct gpal_range *window, struct gpald_trace *trace)
{
	return take_fit(index, size, window, trace);
}

void gpald_fit_index_finish(struct gpald_fit_index *index, bool with_below,
			    struct gpald_free_space *to)
{
	const struct gpald_free_space *space = index->space;

	assert(to->count == 0);
	for (size_t i = 0; with_below && i < index->below_count; i++)
		gpald_free_space_append(to, space->ranges[i]);
	merge_into_free_space(index, to);
	gpald_free_space_append(to, index->cut_above);
	for (size_t i = index->first_above; i < space->count; i++)
		gpald_free_space_append(to, space->ranges[i]);
}

struct gpald_free_summary gpald_fit_index_summary(const struct gpald_fit_index *index)
{
	struct gpald_free_summary summary = { 0 };

	for (size_t i = 0; i < index->leaves.count; i++) {
		gpald_free_summary_add(&summary, index->leaves.ranges[i], index->alignment);
		if (index->tails)
			gpald_free_summary_add(&summary, index->tails[i], index->alignment);
	}
	for (size_t i = 0; i < index->dead_count; i++)
		gpald_free_summary_add(&summary, index->dead[i], index->alignment);
	assert(summary.largest_fit == index->best[1]);
	return summary;
}
