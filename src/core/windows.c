/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * A window here is any range of the kinds mmio32 and mmio64. Windows are placed by descending
 * alignment, and for each alignment by descending size. If a window has the same size as the one
 * before it, its search continues where that one was placed, because free ranges that were too
 * small for one are too small for the other. So one pass over the free ranges places all windows of
 * a size, and each free range takes as many as fit at once.
 *
 * This is fastest for common VMs, whose free space is in a few pieces and whose windows have a few
 * sizes. If there are many pieces or sizes, an index (fit_index.c) is faster. It takes time to set
 * up, but then the search for a window skips free ranges that are too small, and no list is moved
 * when a window splits a free range.
 */
#include "config.h"

#include "core/placement.h"

#include "core/checked.h"
#include "core/error.h"
#include "core/fit_index.h"

#include <string.h>

/*
 * The key that sorts windows by descending alignment and then by descending size. An alignment is a
 * power of two and a size a multiple of 4096, so 6 and 52 bits hold them, and both can be computed
 * from the key.
 */
#define SIZE_BITS 52
#define SIZE_MASK ((UINT64_C(1) << SIZE_BITS) - 1)

static uint64_t window_key(const struct gpal_demand *demand)
{
	const uint64_t alignment_bits = (uint64_t)__builtin_ctzll(demand->alignment);

	return (63 - alignment_bits) << SIZE_BITS | (SIZE_MASK - demand->size / GPAL_PAGE_SIZE);
}

static uint64_t key_alignment(uint64_t key)
{
	return UINT64_C(1) << (63 - (key >> SIZE_BITS));
}

static uint64_t key_size(uint64_t key)
{
	return (SIZE_MASK - (key & SIZE_MASK)) * GPAL_PAGE_SIZE;
}

struct search {
	struct gpald_placement *p;
	enum gpal_kind kind;
	enum gpald_direction direction;
	struct gpal_range region;
	size_t first, last; /* the free ranges [first, last) overlap the region */
};

static void search_init(struct search *s)
{
	const struct gpald_free_space *free = &s->p->free;

	while (s->first < free->count && free->ranges[s->first].end <= s->region.start)
		s->first++;
	for (s->last = free->count;
	     s->last > s->first && free->ranges[s->last - 1].start >= s->region.end; s->last--)
		;
}

/* Windows of one size in one free range, which start `stride` bytes apart. */
struct taken {
	uint64_t size;
	uint64_t stride;
	uint64_t lowest;  /* start of the lowest window */
	uint64_t highest; /* start of the highest */
	size_t count;
};

/* Replaces a free range by the parts that windows leave free. Returns the number of parts. */
static size_t cut_out(struct search *s, size_t at, const struct taken *taken)
{
	struct gpald_free_space *free = &s->p->free;
	struct gpal_range *range = &free->ranges[at];
	const struct gpal_range above = { taken->highest + taken->size, range->end };
	const bool has_below = range->start < taken->lowest;
	const bool has_above = above.start < above.end;
	const size_t between = taken->stride > taken->size ? taken->count - 1 : 0;
	const size_t pieces = has_below + between + has_above;

	if (pieces != 1) {
		assert(free->count + pieces - 1 <= free->capacity);
		memmove(range + pieces, range + 1, (free->count - at - 1) * sizeof(*range));
		free->count += pieces - 1;
		s->last += pieces - 1;
	}
	if (has_below) {
		range->end = taken->lowest;
		range++;
	}
	for (size_t i = 0; i < between; i++) {
		const uint64_t start = taken->lowest + i * taken->stride;

		*range++ = (struct gpal_range){ start + taken->size, start + taken->stride };
	}
	if (has_above)
		*range = above;
	return pieces;
}

/* Takes up to `count` windows from a free range in which at least one fits. */
static struct taken take_run(const struct search *s, struct gpal_range free, uint64_t usable,
			     uint64_t size, uint64_t alignment, size_t count)
{
	const bool down = s->direction == GPALD_TOP_DOWN;
	/* Only the stride can wrap, because one window fits; if it wraps, no other fits. */
	uint64_t start = down ? gpald_align_down(free.end - size, alignment) : free.end - usable;
	uint64_t stride = 0;
	size_t most = 1;

	if (count > 1 && gpald_align_up(size, alignment, &stride))
		most = 1 + (down ? start - free.start : usable - size) / stride;
	if (most > count)
		most = count;
	if (down)
		start -= (most - 1) * stride;
	return (struct taken){
		.size = size,
		.stride = stride,
		.lowest = start,
		.highest = start + (most - 1) * stride,
		.count = most,
	};
}

static void record_taken(struct search *s, const struct gpald_sort_item *items,
			 const struct taken *taken)
{
	const bool down = s->direction == GPALD_TOP_DOWN;

	for (size_t i = 0; i < taken->count; i++) {
		const uint64_t start = down ? taken->highest - i * taken->stride :
					      taken->lowest + i * taken->stride;

		gpald_placement_record(s->p, s->kind, items[i].index,
				       (struct gpal_range){ start, start + taken->size });
	}
}

static void trace_run_choice(const struct search *s, struct gpald_trace *trace,
			     const struct taken *taken, struct gpal_range free)
{
	const struct gpal_range window = { taken->lowest, taken->lowest + taken->size };
	const bool down = s->direction == GPALD_TOP_DOWN;

	gpald_trace_record_chosen(trace, window, free,
				  down ? free.end - window.end : window.start - free.start);
	gpald_trace_close_step(trace, down);
}

/* Places windows of the same size and alignment in one pass. */
static int place_same_size(struct search *s, const struct gpald_sort_item *items, size_t count,
			   struct gpald_trace *trace)
{
	const bool down = s->direction == GPALD_TOP_DOWN;
	const uint64_t size = key_size(items->key), alignment = key_alignment(items->key);
	struct gpald_free_space *free = &s->p->free;
	size_t at = down ? s->last : s->first;

	for (size_t i = 0; trace && !down && i < s->first && !gpald_trace_is_full(trace); i++)
		gpald_trace_record_below(trace, free->ranges[i]);
	while (down ? at > s->first : at < s->last) {
		const struct gpal_range range =
			gpald_range_clip(free->ranges[at - down], s->region);
		const uint64_t usable = gpald_range_usable(range, alignment);

		if (usable >= size) {
			const struct taken taken =
				take_run(s, range, usable, size, alignment, count);
			const size_t pieces = cut_out(s, at - down, &taken);

			record_taken(s, items, &taken);
			if (trace)
				trace_run_choice(s, trace, &taken, range);
			count -= taken.count;
			if (count == 0)
				return GPAL_OK;
			items += taken.count;
			at = down ? at - 1 : at + pieces;
		} else {
			if (trace)
				gpald_trace_record_passed(trace, range, size, alignment);
			at = down ? at - 1 : at + 1;
		}
	}
	return gpald_placement_fail_exhausted(s->p, s->kind, items->index,
					      gpald_free_space_summary(free, s->region, alignment));
}

#define FEW_WINDOWS 8   /* for up to this many, an index is never faster */
#define MANY_RANGES 256 /* moving more for each window takes longer than an index */

/*
 * Returns true if a pass for each size is no slower than an index, which is set up for each
 * alignment.
 */
static bool is_fast_by_size(const struct search *s, const struct gpald_sort_item *items,
			    size_t count)
{
	uint64_t sizes = 0, alignments = 0, ranges = s->last - s->first, key = UINT64_MAX;

	if (count <= FEW_WINDOWS)
		return true;
	for (size_t i = 0; i < count; i++) {
		const uint64_t next = items[i].key;

		sizes += next != key;
		alignments += next >> SIZE_BITS != key >> SIZE_BITS;
		/*
		 * A window whose size is not a multiple of its alignment leaves one more free
		 * range, in which no other window of its alignment can start.
		 */
		ranges += key_size(next) % key_alignment(next) != 0;
		key = next;
	}
	/*
	 * The unit is the time to look at a free range. The index takes 6 for each free range and
	 * alignment, and 20 for each window.
	 */
	return ranges <= MANY_RANGES && ranges * sizes <= 6 * ranges * alignments + 20 * count;
}

/* Places all windows, a pass for each size. */
static int place_by_size(struct search *s, const struct gpald_sort_item *items, size_t count)
{
	int code = GPAL_OK;

	for (size_t i = 0, next; code == GPAL_OK && i < count; i = next) {
		struct gpald_trace *trace = NULL;

		next = i + 1;
		/* A trace has a step for each window. */
		if (s->p->trace)
			trace = gpald_placement_open_step(s->p, s->kind, items[i].index, s->region);
		else
			while (next < count && items[next].key == items[i].key)
				next++;
		code = place_same_size(s, items + i, next - i, trace);
	}
	return code;
}

static bool take_indexed(struct gpald_placement *p, struct gpald_fit_index *index,
			 enum gpal_kind kind, const struct gpald_sort_item *item,
			 struct gpal_range *window)
{
	struct gpald_trace *trace =
		p->trace ? gpald_placement_open_step(p, kind, item->index, index->region) : NULL;

	if (!trace)
		return gpald_fit_index_take(index, key_size(item->key), window);
	if (!gpald_fit_index_take_traced(index, key_size(item->key), window, trace))
		return false;
	gpald_trace_close_step(trace, index->direction == GPALD_TOP_DOWN);
	return true;
}

/* Places all windows, one by one, with an index. */
static int place_indexed(struct search *s, const struct gpald_sort_item *items, size_t count)
{
	struct gpald_placement *p = s->p;
	struct gpald_fit_index index;

	if (!gpald_fit_index_init(&index, p->arena, s->direction, s->region, &p->free, count))
		return gpald_fail_plain(p->error, GPAL_E_NO_MEMORY);
	for (size_t i = 0; i < count; i++) {
		struct gpal_range window;

		if (index.alignment != key_alignment(items[i].key))
			gpald_fit_index_set_alignment(&index, key_alignment(items[i].key));
		if (!take_indexed(p, &index, s->kind, &items[i], &window))
			return gpald_placement_fail_exhausted(p, s->kind, items[i].index,
							      gpald_fit_index_summary(&index));
		gpald_placement_record(p, s->kind, items[i].index, window);
	}
	gpald_fit_index_finish(&index, p->trace != NULL, &p->next_free);
	gpald_placement_use_next_free(p);
	return GPAL_OK;
}

static int place_windows(struct gpald_placement *p, enum gpal_kind kind,
			 enum gpald_direction direction, struct gpal_range region)
{
	const struct gpald_demand_list list = p->demands[kind];
	struct search s;
	size_t count = 0;

	if (list.count == 0)
		return GPAL_OK;
	for (size_t i = 0; i < list.count; i++)
		if (!gpald_placement_keeps(p, kind, i))
			p->order[count++] = (struct gpald_sort_item){ window_key(&list.demands[i]),
								      (uint32_t)i };
	if (count == 0)
		return GPAL_OK;
	gpald_sort_items(p->order, p->order_scratch, count);
	s = (struct search){ p, kind, direction, region, 0, 0 };
	search_init(&s);
	return is_fast_by_size(&s, p->order, count) ? place_by_size(&s, p->order, count) :
						      place_indexed(&s, p->order, count);
}

int gpald_place_mmio32(struct gpald_placement *p)
{
	return place_windows(p, GPAL_KIND_MMIO32, GPALD_TOP_DOWN,
			     (struct gpal_range){ 0, GPAL_4GIB });
}

int gpald_place_mmio64(struct gpald_placement *p)
{
	const uint64_t floor = p->end_of_ram > GPAL_4GIB ? p->end_of_ram : GPAL_4GIB;

	return place_windows(p, GPAL_KIND_MMIO64, GPALD_BOTTOM_UP,
			     (struct gpal_range){ floor, GPAL_SPACE_END });
}
