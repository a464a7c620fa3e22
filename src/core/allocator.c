/* SPDX-License-Identifier: MIT */
/*
 * The policy-free allocator: places its input phase by phase, each phase from what
 * the earlier ones left free. What a VM is made of is the
 * resolver's business; how windows are searched for is fit_index.c's.
 */
#include "config.h"

#include "core/alloc_input.h"
#include "core/arena.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/fit_index.h"
#include "core/free_space.h"
#include "core/order.h"
#include "core/place.h"
#include "core/sizing.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* A map entry without its tag, which is looked up once, at the end. */
struct placed {
	enum gpal_kind kind;
	uint32_t index;
	struct gpal_range range;
};

struct placement {
	struct gpald_arena *arena;
	const struct gpal_alloc_input *input;
	struct gpald_kept_list kept;
	struct gpald_trace *trace;      /* NULL: nobody wants to know */
	bool *is_kept[GPAL_KIND_COUNT]; /* for each demand of a kind; NULL where none is */
	uint64_t *kept_ram_end;         /* for each RAM demand that is kept, its highest end */
	struct gpal_error *error;

	struct gpald_free_space free;  /* what the phases so far have left */
	struct gpald_free_space spare; /* where the current phase writes what it leaves */

	uint32_t *pinned_order; /* reserved and then fixed ranges, by start */
	size_t pinned_count;

	struct placed *placed; /* what the phases have placed */
	size_t placed_count;
	size_t placed_capacity;

	/* Room to sort as many items as the longest list has, twice. */
	struct gpald_order *order;
	struct gpald_order *order_scratch;

	uint64_t end_of_ram;
	uint64_t top; /* highest end of all that is not reserved */
};

/* Whether any phase after that of `kind` has something to place. */
static bool has_demands_after(const struct gpal_alloc_input *input, enum gpal_kind kind)
{
	for (int later = (int)kind + 1; later < GPAL_KIND_COUNT; later++)
		if (gpald_demands_of(input, (enum gpal_kind)later).count > 0)
			return true;
	return false;
}

/* Placing. */

static void record(struct placement *p, enum gpal_kind kind, size_t index, struct gpal_range range)
{
	assert(p->placed_count < p->placed_capacity);
	p->placed[p->placed_count++] = (struct placed){ kind, (uint32_t)index, range };
	if (range.end > p->top)
		p->top = range.end;
	if (kind == GPAL_KIND_RAM && range.end > p->end_of_ram)
		p->end_of_ram = range.end;
}

/* Opens the step of a demand, if somebody wants to know. */
static struct gpald_trace *trace_demand(struct placement *p, enum gpal_kind kind, size_t index,
					struct gpal_range region)
{
	static const enum gpal_rule rules[GPAL_KIND_COUNT] = {
		[GPAL_KIND_MMIO32] = GPAL_RULE_HIGHEST_BELOW_4GIB,
		[GPAL_KIND_RAM] = GPAL_RULE_UPWARDS,
		[GPAL_KIND_MMIO64] = GPAL_RULE_LOWEST_ABOVE_RAM,
		[GPAL_KIND_POST_MMIO] = GPAL_RULE_LOWEST_ABOVE_ALL,
	};
	const struct gpal_demand *demand;

	if (!p->trace)
		return NULL;
	demand = &gpald_demands_of(p->input, kind).demands[index];
	return gpald_trace_open(p->trace, &(struct gpal_step){
						  .tag = demand->tag,
						  .phase = kind,
						  .rule = rules[kind],
						  .size = demand->size,
						  .alignment = demand->alignment,
						  .floor = region.start,
						  .ceiling = region.end,
					  });
}

/* What the current phase wrote becomes the free space. */
static void commit_spare(struct placement *p)
{
	struct gpald_free_space used = p->free;

	used.count = 0;
	p->free = p->spare;
	p->spare = used;
}

/*
 * The range of that number whose place is given: reserved ones come first, then
 * fixed ones, then those that are kept.
 */
static struct gpal_map_entry given_entry(const struct placement *p, size_t number)
{
	const struct gpal_alloc_input *input = p->input;

	if (number >= p->pinned_count) {
		const struct gpald_kept *kept = &p->kept.ranges[number - p->pinned_count];

		return (struct gpal_map_entry){
			.tag = gpald_demands_of(input, kept->kind).demands[kept->index].tag,
			.kind = kept->kind,
			.index = kept->index,
			.range = kept->range,
		};
	}

	const bool is_reserved = number < input->reserved_count;
	const size_t index = is_reserved ? number : number - input->reserved_count;
	const struct gpal_pinned *pin = is_reserved ? &input->reserved[index] :
						      &input->fixed[index];

	return (struct gpal_map_entry){
		.tag = pin->tag,
		.kind = is_reserved ? GPAL_KIND_RESERVED : GPAL_KIND_FIXED,
		.index = (uint32_t)index,
		.range = pin->range,
	};
}

static struct gpal_map_entry tagged(const struct gpal_alloc_input *input,
				    const struct placed *placed)
{
	return (struct gpal_map_entry){
		.tag = gpald_demands_of(input, placed->kind).demands[placed->index].tag,
		.kind = placed->kind,
		.index = placed->index,
		.range = placed->range,
	};
}

static void note_neighbour(struct gpal_error *error, struct gpal_range free, const char *tag,
			   struct gpal_range range)
{
	struct gpal_neighbour *neighbour = range.end == free.start ? &error->below :
					   range.start == free.end ? &error->above :
								     NULL;

	if (!neighbour)
		return;
	gpald_error_tag(neighbour->tag, tag);
	neighbour->range = range;
}

/* What is placed on both sides of a free range. */
static void find_neighbours(const struct placement *p, struct gpal_range free)
{
	for (size_t i = 0; i < p->pinned_count; i++) {
		const struct gpal_map_entry entry = given_entry(p, i);

		note_neighbour(p->error, free, entry.tag, entry.range);
	}
	for (size_t i = 0; i < p->placed_count; i++) {
		const struct gpal_map_entry entry = tagged(p->input, &p->placed[i]);

		note_neighbour(p->error, free, entry.tag, entry.range);
	}
}

static int exhausted(struct placement *p, enum gpal_kind kind, size_t index,
		     struct gpald_free_summary summary)
{
	static const char *const regions[GPAL_KIND_COUNT] = {
		[GPAL_KIND_MMIO32] = "below 4 GiB",
		[GPAL_KIND_RAM] = "above the RAM placed before it",
		[GPAL_KIND_MMIO64] = "above RAM and 4 GiB",
		[GPAL_KIND_POST_MMIO] = "above all other ranges",
	};
	const struct gpal_demand *demand = &gpald_demands_of(p->input, kind).demands[index];
	int code = gpald_fail(p->error, GPAL_E_EXHAUSTED, gpald_subject_of(kind), index,
			      "%s: no room %s for 0x%" PRIx64 " bytes aligned to 0x%" PRIx64
			      ": 0x%" PRIx64 " bytes are free there and the largest aligned free "
			      "range has 0x%" PRIx64,
			      demand->tag, regions[kind], demand->size, demand->alignment,
			      summary.total, summary.largest_fit);

	if (p->error) {
		gpald_error_tag(p->error->tag, demand->tag);
		p->error->size = demand->size;
		p->error->alignment = demand->alignment;
		p->error->phase = kind;
		p->error->free_space = summary.total;
		p->error->largest_fit = summary.largest_fit;
		if (summary.largest_fit > 0) {
			p->error->fit =
				(struct gpal_range){ summary.largest.end - summary.largest_fit,
						     summary.largest.end };
			find_neighbours(p, summary.largest);
		}
	}
	return code;
}

static bool is_kept(const struct placement *p, enum gpal_kind kind, size_t index)
{
	return p->is_kept[kind] && p->is_kept[kind][index];
}

static int overlap(struct gpal_error *error, const struct gpal_map_entry *entry,
		   const struct gpal_map_entry *other)
{
	int code = gpald_fail(error, GPAL_E_OVERLAP, gpald_subject_of(entry->kind), entry->index,
			      "%s 0x%" PRIx64 "-0x%" PRIx64 " overlaps %s 0x%" PRIx64 "-0x%" PRIx64,
			      entry->tag, entry->range.start, entry->range.end, other->tag,
			      other->range.start, other->range.end);

	if (error) {
		gpald_error_tag(error->tag, entry->tag);
		gpald_error_tag(error->other_tag, other->tag);
		error->range = entry->range;
		error->other_range = other->range;
	}
	return code;
}

/* The steps of the ranges whose place is given; the extents of kept RAM lie together. */
static void trace_given(struct placement *p)
{
	const size_t given = p->pinned_count + p->kept.count;

	for (size_t i = 0, next; i < given; i = next) {
		const struct gpal_map_entry entry = given_entry(p, i);
		const bool is_kept = i >= p->pinned_count;
		struct gpal_step step = {
			.tag = entry.tag,
			.phase = entry.kind,
			.rule = is_kept ? GPAL_RULE_KEPT : GPAL_RULE_GIVEN,
			.ceiling = GPAL_SPACE_END,
		};
		struct gpald_trace *trace;

		for (next = i; next < given; next++) {
			const struct gpal_map_entry other = given_entry(p, next);

			if (next > i &&
			    (!is_kept || other.kind != entry.kind || other.index != entry.index))
				break;
			step.size += gpal_range_size(other.range);
		}
		trace = gpald_trace_open(p->trace, &step);
		for (size_t at = i; trace && at < next; at++)
			gpald_trace_choose(trace, given_entry(p, at).range,
					   (struct gpal_range){ 0 }, 0);
		if (trace)
			gpald_trace_close(trace, false);
	}
}

/*
 * Sorts the ranges whose place is given by start, refuses overlaps and makes the
 * gaps between them the free space.
 */
static int place_given(struct placement *p)
{
	const size_t given = p->pinned_count + p->kept.count;
	struct gpal_map_entry previous = { .range = { 0, 0 } };
	size_t pinned = 0;

	for (size_t i = 0; i < given; i++)
		p->order[i] = (struct gpald_order){ given_entry(p, i).range.start, (uint32_t)i };
	gpald_order_sort(p->order, p->order_scratch, given);

	for (size_t i = 0; i < given; i++) {
		const struct gpal_map_entry entry = given_entry(p, p->order[i].index);

		if (entry.range.start < previous.range.end)
			return overlap(p->error, &entry, &previous);
		gpald_free_space_append(
			&p->free, (struct gpal_range){ previous.range.end, entry.range.start });
		if (p->order[i].index >= p->pinned_count)
			record(p, entry.kind, entry.index, entry.range);
		else
			p->pinned_order[pinned++] = p->order[i].index;
		if (entry.kind == GPAL_KIND_FIXED)
			p->top = entry.range.end;
		previous = entry;
	}
	gpald_free_space_append(&p->free,
				(struct gpal_range){ previous.range.end, GPAL_SPACE_END });
	if (p->trace)
		trace_given(p);
	return GPAL_OK;
}

/*
 * The order of windows, by alignment descending and then size descending, as one
 * ascending key: an alignment is a power of two and a size a multiple of 4096, so
 * 6 and 52 bits hold them, and the key gives both back.
 */
#define SIZE_BITS 52
#define SIZE_MASK ((UINT64_C(1) << SIZE_BITS) - 1)

static uint64_t window_key(const struct gpal_demand *demand)
{
	const uint64_t coarseness = (uint64_t)__builtin_ctzll(demand->alignment);

	return (63 - coarseness) << SIZE_BITS | (SIZE_MASK - demand->size / GPAL_PAGE_SIZE);
}

static uint64_t key_alignment(uint64_t key)
{
	return UINT64_C(1) << (63 - (key >> SIZE_BITS));
}

static uint64_t key_size(uint64_t key)
{
	return (SIZE_MASK - (key & SIZE_MASK)) * GPAL_PAGE_SIZE;
}

static int place_windows(struct placement *p, enum gpal_kind kind, enum gpald_direction direction,
			 struct gpal_range region)
{
	const struct gpald_demand_list list = gpald_demands_of(p->input, kind);
	struct gpald_fit_index index;
	size_t count = 0;

	if (list.count == 0)
		return GPAL_OK;
	for (size_t i = 0; i < list.count; i++)
		if (!is_kept(p, kind, i))
			p->order[count++] =
				(struct gpald_order){ window_key(&list.demands[i]), (uint32_t)i };
	if (count == 0)
		return GPAL_OK;
	if (!gpald_fit_index_init(&index, p->arena, direction, region, &p->free, list.count))
		return gpald_fail_plain(p->error, GPAL_E_NO_MEMORY);
	gpald_order_sort(p->order, p->order_scratch, count);
	for (size_t i = 0; i < count; i++) {
		const struct gpald_order *item = &p->order[i];
		struct gpald_trace *trace = trace_demand(p, kind, item->index, region);
		struct gpal_range window;

		if (index.alignment != key_alignment(item->key))
			gpald_fit_index_align(&index, key_alignment(item->key));
		if (!gpald_fit_index_take(&index, key_size(item->key), &window, trace))
			return exhausted(p, kind, item->index, gpald_fit_index_summary(&index));
		if (trace)
			gpald_trace_close(trace, direction == GPALD_TOP_DOWN);
		record(p, kind, item->index, window);
	}
	if (has_demands_after(p->input, kind)) {
		gpald_fit_index_finish(&index, p->trace != NULL, &p->spare);
		commit_spare(p);
	}
	return GPAL_OK;
}

/*
 * Moves what lies below the end of a kept range, which no free range goes over, to
 * the spare list; RAM does not go back there.
 */
static size_t pass_below(struct placement *p, size_t current, uint64_t floor)
{
	struct gpal_range *ranges = p->free.ranges;

	while (current < p->free.count && ranges[current].end <= floor)
		gpald_free_space_append(&p->spare, ranges[current++]);
	return current;
}

/* Telling of a step, if somebody wants to know. */

/* What is free below the floor. */
static void trace_below(struct gpald_trace *trace, const struct gpald_free_space *space)
{
	for (size_t i = 0; trace && i < space->count && !gpald_trace_is_full(trace); i++)
		gpald_trace_pass_below(trace, space->ranges[i]);
}

static void trace_passed(struct gpald_trace *trace, struct gpal_range free, uint64_t floor,
			 uint64_t needed, uint64_t alignment)
{
	if (trace && free.start < floor)
		gpald_trace_pass_below(trace, free);
	else if (trace)
		gpald_trace_pass(trace, free, needed, alignment);
}

/* An extent; the last one, unless more is needed. */
static void trace_choice(struct gpald_trace *trace, struct gpal_range free, uint64_t start,
			 uint64_t size, uint64_t still_needed)
{
	const struct gpal_range range = { start, start + size };

	if (!trace)
		return;
	gpald_trace_choose(trace, range, free,
			   start - free.start + (still_needed > 0 ? free.end - range.end : 0));
	if (still_needed == 0)
		gpald_trace_close(trace, false);
}

/*
 * RAM: each demand goes on where the last one ended, so one sweep over the free
 * ranges serves them all. A demand is planned first and only then taken, because
 * a demand that fails must report the space as it was.
 */
static int place_ram(struct placement *p)
{
	struct gpald_free_space *free = &p->free;
	size_t current = 0; /* the range in which the next demand may start */
	uint64_t floor = 0; /* where */

	if (p->input->ram_count == 0)
		return GPAL_OK;
	for (size_t i = 0; i < p->input->ram_count; i++) {
		const struct gpal_demand *demand = &p->input->ram[i];
		const size_t first_extent = p->placed_count;
		uint64_t remaining = demand->size;
		struct gpald_trace *trace;

		if (is_kept(p, GPAL_KIND_RAM, i)) {
			current = pass_below(p, current, p->kept_ram_end[i]);
			if (p->kept_ram_end[i] > floor)
				floor = p->kept_ram_end[i];
			continue;
		}
		trace = trace_demand(p, GPAL_KIND_RAM, i,
				     (struct gpal_range){ floor, GPAL_SPACE_END });
		trace_below(trace, &p->spare);
		for (size_t r = current; r < free->count && remaining > 0; r++) {
			uint64_t usable = gpald_range_usable(free->ranges[r], demand->alignment);
			uint64_t start = free->ranges[r].end - usable;
			uint64_t taken = usable >= remaining ?
						 remaining :
						 gpald_align_down(usable, demand->alignment);

			if (taken == 0) {
				trace_passed(trace, free->ranges[r], floor,
					     remaining < demand->alignment ? remaining :
									     demand->alignment,
					     demand->alignment);
				continue;
			}
			record(p, GPAL_KIND_RAM, i, (struct gpal_range){ start, start + taken });
			remaining -= taken;
			trace_choice(trace, free->ranges[r], start, taken, remaining);
		}
		if (remaining > 0) {
			const struct gpald_free_space ahead = { .ranges = free->ranges + current,
								.count = free->count - current };
			const struct gpal_range all = { 0, GPAL_SPACE_END };

			p->placed_count = first_extent;
			return exhausted(p, GPAL_KIND_RAM, i,
					 gpald_free_space_summary(&ahead, all, demand->alignment));
		}
		floor = p->placed[p->placed_count - 1].range.end;

		for (size_t e = first_extent; e < p->placed_count; e++) {
			const struct gpal_range extent = p->placed[e].range;

			while (free->ranges[current].end <= extent.start)
				gpald_free_space_append(&p->spare, free->ranges[current++]);
			gpald_free_space_append(
				&p->spare,
				(struct gpal_range){ free->ranges[current].start, extent.start });
			free->ranges[current].start = extent.end;
		}
	}
	while (current < free->count)
		gpald_free_space_append(&p->spare, free->ranges[current++]);
	commit_spare(p);
	return GPAL_OK;
}

/*
 * Post-MMIO: each demand goes above all that is placed, so what one demand passed
 * over is below the floor of the next and one sweep serves them all. No free range
 * goes over a floor, which is the end of something.
 */
static int place_post_mmio(struct placement *p)
{
	struct gpal_range *ranges = p->free.ranges;
	size_t current = 0;

	for (size_t i = 0; i < p->input->post_mmio_count; i++) {
		const struct gpal_demand *demand = &p->input->post_mmio[i];
		const struct gpal_range region = { p->top, GPAL_SPACE_END };
		struct gpald_trace *trace;
		uint64_t usable = 0;

		if (is_kept(p, GPAL_KIND_POST_MMIO, i))
			continue;
		trace = trace_demand(p, GPAL_KIND_POST_MMIO, i, region);
		trace_below(trace, &p->spare);
		for (; current < p->free.count; current++) {
			usable = ranges[current].start < p->top ?
					 0 :
					 gpald_range_usable(ranges[current], demand->alignment);
			if (usable >= demand->size)
				break;
			trace_passed(trace, ranges[current], p->top, demand->size,
				     demand->alignment);
			gpald_free_space_append(&p->spare, ranges[current]);
		}
		if (current == p->free.count)
			return exhausted(
				p, GPAL_KIND_POST_MMIO, i,
				gpald_free_space_summary(&p->free, region, demand->alignment));

		const struct gpal_range free = ranges[current];
		const uint64_t start = free.end - usable;

		record(p, GPAL_KIND_POST_MMIO, i,
		       (struct gpal_range){ start, start + demand->size });
		trace_choice(trace, free, start, demand->size, 0);
		gpald_free_space_append(&p->spare, (struct gpal_range){ free.start, start });
		ranges[current].start = start + demand->size;
	}
	return GPAL_OK;
}

/* All ranges in ascending order, without reserved ones above the last other one. */
static bool finish_map(struct placement *p, struct gpal_map *map)
{
	struct gpal_map_entry *sorted =
		gpald_arena_alloc(p->arena, p->pinned_count + p->placed_count, sizeof(*sorted));
	size_t count = 0, pinned = 0;

	if (!sorted)
		return false;
	for (size_t i = 0; i < p->placed_count; i++)
		p->order[i] = (struct gpald_order){ p->placed[i].range.start, (uint32_t)i };
	gpald_order_sort(p->order, p->order_scratch, p->placed_count);

	for (size_t i = 0; i <= p->placed_count; i++) {
		const uint64_t limit = i < p->placed_count ? p->order[i].key : UINT64_MAX;

		for (; pinned < p->pinned_count; pinned++) {
			sorted[count] = given_entry(p, p->pinned_order[pinned]);
			if (sorted[count].range.start > limit)
				break;
			count++;
		}
		if (i == p->placed_count)
			break;
		sorted[count] = tagged(p->input, &p->placed[p->order[i].index]);
		/* What is kept was recorded first. */
		sorted[count++].kept = p->order[i].index < p->kept.count;
	}
	while (count > 0 && sorted[count - 1].kind == GPAL_KIND_RESERVED)
		count--;
	*map = (struct gpal_map){ .entries = sorted, .count = count };
	return true;
}

/*
 * Bounds. Each pinned range and each window adds at most one free range, and so
 * does each RAM extent; a RAM demand takes at most one extent of each free range
 * and consecutive demands share at most one. A kept range adds one, and so does
 * what a post-MMIO demand leaves below itself.
 */
static bool placement_init(struct placement *p)
{
	const struct gpal_alloc_input *input = p->input;
	const size_t pinned = input->reserved_count + input->fixed_count;
	const size_t kept = p->kept.count;
	const size_t before_ram = pinned + kept + 2 + input->mmio32_count;
	const size_t extents = input->ram_count ? before_ram + input->ram_count : 0;
	const size_t free_ranges =
		before_ram + extents + input->mmio64_count + input->post_mmio_count + 2;

	p->placed_capacity =
		kept + input->mmio32_count + extents + input->mmio64_count + input->post_mmio_count;
	const size_t order = pinned + kept > p->placed_capacity ? pinned + kept :
								  p->placed_capacity;

	p->pinned_count = pinned;
	p->pinned_order = gpald_arena_alloc(p->arena, pinned, sizeof(*p->pinned_order));
	p->placed = gpald_arena_alloc(p->arena, p->placed_capacity, sizeof(*p->placed));
	p->order = gpald_arena_alloc(p->arena, order, sizeof(*p->order));
	p->order_scratch = gpald_arena_alloc(p->arena, order, sizeof(*p->order));
	return p->pinned_order && p->placed && p->order && p->order_scratch &&
	       gpald_free_space_init(&p->free, p->arena, free_ranges) &&
	       gpald_free_space_init(&p->spare, p->arena, free_ranges);
}

/* Notes which demands are kept. */
static bool note_kept(struct placement *p)
{
	if (p->kept.count == 0)
		return true;
	for (int kind = GPAL_KIND_MMIO32; kind < GPAL_KIND_COUNT; kind++) {
		p->is_kept[kind] = gpald_arena_zalloc(
			p->arena, gpald_demands_of(p->input, (enum gpal_kind)kind).count,
			sizeof(*p->is_kept[kind]));
		if (!p->is_kept[kind])
			return false;
	}
	p->kept_ram_end =
		gpald_arena_zalloc(p->arena, p->input->ram_count, sizeof(*p->kept_ram_end));
	if (!p->kept_ram_end)
		return false;
	for (size_t i = 0; i < p->kept.count; i++) {
		const struct gpald_kept *kept = &p->kept.ranges[i];

		p->is_kept[kept->kind][kept->index] = true;
		if (kept->kind == GPAL_KIND_RAM && kept->range.end > p->kept_ram_end[kept->index])
			p->kept_ram_end[kept->index] = kept->range.end;
	}
	return true;
}

int gpald_place(struct gpald_arena *arena, const struct gpal_alloc_input *input,
		struct gpald_kept_list kept, struct gpald_trace *trace, struct gpal_map *map,
		struct gpal_error *error)
{
	struct placement p = {
		.arena = arena, .input = input, .kept = kept, .trace = trace, .error = error
	};
	int code;

	code = gpald_check_pinned(input, error);
	if (code)
		return code;
	if (!placement_init(&p) || !note_kept(&p))
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	code = place_given(&p);
	if (code)
		return code;
	code = gpald_check_demands(input, error);
	if (code)
		return code;

	if ((code = place_windows(&p, GPAL_KIND_MMIO32, GPALD_TOP_DOWN,
				  (struct gpal_range){ 0, GPAL_4GIB })) ||
	    (code = place_ram(&p)) ||
	    (code = place_windows(
		     &p, GPAL_KIND_MMIO64, GPALD_BOTTOM_UP,
		     (struct gpal_range){ p.end_of_ram > GPAL_4GIB ? p.end_of_ram : GPAL_4GIB,
					  GPAL_SPACE_END })) ||
	    (code = place_post_mmio(&p)))
		return code;
	if (!finish_map(&p, map) || (trace && trace->no_memory))
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	return GPAL_OK;
}

/* A map that owns its memory. */
struct owned_map {
	struct gpal_map map; /* first, so that the two share an address */
	struct gpald_arena *arena;
};

static bool copy_tags(struct gpald_arena *arena, const struct gpal_map *map)
{
	struct gpal_map_entry *entries = (struct gpal_map_entry *)map->entries;

	for (size_t i = 0; i < map->count; i++) {
		entries[i].tag = gpald_arena_copy(arena, entries[i].tag);
		if (!entries[i].tag)
			return false;
	}
	return true;
}

int gpal_allocate(const struct gpal_alloc_input *input, struct gpal_map **map,
		  struct gpal_error *error)
{
	struct gpald_arena *arena = gpald_arena_new(0);
	struct owned_map *owned = arena ? gpald_arena_zalloc(arena, 1, sizeof(*owned)) : NULL;
	int code;

	*map = NULL;
	if (!owned) {
		gpald_arena_free(arena);
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	}
	owned->arena = arena;
	code = gpald_place(arena, input, (struct gpald_kept_list){ 0 }, NULL, &owned->map, error);
	if (code == GPAL_E_EXHAUSTED && error)
		gpald_advise_input(input, error);
	if (code == GPAL_OK && !copy_tags(arena, &owned->map))
		code = gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	if (code) {
		gpald_arena_free(arena);
		return code;
	}
	*map = &owned->map;
	return GPAL_OK;
}

void gpal_map_free(struct gpal_map *map)
{
	if (map)
		gpald_arena_free(((struct owned_map *)map)->arena);
}
