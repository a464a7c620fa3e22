/* SPDX-License-Identifier: MIT */
/*
 * Draws rows and the addresses beside them. The width of a text is its number of cells, each 0.605
 * em in a monospace font and otherwise 0.6 em, rounded up.
 */
#include "config.h"

#include "gpalayoutctl/map/svg_elements.h"

#include "gpalayoutctl/size_text.h"
#include "gpalayoutctl/terminal_text.h"

#include <inttypes.h>
#include <string.h>

#define TAG_CELL 73  /* 12 px */
#define MONO_CELL 67 /* 11 px */
#define DETAIL_CELL 63
#define SMALL_CELL 61 /* 10 px */
#define BOX_END (BOX_LEFT + BOX_WIDTH)
#define SPINE_WIDTH 160
#define TEXT_LEFT 1760
#define INNER_LEFT 4940
#define INNER_WIDTH 120
#define APART 100
#define TWO_LINES_LEAST 340 /* height of a row that has its details below the tag */
#define DETAILS_BELOW_CELLS 49
#define RUN_CELLS 44
#define TITLED_LEAST 10 /* height of a member that has a title of its own */
#define HEX_GROUP 4     /* digits */
#define GROUPS_APART 35 /* the dx of the markup */
#define BEFORE_HEX 60
#define HUMAN_CELLS 23 /* up to the edge of the figure */
#define DEVICES_APART 130
#define MONO_AT_END MONO " " AT_END

static int middle_of_box(struct ctl_place box)
{
	return box.top + (box.bottom - box.top) / 2;
}

static int cells_between(int left, int right, int cell)
{
	return right > left ? (right - left) / cell : 0;
}

/* Returns the x at which texts to the left of a size must end. */
static int left_of(const struct ctl_number_text *size)
{
	return SIZE_END - (int)ctl_text_cells(size->text) * MONO_CELL - APART;
}

/* Returns the x at which the tag ends. */
static int append_tag(struct ctl_svg *svg, const char *tag, int y, int right)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };

	ctl_name_append(&text, tag, false);
	ctl_shorten(&text, (size_t)cells_between(TEXT_LEFT, right, TAG_CELL), false);
	ctl_svg_text(svg, TEXT_LEFT, y, "12", MONO " font-weight=\"600\"", "%s", text.data);
	return TEXT_LEFT + (int)ctl_text_cells(text.data) * TAG_CELL;
}

/* Names are in a monospace font. The texts around them need no escaping. */
static void append_svg_details(struct ctl_svg *svg, const struct ctl_row *row, int x, int y,
			       int room)
{
	struct ctl_details details = row->details;
	ctl_cleanup_buffer struct gpald_bytes name = { 0 };
	ctl_cleanup_buffer struct gpald_bytes markup = { 0 };

	ctl_drop_details(&details, &name, (size_t)room, false, true);
	ctl_buffer_puts(&markup, details.before);
	if (name.length) {
		ctl_buffer_puts(&markup, "<tspan " MONO ">");
		ctl_svg_escape(&markup, name.data);
		ctl_buffer_puts(&markup, "</tspan>");
	}
	ctl_buffer_puts(&markup, details.rest);
	if (markup.length)
		ctl_svg_markup(svg, x, y, row->count > 1 ? "11" : "10.5", MUTED, markup.data);
}

static void append_range_texts(struct ctl_svg *svg, const struct ctl_row *row)
{
	const bool has_details = row->details.name || *row->details.rest;
	const bool two_lines = has_details && row->box.bottom - row->box.top >= TWO_LINES_LEAST;
	const int y = middle_of_box(row->box) + (two_lines ? -25 : 42);
	const struct ctl_number_text size = ctl_number_text(CTL_NUMBER_FULL, row->size);
	int tag_end;

	ctl_svg_text(svg, SIZE_END, y, "11", MONO_AT_END, "%s", size.text);
	tag_end = append_tag(svg, row->ranges->entry.tag, y, left_of(&size)) + APART;
	if (two_lines)
		append_svg_details(svg, row, TEXT_LEFT, y + 140, DETAILS_BELOW_CELLS);
	else
		append_svg_details(svg, row, tag_end, y,
				   cells_between(tag_end, left_of(&size), DETAIL_CELL));
}

static void append_run_texts(struct ctl_svg *svg, const struct ctl_row *row)
{
	const struct ctl_number_text size = ctl_number_text(CTL_NUMBER_SHORT, row->size);
	const int room = cells_between(TEXT_LEFT, left_of(&size), MONO_CELL);
	const int y = middle_of_box(row->box) + 40;

	append_tag(svg, row->ranges[row->count - 1].entry.tag, row->box.top + 160, SIZE_END);
	append_tag(svg, row->ranges->entry.tag, row->box.bottom - 75, SIZE_END);
	append_svg_details(svg, row, TEXT_LEFT, y, room < RUN_CELLS ? room : RUN_CELLS);
	ctl_svg_text(svg, SIZE_END, y, "11", MONO_AT_END, "%s", size.text);
}

static void append_gap_texts(struct ctl_svg *svg, const struct ctl_row *row, bool is_limit)
{
	const int y = middle_of_box(row->box);

	ctl_svg_text(svg, TEXT_LEFT, y + 40, "11", MUTED, "free%s",
		     is_limit ? ", up to the host’s limit" : "");
	ctl_svg_text(svg, SIZE_END, y + 40, "11", MUTED_MONO " " AT_END, "%s",
		     ctl_number_text(CTL_NUMBER_HUMAN, row->size).text);
	if (is_limit) {
		ctl_svg_path(svg, GROUND, "M145 " PX "l10-6v4l-10 6z", px(y + 25));
		ctl_svg_path(svg, STRONG_LINE, "M145 " PX "l10-6m0 4l-10 6", px(y + 25));
	}
}

static void append_svg_member(struct ctl_svg *svg, const struct ctl_range *member,
			      struct ctl_place place)
{
	const struct gpal_range range = member->entry.range;

	svg_printf(svg, "<path d=\"M494 " PX "h12v" PX "h-12z\"><title>", px(place.top),
		   px(place.bottom - place.top));
	ctl_svg_escape(&svg->out, member->entry.tag);
	svg_printf(svg, ", %s\n0x%" PRIx64 " to 0x%" PRIx64 "</title></path>\n",
		   ctl_number_text(CTL_NUMBER_EXACT, gpal_range_size(range)).text, range.start,
		   range.end);
}

/*
 * Draws the ranges of a run that have this shade. RAM has four shades, by node. Each other class
 * has two, which alternate from range to range; `turn` says which.
 */
static void append_shade(struct ctl_svg *svg, const struct ctl_row *row, enum ctl_paint paint,
			 size_t turn)
{
	const size_t turns = ctl_paint_class(paint) == CTL_PAINT_RAM ? 1 : 2;
	struct ctl_svg_bands bands = { .left = INNER_LEFT, .width = INNER_WIDTH };
	const size_t before = svg->out.length;
	size_t content;

	svg_printf(svg, "<g %s%s>\n", ctl_paints[paint].strong_attributes,
		   turn ? " opacity=\".55\"" : "");
	content = svg->out.length;
	for (size_t i = turn; i < row->count; i += turns) {
		const struct ctl_range *member = &row->ranges[i];
		const struct ctl_place place =
			ctl_svg_scale(row->box, row->range, member->entry.range);

		if (member->paint == paint && place.bottom - place.top >= TITLED_LEAST)
			append_svg_member(svg, member, place);
		else if (member->paint == paint)
			ctl_svg_bands_add(&bands, place);
	}
	if (*ctl_svg_bands_end(&bands))
		svg_printf(svg, "<path d=\"%s\"/>\n", bands.path.data);
	if (svg->out.length > content)
		svg_printf(svg, "</g>\n");
	else
		svg->out.length = before;
	ctl_buffer_free(&bands.path);
}

static void append_box(struct ctl_svg *svg, const struct ctl_row *row)
{
	const struct ctl_paint_style *style = &ctl_paints[row->paint];
	const struct ctl_place box = row->box;

	ctl_svg_rect(svg, style->tint_attributes, BOX_LEFT, BOX_WIDTH, box);
	ctl_svg_painted_rect(svg, row->paint, BOX_LEFT, SPINE_WIDTH, box);
	for (enum ctl_paint paint = 0; row->count > 1 && paint < CTL_PAINT_COUNT; paint++) {
		append_shade(svg, row, paint, 0);
		if (ctl_paint_class(paint) != CTL_PAINT_RAM)
			append_shade(svg, row, paint, 1);
	}
	ctl_svg_rect(svg, style->edge_attributes, BOX_LEFT, BOX_WIDTH, box);
	if (row->paint == CTL_PAINT_RESERVED) {
		svg_printf(svg, "<g opacity=\".3\">");
		ctl_svg_path(svg, style->edge_attributes,
			     "M166 " PX "L506 " PX "M506 " PX "L166 " PX, px(box.top),
			     px(box.bottom), px(box.top), px(box.bottom));
		svg_printf(svg, "</g>\n");
	}
}

void ctl_svg_append_row_name(struct gpald_bytes *out, const struct ctl_row *row, const char *apart)
{
	if (row->count > 1)
		ctl_buffer_printf(out, "%zu ranges%s", row->count, apart);
	ctl_svg_escape(out, row->count ? row->ranges->entry.tag : "free");
	if (row->count > 1) {
		ctl_buffer_puts(out, " to ");
		ctl_svg_escape(out, row->ranges[row->count - 1].entry.tag);
	}
}

static void append_title(struct ctl_svg *svg, const struct ctl_row *row)
{
	struct ctl_details details = row->details;
	ctl_cleanup_buffer struct gpald_bytes name = { 0 };

	svg_printf(svg, "<title>");
	ctl_svg_append_row_name(&svg->out, row, ", ");
	svg_printf(svg, "\n0x%" PRIx64 " to 0x%" PRIx64 "\n%s", row->range.start, row->range.end,
		   ctl_number_text(CTL_NUMBER_FULL, row->size).text);
	if (row->count == 1) {
		ctl_drop_details(&details, &name, SIZE_MAX, false, false);
		svg_printf(svg, ", %s%s%s", gpal_kind_name(row->ranges->entry.kind),
			   details.name || *details.rest ? "\n" : "", details.before);
		ctl_svg_escape(&svg->out, ctl_buffer_text(&name));
		ctl_buffer_puts(&svg->out, details.rest);
	}
	svg_printf(svg, "</title>\n");
}

/* Returns the x at which a line to an address ends. */
static int left_of_hex(uint64_t address, int cell)
{
	const int length = (int)strlen(ctl_number_text(CTL_NUMBER_HEX, address).text);

	return HEX_END - length * cell - (length - 3) / HEX_GROUP * GROUPS_APART - BEFORE_HEX;
}

static void append_hex(struct ctl_svg *svg, int y, const char *size, const char *look,
		       uint64_t address)
{
	const struct ctl_number_text hex = ctl_number_text(CTL_NUMBER_HEX, address);
	const size_t length = strlen(hex.text);
	const size_t head = length - (length - 3) / HEX_GROUP * HEX_GROUP;
	ctl_cleanup_buffer struct gpald_bytes markup = { 0 };

	ctl_buffer_append(&markup, hex.text, head);
	for (size_t at = head; at < length; at += HEX_GROUP)
		ctl_buffer_printf(&markup, "<tspan dx=\"3.5\">%.*s</tspan>", HEX_GROUP,
				  hex.text + at);
	ctl_svg_markup(svg, HEX_END, y, size, look, markup.data);
}

/*
 * Moves the texts of devices away from their true places, so that they keep a distance from each
 * other and from the edges of the box.
 */
static void place_devices(int *at, size_t count, struct ctl_place box)
{
	int limit = box.bottom - DEVICES_APART;

	for (size_t i = 0; i < count; i++) {
		at[i] = at[i] < limit ? at[i] : limit;
		limit = at[i] - DEVICES_APART;
	}
	limit = box.top + DEVICES_APART;
	for (size_t i = count; i-- > 0;) {
		at[i] = at[i] > limit ? at[i] : limit;
		limit = at[i] + DEVICES_APART;
	}
}

static void append_svg_devices(struct ctl_svg *svg, const struct ctl_row *row)
{
	const struct ctl_device *devices = row->devices;
	int at[CTL_DEVICE_COUNT], true_y[CTL_DEVICE_COUNT];

	ctl_svg_rect(svg, GROUND " opacity=\".7\"", INNER_LEFT, INNER_WIDTH, row->box);
	for (size_t i = 0; i < row->device_count; i++) {
		const struct gpal_range point = { devices[i].address, devices[i].address };

		true_y[i] = at[i] = ctl_svg_scale(row->box, row->range, point).top;
		ctl_svg_path(svg, ctl_paints[row->paint].strong_attributes,
			     "M494 " PX "h12v-1.2h-12z", px(at[i]));
	}
	place_devices(at, row->device_count, row->box);
	for (size_t i = 0; i < row->device_count; i++) {
		ctl_svg_path(svg, THIN_LINE, "M506 " PX "L524 " PX "H" PX, px(true_y[i]), px(at[i]),
			     px(left_of_hex(devices[i].address, SMALL_CELL)));
		append_hex(svg, at[i] + 35, "10", MUTED_MONO " " AT_END, devices[i].address);
		ctl_svg_text(svg, HUMAN_LEFT, at[i] + 35, "10", MUTED_MONO, "%s", devices[i].name);
	}
}

static void append_row(struct ctl_svg *svg, const struct ctl_row *row, bool is_limit)
{
	svg_printf(svg, "<g");
	if (row->count)
		svg_printf(svg, " data-ranges=\"%zu\"", row->count);
	svg_printf(svg, ">");
	append_title(svg, row);
	if (!row->count) {
		ctl_svg_gap_rect(svg, BOX_LEFT, BOX_WIDTH, row->box);
		append_gap_texts(svg, row, is_limit);
	} else {
		append_box(svg, row);
		if (row->count == 1)
			append_range_texts(svg, row);
		else
			append_run_texts(svg, row);
		if (row->devices)
			append_svg_devices(svg, row);
	}
	svg_printf(svg, "</g>\n");
}

/* Draws a bracket beside adjacent rows of VTL2. */
static void append_brackets(struct ctl_svg *svg)
{
	const struct ctl_row *rows = svg->rows.rows;
	int bottom = 0;

	for (size_t i = 0; i < svg->rows.count; i++) {
		const int top = rows[i].box.top;

		if (rows[i].paint != CTL_PAINT_VTL2)
			continue;
		bottom = bottom ? bottom : rows[i].box.bottom;
		if (rows[i + 1].paint == CTL_PAINT_VTL2)
			continue;
		ctl_svg_path(svg, ctl_paints[CTL_PAINT_VTL2].edge_attributes,
			     "M770 " PX "h6V" PX "h-6", px(top + 20), px(bottom - 20));
		svg_printf(svg,
			   "<text " MUTED " " BOLD " text-anchor=\"middle\" "
			   "transform=\"translate(791 " PX ") rotate(-90)\">VTL2</text>\n",
			   px((top + bottom) / 2));
		bottom = 0;
	}
}

void ctl_svg_append_rows(struct ctl_svg *svg)
{
	for (size_t i = svg->rows.count + svg->rows.has_limit; i-- > 0;)
		append_row(svg, &svg->rows.rows[i], i == svg->rows.count);
	append_brackets(svg);
}

static void append_boundary(struct ctl_svg *svg, int y, uint64_t address, const char *human)
{
	const bool is_4gib = address == GPAL_4GIB;
	const int line_end = left_of_hex(address, MONO_CELL);

	if (is_4gib) {
		ctl_svg_path(svg, STRONG_LINE " stroke-width=\"1.8\"", "M20 " PX "H" PX, px(y),
			     px(line_end));
		ctl_svg_text(svg, 200, y - 40, "10", BOLD, "4 GiB");
	} else if (line_end > BOX_END) {
		ctl_svg_path(svg, THIN_LINE, "M506 " PX "H" PX, px(y), px(line_end));
	}
	append_hex(svg, y + 38, "11", is_4gib ? MONO_AT_END " " BOLD : MONO_AT_END, address);
	if (*human)
		ctl_svg_text(svg, HUMAN_LEFT, y + 38, "10.5", is_4gib ? BOLD : MUTED, "%s", human);
}

static void append_svg_limit(struct ctl_svg *svg, const struct ctl_row *gap)
{
	const uint64_t limit = gap->range.end;
	const int y = gap->box.top;
	const int line_end = left_of_hex(limit, MONO_CELL);

	ctl_svg_path(svg, STRONG_LINE " stroke-width=\".9\"", "M144 " PX "H" PX "M144 " PX "H" PX,
		     px(y), px(line_end), px(y - 25), px(line_end));
	append_hex(svg, y + 30, "11", MONO_AT_END " " BOLD, limit);
	ctl_svg_text(svg, HUMAN_LEFT, y + 30, "10.5", BOLD, "%s, host limit",
		     ctl_number_text(CTL_NUMBER_HUMAN, limit).text);
}

/*
 * Appends an address as people read it. Says whether it is the end of RAM and, if there is room,
 * whether it is the top.
 */
static void append_human(struct gpald_bytes *out, const struct ctl_svg *svg, uint64_t address)
{
	const char *end = address == svg->rows.map->layout->end_of_ram ? ", end of RAM" : "";
	struct ctl_number_text human = ctl_number_text(CTL_NUMBER_HUMAN, address);
	const char *top = ", top";

	if (ctl_text_cells(human.text) + strlen(end) > HUMAN_CELLS)
		human = ctl_number_text(CTL_NUMBER_ROUNDED, address);
	if (address != svg->rows.top ||
	    ctl_text_cells(human.text) + strlen(top) + strlen(end) > HUMAN_CELLS)
		top = "";
	ctl_buffer_printf(out, "%s%s%s", human.text, top, end);
}

/* Goes from the top down, and omits a text that only repeats the one above. */
void ctl_svg_append_addresses(struct ctl_svg *svg)
{
	const struct ctl_row *rows = svg->rows.rows;
	struct ctl_number_text above = { "" };

	if (svg->rows.has_limit)
		append_svg_limit(svg, &rows[svg->rows.count]);
	for (size_t i = svg->rows.count + 1; i-- > 0;) {
		const uint64_t address = i ? rows[i - 1].range.end : 0;
		const int y = i ? rows[i - 1].box.top : rows->box.bottom;
		ctl_cleanup_buffer struct gpald_bytes human = { 0 };

		append_human(&human, svg, address);
		append_boundary(svg, y, address,
				strcmp(human.data, above.text) == 0 ? "" : human.data);
		above = ctl_number_text(CTL_NUMBER_HUMAN, address);
	}
}
