/* SPDX-License-Identifier: MIT */
/*
 * The work before the first phase and after the last one: ranges whose address is given, and the
 * map. If a demand does not fit, its phase calls gpald_placement_fail_exhausted(), which fills in
 * the error.
 */
#include "config.h"

#include "core/placement.h"

#include "core/checked.h"
#include "core/error.h"
#include "core/size_text.h"

#include <inttypes.h>

/*
 * Returns a range whose address is given, by its number: first reserved, then fixed, then kept
 * ranges.
 */
static struct gpal_map_entry given_entry(const struct gpald_placement *p, size_t number)
{
	const struct gpal_alloc_input *input = p->input;

	if (number >= p->pinned_count) {
		const struct gpald_kept *kept = &p->kept.ranges[number - p->pinned_count];

		return (struct gpal_map_entry){
			.tag = p->demands[kept->kind].demands[kept->index].tag,
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

static struct gpal_map_entry tagged_entry(const struct gpald_placement *p,
					  const struct gpald_placed *placed)
{
	return (struct gpal_map_entry){
		.tag = p->demands[placed->kind].demands[placed->index].tag,
		.kind = placed->kind,
		.index = placed->index,
		.range = placed->range,
	};
}

void gpald_placement_use_next_free(struct gpald_placement *p)
{
	struct gpald_free_space used = p->free;

	used.count = 0;
	p->free = p->next_free;
	p->next_free = used;
}

static void note_neighbour(struct gpal_error *error, struct gpal_range free, const char *tag,
			   struct gpal_range range)
{
	struct gpal_neighbour *neighbour = range.end == free.start ? &error->below :
					   range.start == free.end ? &error->above :
								     NULL;

	if (!neighbour)
		return;
	gpald_error_set_tag(neighbour->tag, tag);
	neighbour->range = range;
}

/* Finds the ranges on both sides of a free range. */
static void find_neighbours(const struct gpald_placement *p, struct gpal_range free)
{
	for (size_t i = 0; i < p->pinned_count; i++) {
		const struct gpal_map_entry entry = given_entry(p, i);

		note_neighbour(p->error, free, entry.tag, entry.range);
	}
	for (size_t i = 0; i < p->placed_count; i++) {
		const struct gpal_map_entry entry = tagged_entry(p, &p->placed[i]);

		note_neighbour(p->error, free, entry.tag, entry.range);
	}
}

static uint64_t higher_address(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Returns true if a range was placed before the phase of a kind began. */
static bool was_placed_before(const struct gpald_placement *p, size_t placed, enum gpal_kind kind)
{
	return placed < p->kept.count || p->placed[placed].kind != kind;
}

/* Returns the addresses where a phase may place ranges, as they were when the phase began. */
static struct gpal_range region_of(const struct gpald_placement *p, enum gpal_kind kind)
{
	struct gpal_range region = { 0, kind == GPAL_KIND_MMIO32 ? GPAL_4GIB : GPAL_SPACE_END };

	if (kind == GPAL_KIND_MMIO64)
		region.start = higher_address(p->end_of_ram, GPAL_4GIB);
	if (kind != GPAL_KIND_POST_MMIO)
		return region;
	for (size_t i = 0; i < p->pinned_count; i++)
		if (p->pinned[i].kind == GPAL_KIND_FIXED)
			region.start = higher_address(region.start, p->pinned[i].range.end);
	for (size_t i = 0; i < p->placed_count; i++)
		if (was_placed_before(p, i, kind))
			region.start = higher_address(region.start, p->placed[i].range.end);
	return region;
}

/* Returns how many bytes of a region a range takes. */
static uint64_t bytes_taken(struct gpal_range region, struct gpal_range range)
{
	range = gpald_range_clip(range, region);
	return range.start < range.end ? gpal_range_size(range) : 0;
}

/*
 * Fills in how many bytes the demands that a phase must place need, and how many were free when it
 * began. Kept demands do not count.
 */
static void note_demand_and_supply(const struct gpald_placement *p, enum gpal_kind kind)
{
	const struct gpald_demand_list list = p->demands[kind];
	const struct gpal_range region = region_of(p, kind);
	struct gpal_error *error = p->error;
	bool fits = true;

	error->supply = gpal_range_size(region);
	for (size_t i = 0; i < p->pinned_count; i++)
		error->supply -= bytes_taken(region, p->pinned[i].range);
	for (size_t i = 0; i < p->placed_count; i++)
		if (was_placed_before(p, i, kind))
			error->supply -= bytes_taken(region, p->placed[i].range);
	error->demand = 0;
	error->demands = 0;
	for (size_t i = 0; i < list.count; i++) {
		if (gpald_placement_keeps(p, kind, i))
			continue;
		error->demands++;
		fits = fits && gpald_add(error->demand, list.demands[i].size, &error->demand);
	}
	if (!fits)
		error->demand = 0;
}

int gpald_placement_fail_exhausted(struct gpald_placement *p, enum gpal_kind kind, size_t index,
				   struct gpald_free_summary summary)
{
	static const char *const regions[GPAL_KIND_COUNT] = {
		[GPAL_KIND_MMIO32] = "below 4 GiB",
		[GPAL_KIND_RAM] = "in the space left to RAM",
		[GPAL_KIND_MMIO64] = "above RAM and 4 GiB",
		[GPAL_KIND_POST_MMIO] = "above all other ranges",
	};
	const struct gpal_demand *demand = &p->demands[kind].demands[index];
	const bool is_low_ram_window = kind == GPAL_KIND_RAM && index == 0 && p->low_ram_window > 0;

	if (!p->error)
		return GPAL_E_EXHAUSTED;
	gpald_fail(p->error, GPAL_E_EXHAUSTED, gpald_subject_of_kind(kind), index,
		   "%s: no room %s for %s aligned to %s (free there: %s; %s: %s)", demand->tag,
		   is_low_ram_window ? "in the low RAM window" : regions[kind],
		   gpald_exact_size_text(demand->size).text,
		   gpald_exact_size_text(demand->alignment).text,
		   gpald_size_text(summary.total).text,
		   is_low_ram_window ? "from address 0 on" : "largest aligned free range",
		   gpald_size_text(summary.largest_fit).text);
	gpald_error_set_tag(p->error->tag, demand->tag);
	p->error->size = demand->size;
	p->error->alignment = demand->alignment;
	p->error->phase = kind;
	p->error->free_space = summary.total;
	p->error->largest_fit = summary.largest_fit;
	note_demand_and_supply(p, kind);
	if (summary.largest_fit > 0) {
		p->error->fit = (struct gpal_range){ summary.fit_in.end - summary.largest_fit,
						     summary.fit_in.end };
		find_neighbours(p, summary.fit_in);
	}
	return GPAL_E_EXHAUSTED;
}

struct gpald_trace *gpald_placement_open_step(struct gpald_placement *p, enum gpal_kind kind,
					      size_t index, struct gpal_range region)
{
	static const enum gpal_rule rules[GPAL_KIND_COUNT] = {
		[GPAL_KIND_MMIO32] = GPAL_RULE_HIGHEST_BELOW_4GIB,
		[GPAL_KIND_RAM] = GPAL_RULE_UPWARDS,
		[GPAL_KIND_MMIO64] = GPAL_RULE_LOWEST_ABOVE_RAM,
		[GPAL_KIND_POST_MMIO] = GPAL_RULE_LOWEST_ABOVE_ALL,
	};
	const struct gpal_demand *demand = &p->demands[kind].demands[index];

	return gpald_trace_open_step(p->trace, &(struct gpal_step){
						       .tag = demand->tag,
						       .phase = kind,
						       .rule = rules[kind],
						       .size = demand->size,
						       .alignment = demand->alignment,
						       .floor = region.start,
						       .ceiling = region.end,
					       });
}

static int refuse_overlap(struct gpal_error *error, const struct gpal_map_entry *entry,
			  const struct gpal_map_entry *other)
{
	int code = gpald_fail(error, GPAL_E_OVERLAP, gpald_subject_of_kind(entry->kind),
			      entry->index,
			      "%s 0x%" PRIx64 "-0x%" PRIx64 " overlaps %s 0x%" PRIx64 "-0x%" PRIx64,
			      entry->tag, entry->range.start, entry->range.end, other->tag,
			      other->range.start, other->range.end);

	if (error) {
		gpald_error_set_tag(error->tag, entry->tag);
		gpald_error_set_tag(error->other_tag, other->tag);
		error->range = entry->range;
		error->other_range = other->range;
	}
	return code;
}

/*
 * Records a step for each range whose address is given. The kept extents of one RAM demand follow
 * one another, and share a step.
 */
static void trace_given(struct gpald_placement *p)
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
		trace = gpald_trace_open_step(p->trace, &step);
		for (size_t at = i; trace && at < next; at++)
			gpald_trace_record_chosen(trace, given_entry(p, at).range,
						  (struct gpal_range){ 0 }, 0);
		if (trace)
			gpald_trace_close_step(trace, false);
	}
}

int gpald_placement_place_given(struct gpald_placement *p)
{
	const size_t given = p->pinned_count + p->kept.count;
	struct gpal_map_entry previous = { .range = { 0, 0 } };
	size_t pinned = 0;

	for (size_t i = 0; i < given; i++)
		p->order[i] =
			(struct gpald_sort_item){ given_entry(p, i).range.start, (uint32_t)i };
	gpald_sort_items(p->order, p->order_scratch, given);

	for (size_t i = 0; i < given; i++) {
		const struct gpal_map_entry entry = given_entry(p, p->order[i].index);

		if (entry.range.start < previous.range.end)
			return refuse_overlap(p->error, &entry, &previous);
		gpald_free_space_append(
			&p->free, (struct gpal_range){ previous.range.end, entry.range.start });
		if (p->order[i].index >= p->pinned_count)
			gpald_placement_record(p, entry.kind, entry.index, entry.range);
		else
			p->pinned[pinned++] = entry;
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

bool gpald_placement_finish(struct gpald_placement *p, struct gpal_map *map)
{
	struct gpal_map_entry *sorted =
		gpald_arena_alloc(p->arena, p->pinned_count + p->placed_count, sizeof(*sorted));
	bool *kept = NULL;
	size_t count = 0, pinned = 0;

	if (p->kept.count > 0)
		kept = gpald_arena_zalloc(p->arena, p->pinned_count + p->placed_count,
					  sizeof(*kept));
	if (!sorted || (p->kept.count > 0 && !kept))
		return false;
	for (size_t i = 0; i < p->placed_count; i++)
		p->order[i] = (struct gpald_sort_item){ p->placed[i].range.start, (uint32_t)i };
	gpald_sort_items(p->order, p->order_scratch, p->placed_count);

	for (size_t i = 0; i < p->placed_count; i++) {
		while (pinned < p->pinned_count && p->pinned[pinned].range.start < p->order[i].key)
			sorted[count++] = p->pinned[pinned++];
		/* Kept ranges were recorded first. */
		if (kept)
			kept[count] = p->order[i].index < p->kept.count;
		sorted[count++] = tagged_entry(p, &p->placed[p->order[i].index]);
	}
	while (pinned < p->pinned_count)
		sorted[count++] = p->pinned[pinned++];
	while (count > 0 && sorted[count - 1].kind == GPAL_KIND_RESERVED)
		count--;
	*map = (struct gpal_map){ .entries = sorted, .count = count, .kept = kept };
	return true;
}

/*
 * Allocates the lists. Each pinned range, kept range, window and extent of RAM adds at most one
 * free range, and so does the space that a post_mmio demand leaves below itself. A RAM demand has
 * at most one extent in each free range, and consecutive demands share at most one.
 */
static bool allocate_lists(struct gpald_placement *p)
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
	p->pinned = gpald_arena_alloc(p->arena, pinned, sizeof(*p->pinned));
	p->placed = gpald_arena_alloc(p->arena, p->placed_capacity, sizeof(*p->placed));
	p->order = gpald_arena_alloc(p->arena, 2 * order, sizeof(*p->order));
	p->order_scratch = p->order ? p->order + order : NULL;
	return p->pinned && p->placed && p->order &&
	       gpald_free_space_init(&p->free, p->arena, free_ranges) &&
	       gpald_free_space_init(&p->next_free, p->arena, free_ranges);
}

/* Notes which demands are kept. */
static bool note_kept(struct gpald_placement *p)
{
	if (p->kept.count == 0)
		return true;
	for (int kind = GPAL_KIND_MMIO32; kind < GPAL_KIND_COUNT; kind++) {
		p->is_kept[kind] = gpald_arena_zalloc(p->arena, p->demands[kind].count,
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

bool gpald_placement_init(struct gpald_placement *p)
{
	gpald_list_demands(p->input, p->demands);
	return allocate_lists(p) && note_kept(p);
}
