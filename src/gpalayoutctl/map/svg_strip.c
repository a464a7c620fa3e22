/* SPDX-License-Identifier: MIT */
/*
 * The strip at the left, which is to scale where the rows are not: one segment below
 * 4 GiB and one above, each with a scale of its own.
 */
#include "config.h"

#include "gpalayoutctl/map/cells.h"
#include "gpalayoutctl/map/number_text.h"
#include "gpalayoutctl/map/svg.h"

#include <stdio.h>
#include <string.h>

#define STEP_LEAST 480
#define TICKS_APART 140
#define TICK_CELLS 10
#define CUT_SHARE 8

struct segment {
	struct gpal_range range;
	struct gpal_range cut; /* a gap too large for the scale; empty: none */
	uint64_t cut_shown;    /* bytes of the scale that it takes */
	size_t first;          /* rows from here */
	size_t end;
	struct ctl_svg_place place;
};

static struct segment segment_of(const struct ctl_svg *svg, size_t first, size_t end)
{
	const struct ctl_map_row *rows = svg->rows.rows;
	struct segment segment = {
		.range = { rows[first].range.start, rows[end - 1].range.end },
		.first = first,
		.end = end,
		.place = { svg->boxes[end - 1].top, svg->boxes[first].bottom },
	};

	for (size_t i = first; i < end && first > 0; i++) {
		const uint64_t others = gpal_range_size(segment.range) - rows[i].size;

		if (!rows[i].count && rows[i].size > others) {
			segment.cut = rows[i].range;
			segment.cut_shown = others / CUT_SHARE;
		}
	}
	return segment;
}

static uint64_t shown(const struct segment *segment, uint64_t address)
{
	const uint64_t from_start = address - segment->range.start;

	if (gpal_range_is_empty(segment->cut) || address <= segment->cut.start)
		return from_start;
	return from_start - gpal_range_size(segment->cut) + segment->cut_shown;
}

static int y_of(const struct segment *segment, uint64_t address)
{
	const struct gpal_range all = { 0, shown(segment, segment->range.end) };

	return ctl_svg_scale(segment->place, all, shown(segment, address));
}

static struct ctl_svg_place place_of(const struct segment *segment, struct gpal_range range)
{
	return (struct ctl_svg_place){ y_of(segment, range.end), y_of(segment, range.start) };
}

static void append_connectors(const struct ctl_svg *svg, const struct segment *segment)
{
	for (size_t i = segment->first; i < segment->end; i++) {
		const struct ctl_map_row *row = &svg->rows.rows[i];
		const struct ctl_svg_place from = place_of(segment, row->range);
		const struct ctl_svg_place to = svg->boxes[i];

		if (row->count)
			ctl_svg_path(svg, LOOK(svg, CTL_SVG_TINT, row->paint),
				     "M95 " PX "C120 " PX " 125 " PX " 150 " PX "V" PX "C125 " PX
				     " 120 " PX " 95 " PX "z",
				     px(from.top), px(from.top), px(to.top), px(to.top),
				     px(to.bottom), px(to.bottom), px(from.bottom),
				     px(from.bottom));
	}
}

static void append_colour(const struct ctl_svg *svg, const struct segment *segment,
			  enum ctl_paint paint)
{
	struct ctl_svg_bands bands = { .left = STRIP_LEFT, .width = STRIP_WIDTH };
	const char *path;

	for (size_t i = segment->first; i < segment->end; i++) {
		const struct ctl_map_row *row = &svg->rows.rows[i];

		for (size_t j = 0; j < row->count; j++)
			if (row->ranges[j].paint == paint)
				ctl_svg_bands_add(&bands, place_of(segment, row->ranges[j].range));
	}
	path = ctl_svg_bands_end(&bands);
	if (*path) {
		ctl_svg_path(svg, LOOK(svg, CTL_SVG_STRONG, paint), "%s", path);
		ctl_svg_path(svg, LOOK(svg, CTL_SVG_PATTERN, paint), "%s", path);
	}
	ctl_svg_bands_free(&bands);
}

static void append_cut(const struct ctl_svg *svg, const struct segment *segment)
{
	const struct ctl_svg_place place = place_of(segment, segment->cut);
	const int y = (place.top + place.bottom) / 2 + 20;

	ctl_svg_path(svg, GROUND, "M66 " PX "l32-8v4l-32 8z", px(y));
	ctl_svg_path(svg, STRONG_LINE, "M66 " PX "l32-8m0 4l-32 8", px(y));
}

/* What stands at an address. Not every number is short enough to be exact there. */
static void set_tick_text(struct ctl_buffer *text, uint64_t address)
{
	text->len = 0;
	ctl_human_append(text, address);
	if (ctl_cells(text->data) > TICK_CELLS) {
		text->len = 0;
		ctl_buffer_puts(text, "≈ ");
		ctl_approx_append(text, address);
	}
}

static void append_tick(const struct ctl_svg *svg, int y, const struct ctl_buffer *text)
{
	ctl_svg_path(svg, THIN_LINE, "M64 " PX "h5", px(y));
	ctl_svg_text(svg, 620, y + 35, "10", MUTED " " AT_END, text->data);
}

/* The smallest power of two that is far enough from its multiples; 0: none is. */
static uint64_t step_of(const struct segment *segment)
{
	const uint64_t total = shown(segment, segment->range.end);
	const int height = segment->place.bottom - segment->place.top;

	for (unsigned int shift = 12; shift < 64; shift++)
		if (((unsigned __int128)height << shift) / total >= STEP_LEAST)
			return UINT64_C(1) << shift;
	return 0;
}

static uint64_t round_up(uint64_t address, uint64_t step)
{
	return address % step ? address - address % step + step : address;
}

/* The line of 4 GiB has a text of its own. Two ticks with one text say nothing. */
static void append_ticks(const struct ctl_svg *svg, const struct segment *segment)
{
	ctl_cleanup_buffer struct ctl_buffer top = { 0 };
	ctl_cleanup_buffer struct ctl_buffer text = { 0 };
	const uint64_t step = step_of(segment);
	int last = segment->place.bottom;

	set_tick_text(&text, segment->range.start);
	set_tick_text(&top, segment->range.end);
	if (segment->range.start != GPAL_4GIB)
		append_tick(svg, last, &text);
	if (segment->range.end != GPAL_4GIB)
		append_tick(svg, segment->place.top, &top);
	/* At the end of the address space the next multiple is 0. */
	for (uint64_t at = step ? round_up(segment->range.start + 1, step) : 0;
	     at > segment->range.start && at < segment->range.end; at += step) {
		int y;

		if (at > segment->cut.start && at < segment->cut.end) {
			at = round_up(segment->cut.end, step) - step;
			continue;
		}
		y = y_of(segment, at);
		set_tick_text(&text, at);
		if (last - y < TICKS_APART || y - segment->place.top < TICKS_APART ||
		    strcmp(text.data, top.data) == 0)
			continue;
		append_tick(svg, y, &text);
		last = y;
	}
}

static void append_segment(const struct ctl_svg *svg, size_t first, size_t end)
{
	const struct segment segment = segment_of(svg, first, end);
	char free_space[40];

	append_connectors(svg, &segment);
	snprintf(free_space, sizeof(free_space), "fill=\"url(#%s-gap)\"", svg->id);
	ctl_svg_rect(svg, free_space, STRIP_LEFT, STRIP_WIDTH, segment.place);
	for (enum ctl_paint paint = 0; paint < CTL_PAINT_COUNT; paint++)
		append_colour(svg, &segment, paint);
	ctl_svg_rect(svg, STRONG_LINE " stroke-width=\".8\"", STRIP_LEFT, STRIP_WIDTH,
		     segment.place);
	if (!gpal_range_is_empty(segment.cut))
		append_cut(svg, &segment);
	append_ticks(svg, &segment);
}

void ctl_svg_append_strip(const struct ctl_svg *svg)
{
	if (svg->rows.below)
		append_segment(svg, 0, svg->rows.below);
	if (svg->rows.below < svg->rows.count)
		append_segment(svg, svg->rows.below, svg->rows.count);
}
