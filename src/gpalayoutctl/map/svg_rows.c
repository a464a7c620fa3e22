/* SPDX-License-Identifier: MIT */
/*
 * The boxes of the rows: colours, tag, size, details, and what is inside a row. All texts
 * keep to the cells that they are given, so that none runs into another.
 */
#include "config.h"

#include "gpalayoutctl/map/cells.h"
#include "gpalayoutctl/map/number_text.h"
#include "gpalayoutctl/map/svg.h"
#include "gpalayoutctl/size_text.h"

#include <inttypes.h>
#include <string.h>

#define APART 100
#define TWO_LINES_LEAST 340 /* height of a row that has its details below the tag */
#define DETAILS_BELOW_CELLS 49
#define RUN_CELLS 44
#define DETAIL_CELL 63  /* 10.5 px */
#define TITLED_LEAST 10 /* height of a member that has a title of its own */
#define SIZE_LOOK "class=\"mo\" " AT_END

static int middle(struct ctl_svg_place box)
{
	return box.top + (box.bottom - box.top) / 2;
}

static int cells_between(int left, int right, int cell)
{
	return right > left ? (right - left) / cell : 0;
}

/* Where texts beside a size end. */
static int left_of(const struct ctl_buffer *size)
{
	return SIZE_END - (int)ctl_cells(size->data) * MONO_CELL - APART;
}

/* Returns where it ends. */
static int append_tag(const struct ctl_svg *svg, const char *tag, int y, int right)
{
	ctl_cleanup_buffer struct ctl_buffer text = { 0 };

	ctl_name_append(&text, tag, false);
	ctl_shorten(&text, (size_t)cells_between(TEXT_LEFT, right, TAG_CELL), "…");
	ctl_svg_text(svg, TEXT_LEFT, y, "12", "class=\"mo\" font-weight=\"600\"", text.data);
	return TEXT_LEFT + (int)ctl_cells(text.data) * TAG_CELL;
}

/* As markup, names are in a font that has cells. */
static void append_parts(struct ctl_buffer *out, const struct ctl_map_details *details, bool markup)
{
	for (size_t i = 0; i < details->count; i++) {
		ctl_buffer_printf(out, "%s%s", i ? ", " : "", details->parts[i].text);
		if (!details->parts[i].has_name)
			continue;
		ctl_buffer_puts(out, markup ? "<tspan class=\"mo\">" : "");
		ctl_svg_escape(out, ctl_buffer_text(&details->name));
		ctl_buffer_puts(out, markup ? "</tspan>" : "");
	}
}

static void append_details(const struct ctl_svg *svg, struct ctl_map_details *details, int x, int y,
			   int room)
{
	ctl_map_details_fit(details, (size_t)room, true);
	if (!details->count)
		return;
	ctl_svg_text_start(svg, x, y, "10.5", MUTED);
	append_parts(svg->out, details, true);
	ctl_buffer_puts(svg->out, "</text>\n");
}

static void append_range_texts(const struct ctl_svg *svg, const struct ctl_map_row *row,
			       struct ctl_svg_place box, struct ctl_map_details *details)
{
	const bool two_lines = details->count && box.bottom - box.top >= TWO_LINES_LEAST;
	const int y = middle(box) + (two_lines ? -25 : 42);
	ctl_cleanup_buffer struct ctl_buffer size = { 0 };
	int tag_end;

	ctl_full_size_append(&size, row->size);
	ctl_svg_text(svg, SIZE_END, y, "11", SIZE_LOOK, size.data);
	tag_end = append_tag(svg, row->ranges->tag, y, left_of(&size)) + APART;
	if (two_lines)
		append_details(svg, details, TEXT_LEFT, middle(box) + 115, DETAILS_BELOW_CELLS);
	else
		append_details(svg, details, tag_end, y,
			       cells_between(tag_end, left_of(&size), DETAIL_CELL));
}

static void append_run_texts(const struct ctl_svg *svg, const struct ctl_map_row *row,
			     struct ctl_svg_place box)
{
	ctl_cleanup_buffer struct ctl_buffer size = { 0 };
	const int y = middle(box) + 40;
	int room;

	ctl_short_size_append(&size, row->size);
	room = cells_between(TEXT_LEFT, left_of(&size), MONO_CELL);
	append_tag(svg, row->ranges[row->count - 1].tag, box.top + 160, SIZE_END);
	append_tag(svg, row->ranges[0].tag, box.bottom - 75, SIZE_END);
	ctl_svg_text_start(svg, TEXT_LEFT, y, "11", MUTED);
	ctl_map_run_append(svg->out, row, (size_t)(room < RUN_CELLS ? room : RUN_CELLS));
	ctl_buffer_puts(svg->out, "</text>\n");
	ctl_svg_text(svg, SIZE_END, y, "11", SIZE_LOOK, size.data);
}

static void append_member(const struct ctl_svg *svg, const struct ctl_map_range *range,
			  struct ctl_svg_place place)
{
	ctl_buffer_printf(svg->out, "<path d=\"M494 " PX "h12v" PX "h-12z\"><title>", px(place.top),
			  px(place.bottom - place.top));
	ctl_svg_escape(svg->out, range->tag);
	ctl_buffer_puts(svg->out, ", ");
	ctl_size_append(svg->out, gpal_range_size(range->range));
	ctl_buffer_printf(svg->out, "\n0x%" PRIx64 " to 0x%" PRIx64 "</title></path>\n",
			  range->range.start, range->range.end);
}

/* The members of a run in one shade: RAM has one a node, others have two in turn. */
static void append_shade(const struct ctl_svg *svg, const struct ctl_map_row *row,
			 struct ctl_svg_place box, enum ctl_paint paint, size_t turn)
{
	const size_t turns = ctl_paint_class(paint) == CTL_PAINT_RAM ? 1 : 2;
	struct ctl_svg_bands bands = { .left = INNER_LEFT, .width = INNER_WIDTH };
	const size_t before = svg->out->len;
	size_t content;
	const char *path;

	ctl_buffer_printf(svg->out, "<g %s%s>\n", LOOK(svg, CTL_SVG_STRONG, paint),
			  turn ? " opacity=\".55\"" : "");
	content = svg->out->len;
	for (size_t i = 0; i < row->count; i++) {
		const struct gpal_range range = row->ranges[i].range;
		const struct ctl_svg_place place = { ctl_svg_scale(box, row->range, range.end),
						     ctl_svg_scale(box, row->range, range.start) };

		if (row->ranges[i].paint != paint || i % turns != turn)
			continue;
		if (place.bottom - place.top >= TITLED_LEAST)
			append_member(svg, &row->ranges[i], place);
		else
			ctl_svg_bands_add(&bands, place);
	}
	path = ctl_svg_bands_end(&bands);
	if (*path)
		ctl_buffer_printf(svg->out, "<path d=\"%s\"/>\n", path);
	if (svg->out->len > content)
		ctl_buffer_puts(svg->out, "</g>\n");
	else
		svg->out->len = before;
	ctl_svg_bands_free(&bands);
}

static void append_look(const struct ctl_svg *svg, const struct ctl_map_row *row,
			struct ctl_svg_place box)
{
	ctl_svg_rect(svg, LOOK(svg, CTL_SVG_TINT, row->paint), BOX_LEFT, BOX_WIDTH, box);
	ctl_svg_rect(svg, LOOK(svg, CTL_SVG_STRONG, row->paint), BOX_LEFT, SPINE_WIDTH, box);
	ctl_svg_rect(svg, LOOK(svg, CTL_SVG_PATTERN, row->paint), BOX_LEFT, SPINE_WIDTH, box);
	for (enum ctl_paint paint = 0; row->count > 1 && paint < CTL_PAINT_COUNT; paint++)
		for (size_t turn = 0; turn < 2; turn++)
			append_shade(svg, row, box, paint, turn);
	ctl_svg_rect(svg, LOOK(svg, CTL_SVG_EDGE, row->paint), BOX_LEFT, BOX_WIDTH, box);
	if (row->paint == CTL_PAINT_RESERVED) {
		ctl_buffer_puts(svg->out, "<g opacity=\".3\">");
		ctl_svg_path(svg, LOOK(svg, CTL_SVG_EDGE, row->paint),
			     "M166 " PX "L506 " PX "M506 " PX "L166 " PX, px(box.top),
			     px(box.bottom), px(box.top), px(box.bottom));
		ctl_buffer_puts(svg->out, "</g>\n");
	}
}

static void append_title(const struct ctl_svg *svg, const struct ctl_map_row *row,
			 const struct ctl_map_details *details)
{
	struct ctl_buffer *out = svg->out;

	ctl_buffer_puts(out, "<title>");
	if (!row->count) {
		ctl_buffer_puts(out, "free");
	} else if (row->count == 1) {
		ctl_svg_escape(out, row->ranges->tag);
	} else {
		ctl_buffer_printf(out, "%zu ranges, ", row->count);
		ctl_svg_escape(out, row->ranges->tag);
		ctl_buffer_puts(out, " to ");
		ctl_svg_escape(out, row->ranges[row->count - 1].tag);
	}
	ctl_buffer_printf(out, "\n0x%" PRIx64 " to 0x%" PRIx64 "\n", row->range.start,
			  row->range.end);
	ctl_full_size_append(out, row->size);
	if (row->count == 1)
		ctl_buffer_printf(out, ", %s", gpal_kind_name(row->ranges->kind));
	if (details->count) {
		ctl_buffer_puts(out, "\n");
		append_parts(out, details, false);
	}
	ctl_buffer_puts(out, "</title>\n");
}

static void append_gap(const struct ctl_svg *svg, const struct ctl_map_row *row,
		       struct ctl_svg_place box, bool is_limit)
{
	ctl_cleanup_buffer struct ctl_buffer size = { 0 };
	const int y = middle(box);

	ctl_human_append(&size, row->size);
	ctl_svg_gap_rect(svg, BOX_LEFT, BOX_WIDTH, box);
	ctl_svg_text(svg, TEXT_LEFT, y + 40, "11", MUTED,
		     is_limit ? "free, up to the host’s limit" : "free");
	ctl_svg_text(svg, SIZE_END, y + 40, "11", MUTED_MONO " " AT_END, size.data);
	if (is_limit) {
		ctl_svg_path(svg, GROUND, "M145 " PX "l10-6v4l-10 6z", px(y + 25));
		ctl_svg_path(svg, STRONG_LINE, "M145 " PX "l10-6m0 4l-10 6", px(y + 25));
	}
}

static void append_row(const struct ctl_svg *svg, const struct ctl_map_row *row,
		       struct ctl_svg_place box, bool is_limit)
{
	ctl_cleanup_details struct ctl_map_details details = { .count = 0 };

	if (row->count == 1)
		ctl_map_details_make(&details, svg->map->layout, row->ranges, false);
	if (row->count)
		ctl_buffer_printf(svg->out, "<g data-ranges=\"%zu\">", row->count);
	else
		ctl_buffer_puts(svg->out, "<g>");
	append_title(svg, row, &details);
	if (row->count)
		append_look(svg, row, box);
	if (!row->count)
		append_gap(svg, row, box, is_limit);
	else if (row->count == 1)
		append_range_texts(svg, row, box, &details);
	else
		append_run_texts(svg, row, box);
	if (row->devices)
		ctl_svg_append_devices(svg, row, box);
	ctl_buffer_puts(svg->out, "</g>\n");
}

/* VTL2 is another world than what stands around it. */
static void append_brackets(const struct ctl_svg *svg)
{
	size_t end;

	for (size_t i = 0; i < svg->rows.count; i = end + 1) {
		const int bottom = svg->boxes[i].bottom;
		int top = bottom;

		for (end = i; end < svg->rows.count && svg->rows.rows[end].count &&
			      svg->rows.rows[end].paint == CTL_PAINT_VTL2;
		     end++)
			top = svg->boxes[end].top;
		if (end == i)
			continue;
		ctl_svg_path(svg, LOOK(svg, CTL_SVG_EDGE, CTL_PAINT_VTL2),
			     "M770 " PX "h6V" PX "h-6", px(top + 20), px(bottom - 20));
		ctl_buffer_printf(svg->out,
				  "<text " MUTED " " BOLD " text-anchor=\"middle\" "
				  "transform=\"translate(791 " PX ") rotate(-90)\">VTL2</text>\n",
				  px((top + bottom) / 2));
	}
}

void ctl_svg_append_rows(const struct ctl_svg *svg)
{
	for (size_t i = svg->rows.count + svg->rows.has_limit; i-- > 0;)
		append_row(svg, &svg->rows.rows[i], svg->boxes[i], i == svg->rows.count);
	append_brackets(svg);
}
