/* SPDX-License-Identifier: MIT */
/*
 * The naive allocator. Free space is never stored: it is whatever lies between the ranges placed so
 * far, listed again for each demand. oracle_resolve.c knows what the numbers mean for a VM.
 */
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gaps {
	struct gpal_range *list;
	size_t count;
};

void *oracle_zalloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory) {
		fputs("oracle: out of memory\n", stderr);
		abort();
	}
	return memory;
}

struct oracle_item *oracle_add(struct oracle *oracle, enum gpal_kind kind)
{
	if (oracle->item_count == oracle->item_room) {
		size_t room = oracle->item_room ? oracle->item_room * 2 : 64;
		struct oracle_item *items = oracle_zalloc(room, sizeof(*items));

		if (oracle->item_count > 0)
			memcpy(items, oracle->items, oracle->item_count * sizeof(*items));
		free(oracle->items);
		oracle->items = items;
		oracle->item_room = room;
	}

	uint32_t index = 0;

	for (size_t i = 0; i < oracle->item_count; i++)
		index += oracle->items[i].kind == kind;

	struct oracle_item *item = &oracle->items[oracle->item_count++];

	item->kind = kind;
	item->index = index;
	return item;
}

void oracle_free(struct oracle *oracle)
{
	if (!oracle)
		return;
	free(oracle->items);
	free(oracle->placed);
	free((void *)(uintptr_t)oracle->layout.ram);
	free((void *)(uintptr_t)oracle->layout.segments);
	free((void *)(uintptr_t)oracle->layout.root_complexes);
	free((void *)(uintptr_t)oracle->layout.iommus);
	free((void *)(uintptr_t)oracle->layout.hotplug_rooms);
	free((void *)(uintptr_t)oracle->layout.cxl_windows);
	free(oracle);
}

static void set_error(struct oracle *oracle, enum gpal_code code, const struct oracle_item *item)
{
	oracle->error.code = code;
	oracle->error.subject = item->subject;
	oracle->error.index = item->subject_index;
	snprintf(oracle->error.tag, sizeof(oracle->error.tag), "%.*s", GPAL_ERROR_TAG_MAX,
		 item->tag);
}

static bool is_pinned(const struct oracle_item *item)
{
	return item->kind == GPAL_KIND_RESERVED || item->kind == GPAL_KIND_FIXED;
}

static bool valid_pins(struct oracle *oracle)
{
	struct oracle_item *end;

	if (oracle->item_count == 0)
		return true; /* the list may be NULL */
	end = oracle->items + oracle->item_count;
	for (struct oracle_item *item = oracle->items; item != end; item++) {
		if (is_pinned(item) && item->range.end > GPAL_SPACE_END) {
			set_error(oracle, GPAL_E_OUT_OF_RANGE, item);
			oracle->error.tag[0] = '\0';
			return false;
		}
	}

	for (struct oracle_item *item = oracle->items; item != end; item++) {
		uint64_t length;

		if (!is_pinned(item))
			continue;
		length = item->range.end > item->range.start ? item->range.end - item->range.start :
							       0;
		if (length == 0 || length % 4096 != 0) {
			set_error(oracle, GPAL_E_INVALID_SIZE, item);
			oracle->error.size = length;
			return false;
		}
		if (item->range.start % 4096 != 0) {
			set_error(oracle, GPAL_E_INVALID_ALIGNMENT, item);
			oracle->alignment_open = true;
			return false;
		}
	}

	for (struct oracle_item *a = oracle->items; a != end; a++) {
		for (struct oracle_item *b = oracle->items; b != a; b++) {
			if (is_pinned(a) && is_pinned(b) && a->range.start < b->range.end &&
			    b->range.start < a->range.end) {
				oracle->error.code = GPAL_E_OVERLAP;
				return false;
			}
		}
	}
	return true;
}

static bool valid_demands(struct oracle *oracle, enum gpal_kind kind)
{
	for (size_t i = 0; i < oracle->item_count; i++) {
		struct oracle_item *item = &oracle->items[i];

		if (item->kind != kind)
			continue;
		if (item->size == 0 || item->size % 4096 != 0) {
			set_error(oracle, GPAL_E_INVALID_SIZE, item);
			oracle->error.size = item->size;
			return false;
		}

		bool power_of_two = false;

		for (unsigned int bit = 12; bit < 64; bit++)
			power_of_two |= item->alignment == UINT64_C(1) << bit;
		if (!power_of_two) {
			set_error(oracle, GPAL_E_INVALID_ALIGNMENT, item);
			if (item->alignment_subject != GPAL_SUBJECT_NONE)
				oracle->error.subject = item->alignment_subject;
			oracle->error.alignment = item->alignment;
			return false;
		}
	}
	return true;
}

/* Inserts into the ascending list. */
void oracle_put(struct oracle *oracle, const struct oracle_item *item, struct gpal_range range)
{
	size_t at = oracle->placed_count;

	if (at == oracle->placed_room) {
		size_t room = at ? at * 2 : 64;
		struct gpal_map_entry *placed = oracle_zalloc(room, sizeof(*placed));

		if (at > 0)
			memcpy(placed, oracle->placed, at * sizeof(*placed));
		free(oracle->placed);
		oracle->placed = placed;
		oracle->placed_room = room;
	}
	while (at > 0 && oracle->placed[at - 1].range.start > range.start) {
		oracle->placed[at] = oracle->placed[at - 1];
		at--;
	}
	oracle->placed[at] = (struct gpal_map_entry){
		.tag = item->tag,
		.kind = item->kind,
		.index = item->index,
		.range = range,
	};
	oracle->placed_count++;
}

/* Lists the free ranges between `floor` and `ceiling`, in ascending order. */
static struct gaps list_gaps(const struct oracle *oracle, uint64_t floor, uint64_t ceiling)
{
	struct gaps gaps = {
		.list = oracle_zalloc(oracle->placed_count + 1, sizeof(struct gpal_range)),
	};
	uint64_t at = floor;

	for (size_t i = 0; i <= oracle->placed_count; i++) {
		bool last = i == oracle->placed_count;
		uint64_t until = last ? ceiling : oracle->placed[i].range.start;

		if (until > ceiling)
			until = ceiling;
		if (until > at)
			gaps.list[gaps.count++] = (struct gpal_range){ at, until };
		if (!last && oracle->placed[i].range.end > at)
			at = oracle->placed[i].range.end;
	}
	return gaps;
}

/* Returns the first multiple of `alignment` in a gap, or the gap's end if there is none. */
static uint64_t first_aligned(struct gpal_range gap, uint64_t alignment)
{
	uint64_t beyond = gap.start % alignment;

	if (beyond == 0)
		return gap.start;
	if (alignment - beyond >= gap.end - gap.start)
		return gap.end;
	return gap.start + (alignment - beyond);
}

static void set_exhausted(struct oracle *oracle, const struct oracle_item *item,
			  const struct gaps *gaps)
{
	struct gpal_error *error = &oracle->error;

	set_error(oracle, GPAL_E_EXHAUSTED, item);
	error->size = item->size;
	error->alignment = item->alignment;
	error->phase = item->kind;
	error->demand = oracle->demand;
	error->demands = oracle->demands;
	error->supply = oracle->supply;
	for (size_t i = 0; i < gaps->count; i++) {
		struct gpal_range gap = gaps->list[i];
		uint64_t fit = gap.end - first_aligned(gap, item->alignment);

		error->free_space += gap.end - gap.start;
		/* RAM that must lie in [0, ceiling) fills it from 0. */
		if (fit > error->largest_fit && (!item->ceiling || gap.start == 0))
			error->largest_fit = fit;
	}
}

/* Notes, before a phase, how much it needs and how much is free in its region. */
static void begin_phase(struct oracle *oracle, enum gpal_kind kind, uint64_t floor,
			uint64_t ceiling)
{
	struct gaps gaps = list_gaps(oracle, floor, ceiling);
	unsigned __int128 sum = 0;

	oracle->demands = 0;
	oracle->supply = 0;
	for (size_t i = 0; i < gaps.count; i++)
		oracle->supply += gaps.list[i].end - gaps.list[i].start;
	for (size_t i = 0; i < oracle->item_count; i++) {
		if (oracle->items[i].kind == kind && !oracle->items[i].done) {
			oracle->demands++;
			sum += oracle->items[i].size;
		}
	}
	oracle->demand = sum >> 64 ? 0 : (uint64_t)sum;
	free(gaps.list);
}

static bool place_lowest(struct oracle *oracle, const struct oracle_item *item, uint64_t floor)
{
	struct gaps gaps = list_gaps(oracle, floor, GPAL_SPACE_END);
	bool done = false;

	for (size_t i = 0; i < gaps.count && !done; i++) {
		uint64_t start = first_aligned(gaps.list[i], item->alignment);

		if (gaps.list[i].end - start >= item->size) {
			oracle_put(oracle, item, (struct gpal_range){ start, start + item->size });
			done = true;
		}
	}
	if (!done)
		set_exhausted(oracle, item, &gaps);
	free(gaps.list);
	return done;
}

static bool place_highest(struct oracle *oracle, const struct oracle_item *item, uint64_t ceiling)
{
	struct gaps gaps = list_gaps(oracle, 0, ceiling);
	bool done = false;

	for (size_t i = gaps.count; i-- > 0 && !done;) {
		struct gpal_range gap = gaps.list[i];
		uint64_t start;

		if (gap.end - gap.start < item->size)
			continue;
		start = gap.end - item->size;
		start -= start % item->alignment;
		if (start >= gap.start) {
			oracle_put(oracle, item, (struct gpal_range){ start, start + item->size });
			done = true;
		}
	}
	if (!done)
		set_exhausted(oracle, item, &gaps);
	free(gaps.list);
	return done;
}

static bool place_ram(struct oracle *oracle, const struct oracle_item *item, uint64_t *floor)
{
	struct gaps gaps = list_gaps(oracle, *floor, GPAL_SPACE_END);
	uint64_t rest = item->size;

	for (size_t i = 0; i < gaps.count && rest > 0; i++) {
		uint64_t start = first_aligned(gaps.list[i], item->alignment);
		uint64_t take = gaps.list[i].end - start;

		if (take >= rest)
			take = rest;
		else
			take -= take % item->alignment;
		if (take == 0)
			continue;
		oracle_put(oracle, item, (struct gpal_range){ start, start + take });
		*floor = start + take;
		rest -= take;
	}
	if (rest > 0)
		set_exhausted(oracle, item, &gaps);
	free(gaps.list);
	return rest == 0;
}

/* Places RAM that must lie in [0, ceiling) as a whole. */
static bool place_below(struct oracle *oracle, const struct oracle_item *item, uint64_t *floor)
{
	struct gaps gaps = list_gaps(oracle, 0, item->ceiling);
	bool done = false;

	for (size_t i = 0; i < gaps.count && !done; i++) {
		uint64_t start = first_aligned(gaps.list[i], item->alignment);

		if (gaps.list[i].end - start >= item->size) {
			oracle_put(oracle, item, (struct gpal_range){ start, start + item->size });
			*floor = start + item->size;
			done = true;
		}
	}
	if (!done)
		set_exhausted(oracle, item, &gaps);
	free(gaps.list);
	return done;
}

/*
 * Returns the next item of a kind: the greatest alignment, then the greatest size, then the first.
 */
static const struct oracle_item *next_window(struct oracle *oracle, enum gpal_kind kind)
{
	struct oracle_item *best = NULL;

	for (size_t i = 0; i < oracle->item_count; i++) {
		struct oracle_item *item = &oracle->items[i];

		if (item->kind != kind || item->done)
			continue;
		if (best && (item->alignment < best->alignment ||
			     (item->alignment == best->alignment && item->size <= best->size)))
			continue;
		best = item;
	}
	if (best)
		best->done = true;
	return best;
}

/* Returns the end of the highest extent of an item that stays. */
static uint64_t end_of_kept(const struct oracle *oracle, const struct oracle_item *item)
{
	uint64_t end = 0;

	for (size_t i = 0; i < oracle->placed_count; i++) {
		if (oracle->placed[i].kind == item->kind && oracle->placed[i].index == item->index)
			end = oracle->placed[i].range.end;
	}
	return end;
}

static uint64_t layout_top(const struct oracle *oracle)
{
	uint64_t top = 0;

	for (size_t i = 0; i < oracle->placed_count; i++) {
		if (oracle->placed[i].kind != GPAL_KIND_RESERVED &&
		    oracle->placed[i].range.end > top)
			top = oracle->placed[i].range.end;
	}
	return top;
}

bool oracle_place(struct oracle *oracle)
{
	const struct oracle_item *item;
	uint64_t end_of_ram = 0;

	if (!valid_pins(oracle) || !valid_demands(oracle, GPAL_KIND_MMIO32) ||
	    !valid_demands(oracle, GPAL_KIND_RAM) || !valid_demands(oracle, GPAL_KIND_MMIO64) ||
	    !valid_demands(oracle, GPAL_KIND_POST_MMIO))
		return false;

	for (size_t i = 0; i < oracle->item_count; i++) {
		item = &oracle->items[i];
		if (is_pinned(item))
			oracle_put(oracle, item, item->range);
	}

	begin_phase(oracle, GPAL_KIND_MMIO32, 0, GPAL_4GIB);
	while ((item = next_window(oracle, GPAL_KIND_MMIO32)) != NULL) {
		if (!place_highest(oracle, item, GPAL_4GIB))
			return false;
	}

	begin_phase(oracle, GPAL_KIND_RAM, 0, GPAL_SPACE_END);
	for (size_t i = 0; i < oracle->item_count; i++) {
		item = &oracle->items[i];
		if (item->kind != GPAL_KIND_RAM)
			continue;
		if (!item->done && item->ceiling > 0 && !place_below(oracle, item, &end_of_ram))
			return false;
		if (!item->done && item->ceiling == 0 && !place_ram(oracle, item, &end_of_ram))
			return false;
		if (item->done && end_of_kept(oracle, item) > end_of_ram)
			end_of_ram = end_of_kept(oracle, item);
	}

	begin_phase(oracle, GPAL_KIND_MMIO64, end_of_ram > GPAL_4GIB ? end_of_ram : GPAL_4GIB,
		    GPAL_SPACE_END);
	while ((item = next_window(oracle, GPAL_KIND_MMIO64)) != NULL) {
		if (!place_lowest(oracle, item, end_of_ram > GPAL_4GIB ? end_of_ram : GPAL_4GIB))
			return false;
	}

	begin_phase(oracle, GPAL_KIND_POST_MMIO, layout_top(oracle), GPAL_SPACE_END);
	for (size_t i = 0; i < oracle->item_count; i++) {
		item = &oracle->items[i];
		if (item->kind == GPAL_KIND_POST_MMIO && !item->done &&
		    !place_lowest(oracle, item, layout_top(oracle)))
			return false;
	}

	while (oracle->placed_count > 0 &&
	       oracle->placed[oracle->placed_count - 1].kind == GPAL_KIND_RESERVED)
		oracle->placed_count--;
	return true;
}

static void add_pins(struct oracle *oracle, enum gpal_kind kind, enum gpal_subject subject,
		     const struct gpal_pinned *pins, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct oracle_item *item = oracle_add(oracle, kind);

		snprintf(item->tag, sizeof(item->tag), "%s", pins[i].tag);
		item->range = pins[i].range;
		item->subject = subject;
		item->subject_index = i;
	}
}

static void add_demands(struct oracle *oracle, enum gpal_kind kind, enum gpal_subject subject,
			const struct gpal_demand *demands, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct oracle_item *item = oracle_add(oracle, kind);

		snprintf(item->tag, sizeof(item->tag), "%s", demands[i].tag);
		item->size = demands[i].size;
		item->alignment = demands[i].alignment;
		item->subject = subject;
		item->subject_index = i;
	}
}

struct oracle *oracle_allocate(const struct gpal_alloc_input *input)
{
	struct oracle *oracle = oracle_zalloc(1, sizeof(*oracle));

	add_pins(oracle, GPAL_KIND_RESERVED, GPAL_SUBJECT_ALLOC_RESERVED, input->reserved,
		 input->reserved_count);
	add_pins(oracle, GPAL_KIND_FIXED, GPAL_SUBJECT_ALLOC_FIXED, input->fixed,
		 input->fixed_count);
	add_demands(oracle, GPAL_KIND_MMIO32, GPAL_SUBJECT_ALLOC_MMIO32, input->mmio32,
		    input->mmio32_count);
	add_demands(oracle, GPAL_KIND_RAM, GPAL_SUBJECT_ALLOC_RAM, input->ram, input->ram_count);
	add_demands(oracle, GPAL_KIND_MMIO64, GPAL_SUBJECT_ALLOC_MMIO64, input->mmio64,
		    input->mmio64_count);
	add_demands(oracle, GPAL_KIND_POST_MMIO, GPAL_SUBJECT_ALLOC_POST_MMIO, input->post_mmio,
		    input->post_mmio_count);
	oracle_place(oracle);
	return oracle;
}
