/* SPDX-License-Identifier: MIT */
/*
 * The phases of RAM and of post_mmio. Each places its demands in the space that earlier phases left
 * free, and records its steps if there is a trace. The phases of windows are in windows.c.
 */
#include "config.h"

#include "core/placement.h"

#include "core/checked.h"
#include "core/error.h"

/*
 * Moves the free ranges below the end of a kept range to `next_free`, because later RAM goes
 * above that end. No free range crosses it.
 */
static size_t move_below_to_next(struct gpald_placement *p, size_t current, uint64_t floor)
{
	struct gpal_range *ranges = p->free.ranges;

	while (current < p->free.count && ranges[current].end <= floor)
		gpald_free_space_append(&p->next_free, ranges[current++]);
	return current;
}

/* The steps of a trace. */

/* Records the free ranges below the floor, if there is a trace. */
static void trace_below(struct gpald_trace *trace, const struct gpald_free_space *space)
{
	for (size_t i = 0; trace && i < space->count && !gpald_trace_is_full(trace); i++)
		gpald_trace_record_below(trace, space->ranges[i]);
}

static void trace_passed(struct gpald_trace *trace, struct gpal_range free, uint64_t floor,
			 uint64_t needed, uint64_t alignment)
{
	if (trace && free.start < floor)
		gpald_trace_record_below(trace, free);
	else if (trace)
		gpald_trace_record_passed(trace, free, needed, alignment);
}

/* Records an extent. If no more bytes are needed, it is the last one, and the step is closed. */
static void trace_chosen_range(struct gpald_trace *trace, struct gpal_range free, uint64_t start,
			       uint64_t size, uint64_t still_needed)
{
	const struct gpal_range range = { start, start + size };

	gpald_trace_record_chosen(trace, range, free,
				  start - free.start +
					  (still_needed > 0 ? free.end - range.end : 0));
	if (still_needed == 0)
		gpald_trace_close_step(trace, false);
}

/* The low RAM window must start at 0, so only a free range that starts there is a place for it. */
static struct gpald_free_summary summarize_low_ram_window(const struct gpald_placement *p,
							  struct gpal_range window)
{
	const uint64_t alignment = p->input->ram->alignment;
	struct gpald_free_summary summary = { 0 };

	if (p->free.count > 0 && p->free.ranges[0].start == 0)
		gpald_free_summary_add(&summary, gpald_range_clip(p->free.ranges[0], window),
				       alignment);
	summary.total = gpald_free_space_summary(&p->free, window, alignment).total;
	return summary;
}

/* Places the low RAM window, which is the first demand and must start at 0. */
static int place_low_ram_window(struct gpald_placement *p)
{
	const struct gpal_range window = { 0, p->low_ram_window };
	struct gpal_range *first = p->free.ranges;
	struct gpald_trace *trace =
		p->trace ? gpald_placement_open_step(p, GPAL_KIND_RAM, 0, window) : NULL;

	if (p->free.count == 0 || first->start > 0 || first->end < window.end)
		return gpald_placement_fail_exhausted(p, GPAL_KIND_RAM, 0,
						      summarize_low_ram_window(p, window));
	gpald_placement_record(p, GPAL_KIND_RAM, 0, window);
	if (trace) {
		gpald_trace_set_rule(trace, GPAL_RULE_LOW_WINDOW);
		trace_chosen_range(trace, *first, 0, p->low_ram_window, 0);
	}
	first->start = window.end;
	return GPAL_OK;
}

/*
 * Each demand continues where the one before it ended, so one pass over the free ranges places all.
 * The free ranges change only after all extents of a demand are found, because the error of a
 * demand that fails reports the space as it was.
 */
int gpald_place_ram(struct gpald_placement *p)
{
	struct gpald_free_space *free = &p->free;
	size_t current = 0; /* the first free range in which the next demand may start */
	uint64_t floor = 0; /* lowest address at which it may start */
	size_t first = 0;   /* first demand that is not placed yet */

	if (p->input->ram_count == 0)
		return GPAL_OK;
	if (p->low_ram_window > 0 && !gpald_placement_keeps(p, GPAL_KIND_RAM, 0)) {
		int code = place_low_ram_window(p);

		if (code)
			return code;
		floor = p->low_ram_window;
		first = 1;
	}
	for (size_t i = first; i < p->input->ram_count; i++) {
		const struct gpal_demand *demand = &p->input->ram[i];
		const size_t first_extent = p->placed_count;
		uint64_t remaining = demand->size;
		struct gpald_trace *trace;

		if (gpald_placement_keeps(p, GPAL_KIND_RAM, i)) {
			current = move_below_to_next(p, current, p->kept_ram_end[i]);
			if (p->kept_ram_end[i] > floor)
				floor = p->kept_ram_end[i];
			continue;
		}
		trace = p->trace ? gpald_placement_open_step(
					   p, GPAL_KIND_RAM, i,
					   (struct gpal_range){ floor, GPAL_SPACE_END }) :
				   NULL;
		trace_below(trace, &p->next_free);
		for (size_t r = current; r < free->count && remaining > 0; r++) {
			uint64_t usable = gpald_range_usable(free->ranges[r], demand->alignment);
			uint64_t start = free->ranges[r].end - usable;
			uint64_t taken = usable >= remaining ?
						 remaining :
						 gpald_align_down(usable, demand->alignment);

			if (taken == 0) {
				if (trace)
					gpald_trace_record_passed(trace, free->ranges[r],
								  remaining < demand->alignment ?
									  remaining :
									  demand->alignment,
								  demand->alignment);
				continue;
			}
			gpald_placement_record(p, GPAL_KIND_RAM, i,
					       (struct gpal_range){ start, start + taken });
			remaining -= taken;
			if (trace)
				trace_chosen_range(trace, free->ranges[r], start, taken, remaining);
		}
		if (remaining > 0) {
			const struct gpald_free_space ahead = { .ranges = free->ranges + current,
								.count = free->count - current };
			const struct gpal_range all = { 0, GPAL_SPACE_END };

			p->placed_count = first_extent;
			return gpald_placement_fail_exhausted(
				p, GPAL_KIND_RAM, i,
				gpald_free_space_summary(&ahead, all, demand->alignment));
		}
		floor = p->placed[p->placed_count - 1].range.end;

		for (size_t e = first_extent; e < p->placed_count; e++) {
			const struct gpal_range extent = p->placed[e].range;

			while (free->ranges[current].end <= extent.start)
				gpald_free_space_append(&p->next_free, free->ranges[current++]);
			gpald_free_space_append(
				&p->next_free,
				(struct gpal_range){ free->ranges[current].start, extent.start });
			free->ranges[current].start = extent.end;
		}
	}
	while (current < free->count)
		gpald_free_space_append(&p->next_free, free->ranges[current++]);
	gpald_placement_use_next_free(p);
	return GPAL_OK;
}

/* If there is a trace, keeps a free range that is below the next floor, to record it later. */
static void keep_below_for_trace(struct gpald_placement *p, struct gpal_range free)
{
	if (p->trace)
		gpald_free_space_append(&p->next_free, free);
}

/*
 * Each demand goes above all placed ranges, so the free ranges that one demand passes are below the
 * floor of the next, and one pass places all. No free range crosses a floor, because the floor is
 * the end of a range.
 */
int gpald_place_post_mmio(struct gpald_placement *p)
{
	struct gpal_range *ranges = p->free.ranges;
	size_t current = 0;

	if (p->input->post_mmio_count == 0)
		return GPAL_OK;
	for (size_t i = 0; i < p->input->post_mmio_count; i++) {
		const struct gpal_demand *demand = &p->input->post_mmio[i];
		const struct gpal_range region = { p->top, GPAL_SPACE_END };
		struct gpald_trace *trace;
		uint64_t usable = 0;

		if (gpald_placement_keeps(p, GPAL_KIND_POST_MMIO, i))
			continue;
		trace = p->trace ? gpald_placement_open_step(p, GPAL_KIND_POST_MMIO, i, region) :
				   NULL;
		trace_below(trace, &p->next_free);
		for (; current < p->free.count; current++) {
			usable = ranges[current].start < p->top ?
					 0 :
					 gpald_range_usable(ranges[current], demand->alignment);
			if (usable >= demand->size)
				break;
			trace_passed(trace, ranges[current], p->top, demand->size,
				     demand->alignment);
			keep_below_for_trace(p, ranges[current]);
		}
		if (current == p->free.count)
			return gpald_placement_fail_exhausted(
				p, GPAL_KIND_POST_MMIO, i,
				gpald_free_space_summary(&p->free, region, demand->alignment));

		const struct gpal_range free = ranges[current];
		const uint64_t start = free.end - usable;

		gpald_placement_record(p, GPAL_KIND_POST_MMIO, i,
				       (struct gpal_range){ start, start + demand->size });
		if (trace)
			trace_chosen_range(trace, free, start, demand->size, 0);
		keep_below_for_trace(p, (struct gpal_range){ free.start, start });
		ranges[current].start = start + demand->size;
	}
	return GPAL_OK;
}
