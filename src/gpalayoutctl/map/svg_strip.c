/* SPDX-License-Identifier: MIT */
/* A gap that would take nearly all of a segment is cut, and its ticks are omitted. */
#include "config.h"

#include "gpalayoutctl/map/svg_strip.h"

#include "gpalayoutctl/map/text.h"

#include <string.h>

#define STEP_LEAST 480
#define TICKS_APART 140
#define TICK_CELLS 10
#define CUT_SHARE 8

struct segment {
	struct gpal_range range;
	struct gpal_range cut; /* a gap too large for the scale; empty: none */
	uint64_t cut_shown;    /* bytes of the scale that it takes */
	const struct ctl_map_row *rows;
	size_t count;
	struct ctl_place place;
};

static struct segment segment_of(const struct ctl_map_row *rows, size_t count)
{
	const struct ctl_map_row *last = &rows[count - 1];
	struct segment segment = {
		.range = { rows->range.start, last->range.end },
		.rows = rows,
		.count = count,
		.place = { last->box.top, rows->box.bottom },
	};

	for (size_t i = 0; i < count && rows->range.start > 0; i++) {
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

static struct ctl_place place_of(const struct segment *segment, struct gpal_range range)
{
	const struct gpal_range all = { 0, shown(segment, segment->range.end) };
	const struct gpal_range part = { shown(segment, range.start), shown(segment, range.end) };

	return ctl_svg_scale(segment->place, all, part);
}

static void append_connectors(struct ctl_svg *svg, const struct segment *segment)
{
	for (size_t i = 0; i < segment->count; i++) {
		const struct ctl_map_row *row = &segment->rows[i];
		const struct ctl_place from = place_of(segment, row->range);

		if (row->count)
			ctl_svg_path(svg, ctl_paints[row->paint].tint,
				     "M95 " PX "C120 " PX " 125 " PX " 150 " PX "V" PX "C125 " PX
				     " 120 " PX " 95 " PX "z",
				     px(from.top), px(from.top), px(row->box.top), px(row->box.top),
				     px(row->box.bottom), px(row->box.bottom), px(from.bottom),
				     px(from.bottom));
	}
}

static void append_colour(struct ctl_svg *svg, const struct segment *segment, enum ctl_paint paint)
{
	struct ctl_svg_bands bands = { .left = STRIP_LEFT, .width = STRIP_WIDTH };
	const struct ctl_paint_row *look = &ctl_paints[paint];
	const char *path;

	for (size_t i = 0; i < segment->count; i++) {
		const struct ctl_map_row *row = &segment->rows[i];

		for (size_t j = 0; j < row->count; j++)
			if (row->ranges[j].paint == paint)
				ctl_svg_bands_add(&bands, place_of(segment, row->ranges[j].range));
	}
	path = ctl_svg_bands_end(&bands);
	if (*path)
		ctl_svg_path(svg, look->strong, "%s", path);
	if (*path && look->pattern)
		ctl_svg_path(svg, ctl_svg_pattern(svg, look->id).text, "%s", path);
	ctl_buffer_free(&bands.path);
}

static void append_cut(struct ctl_svg *svg, const struct segment *segment)
{
	const struct ctl_place place = place_of(segment, segment->cut);
	const int y = (place.top + place.bottom) / 2 + 20;

	ctl_svg_path(svg, GROUND, "M66 " PX "l32-8v4l-32 8z", px(y));
	ctl_svg_path(svg, STRONG_LINE, "M66 " PX "l32-8m0 4l-32 8", px(y));
}

/* Not every exact number is short enough. */
static struct ctl_number tick_text(uint64_t address)
{
	const struct ctl_number human = ctl_number(CTL_HUMAN, address);

	return ctl_cells(human.text) > TICK_CELLS ? ctl_number(CTL_ROUNDED, address) : human;
}

static void append_tick(struct ctl_svg *svg, int y, const char *text)
{
	ctl_svg_path(svg, THIN_LINE, "M64 " PX "h5", px(y));
	ctl_svg_text(svg, 620, y + 35, "10", MUTED " " AT_END, "%s", text);
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
static void append_ticks(struct ctl_svg *svg, const struct segment *segment)
{
	const struct ctl_number top = tick_text(segment->range.end);
	const uint64_t step = step_of(segment);
	int last = segment->place.bottom;

	if (segment->range.start != GPAL_4GIB)
		append_tick(svg, last, tick_text(segment->range.start).text);
	if (segment->range.end != GPAL_4GIB)
		append_tick(svg, segment->place.top, top.text);
	/* At the end of the address space the next multiple is 0. */
	for (uint64_t at = step ? round_up(segment->range.start + 1, step) : 0;
	     at > segment->range.start && at < segment->range.end; at += step) {
		const struct ctl_number text = tick_text(at);
		int y;

		if (at > segment->cut.start && at < segment->cut.end) {
			at = round_up(segment->cut.end, step) - step;
			continue;
		}
		y = place_of(segment, (struct gpal_range){ at, at }).top;
		if (last - y < TICKS_APART || y - segment->place.top < TICKS_APART ||
		    strcmp(text.text, top.text) == 0)
			continue;
		append_tick(svg, y, text.text);
		last = y;
	}
}

static void append_segment(struct ctl_svg *svg, const struct ctl_map_row *rows, size_t count)
{
	const struct segment segment = segment_of(rows, count);

	append_connectors(svg, &segment);
	ctl_svg_rect(svg, ctl_svg_pattern(svg, "gap").text, STRIP_LEFT, STRIP_WIDTH, segment.place);
	for (enum ctl_paint paint = 0; paint < CTL_PAINT_COUNT; paint++)
		append_colour(svg, &segment, paint);
	ctl_svg_rect(svg, STRONG_LINE " stroke-width=\".8\"", STRIP_LEFT, STRIP_WIDTH,
		     segment.place);
	if (!gpal_range_is_empty(segment.cut))
		append_cut(svg, &segment);
	append_ticks(svg, &segment);
}

void ctl_svg_append_strip(struct ctl_svg *svg)
{
	const struct ctl_map_rows *rows = &svg->rows;

	if (rows->below)
		append_segment(svg, rows->rows, rows->below);
	if (rows->below < rows->count)
		append_segment(svg, rows->rows + rows->below, rows->count - rows->below);
}
