/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * Each free range of the region is a leaf; the tree above the leaves holds the
 * largest window that fits in any leaf below a node, alignment included. So a
 * search walks down from the root and never enters a range that is too small.
 *
 * A leaf never has to become two, because a window leaves at most one piece on
 * each side and only one of them can matter at the same alignment:
 *
 *  - Bottom up, the window starts at the first aligned address of the leaf. What
 *    lies before it holds no aligned address: it is dead until a smaller
 *    alignment comes.
 *  - Top down, the window starts at the highest aligned address that leaves room
 *    for it, so the leaf afterwards ends on an aligned address. What lies above
 *    the window is shorter than the alignment. The first time, it may hold one
 *    aligned address: it becomes the leaf's tail. From then on the leaf ends on
 *    an aligned address, and all that further windows leave above them is dead.
 *
 * Dead pieces are merged back into the list when the index is stored.
 */
#include "config.h"

#include "core/fit_index.h"

#include "core/checked.h"
#include "core/order.h"

#include <assert.h>

struct gpald_fit_leaf {
	struct gpal_range body;
	struct gpal_range tail; /* above the body; empty bottom up */
};

static size_t power_of_two_at_least(size_t value)
{
	size_t power = 1;

	while (power < value)
		power *= 2;
	return power;
}

bool gpald_fit_index_init(struct gpald_fit_index *index, struct gpald_arena *arena,
			  enum gpald_direction direction, struct gpal_range region, size_t ranges,
			  size_t windows)
{
	*index = (struct gpald_fit_index){
		.direction = direction,
		.region = region,
		.leaf_capacity = ranges,
		.dead_capacity = 2 * windows,
	};
	index->leaves = gpald_arena_alloc(arena, ranges, sizeof(*index->leaves));
	index->best =
		gpald_arena_alloc(arena, 2 * power_of_two_at_least(ranges), sizeof(*index->best));
	index->dead = gpald_arena_alloc(arena, index->dead_capacity, sizeof(*index->dead));
	index->dead_order =
		gpald_arena_alloc(arena, 2 * index->dead_capacity, sizeof(*index->dead_order));
	return index->leaves && index->best && index->dead && index->dead_order;
}

static uint64_t leaf_best(const struct gpald_fit_index *index, const struct gpald_fit_leaf *leaf)
{
	uint64_t body = gpald_range_usable(leaf->body, index->alignment);
	uint64_t tail = gpald_range_usable(leaf->tail, index->alignment);

	return body > tail ? body : tail;
}

void gpald_fit_index_load(struct gpald_fit_index *index, const struct gpald_free_space *space,
			  uint64_t alignment)
{
	uint64_t *best = index->best;

	index->alignment = alignment;
	index->leaf_count = 0;
	index->dead_count = 0;
	for (size_t i = 0; i < space->count; i++) {
		struct gpal_range inside = gpald_range_clip(space->ranges[i], index->region);

		if (gpal_range_is_empty(inside))
			continue;
		assert(index->leaf_count < index->leaf_capacity);
		index->leaves[index->leaf_count++] = (struct gpald_fit_leaf){ .body = inside };
	}

	index->width = power_of_two_at_least(index->leaf_count);
	best[1] = 0;
	for (size_t i = 0; i < index->width; i++)
		best[index->width + i] =
			i < index->leaf_count ? leaf_best(index, &index->leaves[i]) : 0;
	for (size_t node = index->width - 1; node >= 1; node--)
		best[node] = best[2 * node] > best[2 * node + 1] ? best[2 * node] :
								   best[2 * node + 1];
}

static void bury(struct gpald_fit_index *index, struct gpal_range piece)
{
	if (gpal_range_is_empty(piece))
		return;
	assert(index->dead_count < index->dead_capacity);
	index->dead[index->dead_count++] = piece;
}

static struct gpal_range take_lowest(struct gpald_fit_index *index, struct gpald_fit_leaf *leaf,
				     uint64_t size)
{
	/* The caller has seen that the window fits, so neither line can wrap. */
	uint64_t start = leaf->body.end - gpald_range_usable(leaf->body, index->alignment);
	struct gpal_range window = { start, start + size };

	bury(index, (struct gpal_range){ leaf->body.start, start });
	leaf->body.start = window.end;
	return window;
}

static struct gpal_range take_highest(struct gpald_fit_index *index, struct gpald_fit_leaf *leaf,
				      uint64_t size)
{
	bool from_tail = gpald_range_usable(leaf->tail, index->alignment) >= size;
	struct gpal_range *piece = from_tail ? &leaf->tail : &leaf->body;
	uint64_t start = gpald_align_down(piece->end - size, index->alignment);
	struct gpal_range window = { start, start + size };
	struct gpal_range above = { window.end, piece->end };

	piece->end = start;
	if (from_tail) {
		bury(index, leaf->tail);
		leaf->tail = (struct gpal_range){ 0 };
	}
	if (gpald_range_usable(above, index->alignment) > 0) {
		assert(gpal_range_is_empty(leaf->tail));
		leaf->tail = above;
	} else {
		bury(index, above);
	}
	return window;
}

bool gpald_fit_index_take(struct gpald_fit_index *index, uint64_t size, struct gpal_range *window)
{
	uint64_t *best = index->best;
	struct gpald_fit_leaf *leaf;
	size_t node = 1;

	assert(size > 0);
	if (best[1] < size)
		return false;
	while (node < index->width) {
		size_t left = 2 * node, right = left + 1;

		if (index->direction == GPALD_TOP_DOWN)
			node = best[right] >= size ? right : left;
		else
			node = best[left] >= size ? left : right;
	}
	leaf = &index->leaves[node - index->width];
	*window = index->direction == GPALD_TOP_DOWN ? take_highest(index, leaf, size) :
						       take_lowest(index, leaf, size);

	best[node] = leaf_best(index, leaf);
	for (node /= 2; node >= 1; node /= 2) {
		uint64_t left = best[2 * node], right = best[2 * node + 1];
		uint64_t larger = left > right ? left : right;

		if (best[node] == larger)
			break;
		best[node] = larger;
	}
	return true;
}

/* Orders the dead pieces by start; the result is index->dead_order[i].index. */
static void sort_dead(struct gpald_fit_index *index)
{
	for (size_t i = 0; i < index->dead_count; i++)
		index->dead_order[i] = (struct gpald_order){ index->dead[i].start, (uint32_t)i };
	gpald_order_sort(index->dead_order, index->dead_order + index->dead_capacity,
			 index->dead_count);
}

void gpald_fit_index_store(struct gpald_fit_index *index, const struct gpald_free_space *from,
			   struct gpald_free_space *to)
{
	size_t next_dead = 0, next_from = 0;

	assert(to->count == 0);
	sort_dead(index);

	/* All below the region. */
	for (; next_from < from->count; next_from++) {
		struct gpal_range range = from->ranges[next_from];

		if (range.start >= index->region.start)
			break;
		if (range.end > index->region.start)
			range.end = index->region.start;
		gpald_free_space_append(to, range);
		if (from->ranges[next_from].end > index->region.start)
			break;
	}

	/* Inside it: the leaves and the dead pieces, merged. */
	for (size_t i = 0; i <= index->leaf_count; i++) {
		const struct gpald_fit_leaf *leaf = i < index->leaf_count ? &index->leaves[i] :
									    NULL;
		const struct gpal_range pieces[] = { leaf ? leaf->body : (struct gpal_range){ 0 },
						     leaf ? leaf->tail : (struct gpal_range){ 0 } };

		for (size_t p = 0; p < 2; p++) {
			if (leaf && gpal_range_is_empty(pieces[p]))
				continue;
			for (; next_dead < index->dead_count; next_dead++) {
				size_t d = index->dead_order[next_dead].index;

				if (leaf && index->dead[d].start > pieces[p].start)
					break;
				gpald_free_space_append(to, index->dead[d]);
			}
			gpald_free_space_append(to, pieces[p]);
		}
	}

	/* All above it. */
	for (; next_from < from->count; next_from++) {
		struct gpal_range range = from->ranges[next_from];

		if (range.start < index->region.end)
			range.start = index->region.end;
		gpald_free_space_append(to, range);
	}
}

struct gpald_free_summary gpald_fit_index_summary(const struct gpald_fit_index *index)
{
	struct gpald_free_summary summary = { .largest_fit = index->best[1] };

	for (size_t i = 0; i < index->leaf_count; i++)
		summary.total += gpal_range_size(index->leaves[i].body) +
				 gpal_range_size(index->leaves[i].tail);
	for (size_t i = 0; i < index->dead_count; i++)
		summary.total += gpal_range_size(index->dead[i]);
	return summary;
}
