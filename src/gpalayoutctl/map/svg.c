/* SPDX-License-Identifier: MIT */
/*
 * Makes the SVG document: the rows, which svg_rows.c draws, a header above, a footer below, and a
 * strip to the left. The strip is to scale; the rows are not. The document loads nothing, its text
 * can be copied, and its light theme is in attributes, for viewers without style sheets.
 */
#include "config.h"

#include "gpalayoutctl/map/svg_elements.h"
#include "gpalayoutctl/size_text.h"
#include "gpalayoutctl/terminal_text.h"

#include <inttypes.h>
#include <string.h>

#define LEFT 200
#define RIGHT 7800
#define FIRST_ROW 1040
#define FIRST_ROW_LIMITED 1100
#define LEGEND_BELOW 300
#define LEGEND_COLUMNS 4
#define LARGE_NAME_CELLS 40
#define NAME_CELLS 64
#define FACTS_CELLS 77 /* the boxes of the address bits are to the right */
#define WARNING_CELLS 120
#define STEP_LEAST 480 /* least height of the step between ticks of the strip */
#define TICKS_APART 140
#define TICK_CELLS 10
#define CUT_SHARE 8

static int larger_of(int a, int b)
{
	return a > b ? a : b;
}

/*
 * Returns the height of a row. A range grows by k tenths of a pixel for each doubling of the size
 * above 4 KiB, and a gap by a third of that.
 */
static int height_of(const struct ctl_row *row, int k)
{
	const int above_page = larger_of(0, (int)ctl_log2_sixteenths(row->size) - 192) * k / 16;
	const int members = row->count < 83 ? 400 + 12 * (int)row->count : 1400;

	if (!row->count)
		return 210 + above_page / 3;
	if (row->count > 1)
		return k == 6 ? 640 : larger_of(640, larger_of(240 + above_page, members));
	return larger_of(240 + above_page, row->devices ? 150 * ((int)row->device_count + 1) : 0);
}

/* Places rows from the top down. Returns the y at which the lowest one ends. */
static int place_rows(struct ctl_rows *rows)
{
	const int k = rows->count <= 14 ? 16 : rows->count <= 22 ? 10 : 6;
	int y = rows->has_limit ? FIRST_ROW_LIMITED : FIRST_ROW;

	for (size_t i = rows->count + rows->has_limit; i-- > 0;) {
		rows->rows[i].box.top = y;
		y += height_of(&rows->rows[i], k);
		rows->rows[i].box.bottom = y;
	}
	return y;
}

/* A part of the strip: one is below 4 GiB and one above, each with its own scale. */
struct strip_part {
	struct gpal_range range;
	struct gpal_range cut; /* a gap too large for the scale, above 4 GiB; empty: none */
	uint64_t cut_shown;    /* how many bytes of the scale it takes */
	const struct ctl_row *rows;
	size_t count;
	struct ctl_place place;
};

static struct strip_part strip_part_of(const struct ctl_row *rows, size_t count)
{
	const struct ctl_row *last = &rows[count - 1];
	struct strip_part part = {
		.range = { rows->range.start, last->range.end },
		.rows = rows,
		.count = count,
		.place = { last->box.top, rows->box.bottom },
	};

	/* The part that begins at 0 is 4 GiB or less, and has no cut. */
	for (size_t i = 0; i < count && rows->range.start > 0; i++) {
		const uint64_t others = gpal_range_size(part.range) - rows[i].size;

		if (!rows[i].count && rows[i].size > others) {
			part.cut = rows[i].range;
			part.cut_shown = others / CUT_SHARE;
		}
	}
	return part;
}

static uint64_t shown_address(const struct strip_part *part, uint64_t address)
{
	const uint64_t from_start = address - part->range.start;

	if (gpal_range_is_empty(part->cut) || address <= part->cut.start)
		return from_start;
	return from_start - gpal_range_size(part->cut) + part->cut_shown;
}

static struct ctl_place place_of(const struct strip_part *part, struct gpal_range range)
{
	const struct gpal_range all = { 0, shown_address(part, part->range.end) };
	const struct gpal_range shown = { shown_address(part, range.start),
					  shown_address(part, range.end) };

	return ctl_svg_scale(part->place, all, shown);
}

static void append_connectors(struct ctl_svg *svg, const struct strip_part *part)
{
	for (size_t i = 0; i < part->count; i++) {
		const struct ctl_row *row = &part->rows[i];
		const struct ctl_place from = place_of(part, row->range);

		if (row->count)
			ctl_svg_path(svg, ctl_paints[row->paint].tint_attributes,
				     "M95 " PX "C120 " PX " 125 " PX " 150 " PX "V" PX "C125 " PX
				     " 120 " PX " 95 " PX "z",
				     px(from.top), px(from.top), px(row->box.top), px(row->box.top),
				     px(row->box.bottom), px(row->box.bottom), px(from.bottom),
				     px(from.bottom));
	}
}

static void append_colour(struct ctl_svg *svg, const struct strip_part *part, enum ctl_paint paint)
{
	struct ctl_svg_bands bands = { .left = STRIP_LEFT, .width = STRIP_WIDTH };
	const struct ctl_paint_style *style = &ctl_paints[paint];
	const char *path;

	for (size_t i = 0; i < part->count; i++) {
		const struct ctl_row *row = &part->rows[i];

		for (size_t j = 0; j < row->count; j++)
			if (row->ranges[j].paint == paint)
				ctl_svg_bands_add(&bands,
						  place_of(part, row->ranges[j].entry.range));
	}
	path = ctl_svg_bands_end(&bands);
	if (*path)
		ctl_svg_path(svg, style->strong_attributes, "%s", path);
	if (*path && style->pattern)
		ctl_svg_path(svg, ctl_svg_pattern(svg, style->id).text, "%s", path);
	ctl_buffer_free(&bands.path);
}

static void append_svg_cut(struct ctl_svg *svg, const struct strip_part *part)
{
	const struct ctl_place place = place_of(part, part->cut);
	const int y = (place.top + place.bottom) / 2 + 20;

	ctl_svg_path(svg, GROUND, "M66 " PX "l32-8v4l-32 8z", px(y));
	ctl_svg_path(svg, STRONG_LINE, "M66 " PX "l32-8m0 4l-32 8", px(y));
}

/* Rounds an address whose exact number is too long. */
static struct ctl_number_text tick_text(uint64_t address)
{
	const struct ctl_number_text human = ctl_number_text(CTL_NUMBER_HUMAN, address);

	return ctl_text_cells(human.text) > TICK_CELLS ?
		       ctl_number_text(CTL_NUMBER_ROUNDED, address) :
		       human;
}

static void append_tick(struct ctl_svg *svg, int y, uint64_t address)
{
	ctl_svg_path(svg, THIN_LINE, "M64 " PX "h5", px(y));
	ctl_svg_text(svg, 620, y + 35, "10", MUTED " " AT_END, "%s", tick_text(address).text);
}

/* Appends ticks at multiples of the smallest power of two that keeps them far enough apart. */
static void append_inner_ticks(struct ctl_svg *svg, const struct strip_part *part)
{
	const struct gpal_range range = part->range, cut = part->cut;
	const uint64_t total = shown_address(part, range.end);
	const unsigned __int128 height = (unsigned __int128)(part->place.bottom - part->place.top);
	const struct ctl_number_text top = tick_text(range.end);
	int last = part->place.bottom;
	unsigned int shift = 12;

	while (shift < 64 && (height << shift) / total < STEP_LEAST)
		shift++;
	/* At the end of the address space the next multiple wraps to 0. */
	for (uint64_t n = shift < 64 ? (range.start >> shift) + 1 : 0, at = n << shift;
	     at > range.start && at < range.end; at = ++n << shift) {
		int y;

		if (at > cut.start && at < cut.end) {
			n = (cut.end - 1) >> shift;
			continue;
		}
		y = place_of(part, (struct gpal_range){ at, at }).top;
		if (last - y < TICKS_APART || y - part->place.top < TICKS_APART ||
		    strcmp(tick_text(at).text, top.text) == 0)
			continue;
		append_tick(svg, y, at);
		last = y;
	}
}

static void append_strip_part(struct ctl_svg *svg, const struct ctl_row *rows, size_t count)
{
	const struct strip_part part = strip_part_of(rows, count);

	append_connectors(svg, &part);
	ctl_svg_rect(svg, ctl_svg_pattern(svg, "gap").text, STRIP_LEFT, STRIP_WIDTH, part.place);
	for (enum ctl_paint paint = 0; paint < CTL_PAINT_COUNT; paint++)
		append_colour(svg, &part, paint);
	ctl_svg_rect(svg, STRONG_LINE " stroke-width=\".8\"", STRIP_LEFT, STRIP_WIDTH, part.place);
	if (!gpal_range_is_empty(part.cut))
		append_svg_cut(svg, &part);
	/* The line at 4 GiB has its own text, so it needs no tick. */
	if (part.range.start != GPAL_4GIB)
		append_tick(svg, part.place.bottom, part.range.start);
	if (part.range.end != GPAL_4GIB)
		append_tick(svg, part.place.top, part.range.end);
	append_inner_ticks(svg, &part);
}

static void append_strip(struct ctl_svg *svg)
{
	const struct ctl_rows *rows = &svg->rows;

	if (rows->below)
		append_strip_part(svg, rows->rows, rows->below);
	if (rows->below < rows->count)
		append_strip_part(svg, rows->rows + rows->below, rows->count - rows->below);
}

static void append_bit_boxes(struct ctl_svg *svg, const char *look, int from, int to, int bits)
{
	if (from < to)
		svg_printf(svg, "<path %s d=\"", look);
	for (int i = from; i < to; i++)
		svg_printf(svg, "M" PX " 44h2.8v8h-2.8z",
			   px(RIGHT - (bits - i) * (bits > 52 ? 34 : 40)));
	if (from < to)
		svg_printf(svg, "\"/>\n");
}

/* Draws a box for each address bit and fills those that the layout needs. */
static void append_bits(struct ctl_svg *svg)
{
	const int needed = (int)svg->rows.map->layout->required_address_bits;
	const int host = (int)svg->rows.map->request->host_physical_address_bits;
	const unsigned int usable = ctl_map_usable_bits(svg->rows.map);
	const int left = host > needed ? host - needed : 0;
	ctl_cleanup_buffer struct gpald_bytes bits = { 0 };
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };

	ctl_bits_append(&bits, svg->rows.map, "needs ");
	ctl_svg_text(svg, RIGHT, 360, "11.5", BOLD " " AT_END, "%s", bits.data);
	append_bit_boxes(svg, "class=\"on\" fill=\"" CTL_INK "\"", 0, needed, needed + left);
	append_bit_boxes(svg, "class=\"off\" fill=\"#C9D0D7\"", needed, needed + left,
			 needed + left);
	if (left)
		ctl_buffer_printf(&text, "%d bit%s left", left, left == 1 ? "" : "s");
	else
		ctl_buffer_puts(&text, host ? "no bit left" : "no host width stated");
	if (host)
		ctl_buffer_printf(
			&text, ": the host’s limit is %s",
			usable < 64 ?
				ctl_number_text(CTL_NUMBER_EXACT, UINT64_C(1) << usable).text :
				"16 EiB");
	ctl_svg_text(svg, RIGHT, 690, "10.5", MUTED " " AT_END, "%s", text.data);
}

static void append_svg_header(struct ctl_svg *svg)
{
	ctl_cleanup_buffer struct gpald_bytes name = { 0 };
	ctl_cleanup_buffer struct gpald_bytes facts = { 0 };
	ctl_cleanup_buffer struct gpald_bytes content = { 0 };

	ctl_name_append(&name, svg->rows.map->name, false);
	ctl_shorten(&name, NAME_CELLS, false);
	ctl_svg_text(svg, LEFT, 360, ctl_text_cells(name.data) > LARGE_NAME_CELLS ? "13" : "20",
		     MONO " " BOLD, "%s", name.data);
	ctl_map_facts_append(&facts, svg->rows.map);
	ctl_shorten(&facts, FACTS_CELLS, false);
	ctl_svg_text(svg, LEFT, 560, "11.5", MUTED, "%s", facts.data);
	ctl_vm_summary_append(&content, &svg->rows);
	ctl_svg_text(svg, LEFT, 730, "11.5", MUTED, "%s", content.data);
	append_bits(svg);
	ctl_svg_text(svg, STRIP_LEFT + STRIP_WIDTH / 2, 940, "10", MUTED " text-anchor=\"middle\"",
		     "to scale");
	ctl_svg_text(svg, BOX_LEFT, 940, "10", MUTED, "range");
	ctl_svg_text(svg, SIZE_END, 940, "10", MUTED " " AT_END, "size");
	ctl_svg_text(svg, HEX_END, 940, "10", MUTED " " AT_END, "address");
}

/* Returns the y at which the legend ends. Its last entry is for gaps, which have no class. */
static int append_legend(struct ctl_svg *svg, int y)
{
	int column = 0;

	for (enum ctl_paint paint = 0; paint <= CTL_PAINT_COUNT; paint++) {
		const struct ctl_paint_style *style = paint < CTL_PAINT_COUNT ? &ctl_paints[paint] :
										NULL;
		const int x = LEFT + 1900 * (column % LEGEND_COLUMNS);
		const int top = y + 200 * (column / LEGEND_COLUMNS);
		const struct ctl_place place = { top, top + 120 };

		if (style && !(style->label && svg->rows.classes >> paint & 1))
			continue;
		if (style) {
			ctl_svg_painted_rect(svg, paint, x, 200, place);
			ctl_svg_rect(svg, style->edge_attributes, x, 200, place);
		} else {
			ctl_svg_gap_rect(svg, x, 200, place);
		}
		ctl_svg_text(svg, x + 270, top + 98, "11", "", "%s", style ? style->label : "free");
		column++;
	}
	return y + 200 * ((column + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS);
}

/* Returns the y at which the warnings end. */
static int append_warnings(struct ctl_svg *svg, int y)
{
	ctl_cleanup_buffer struct gpald_bytes lines = { 0 };

	ctl_map_warnings_append(&lines, svg->rows.map->layout, "Warning: ", WARNING_CELLS, false);
	for (char *line = lines.data, *end; line && *line; line = end + 1, y += 170) {
		end = strchr(line, '\n');
		*end = '\0';
		ctl_svg_text(svg, LEFT + (*line == ' ' ? 120 : 0), y, "10", MONO, "%s", line);
	}
	return lines.length ? y + 40 : y;
}

/* Returns the y at which the footer ends. */
static int append_svg_footer(struct ctl_svg *svg, const char *digest, int y)
{
	y = append_warnings(svg, append_legend(svg, y) + 150);
	ctl_svg_text(
		svg, LEFT, y, "10", MUTED,
		"The strip has one scale below 4 GiB and one above; // marks a cut. Row heights "
		"grow with the logarithm of the size.");
	ctl_svg_text(svg, LEFT, y + 190, "10", MUTED_MONO, "%s", digest);
	return y + 380;
}

static void append_description(struct gpald_bytes *out, const struct ctl_svg *svg)
{
	ctl_buffer_printf(out, "<title id=\"%s-t\">Guest physical address map of ", svg->id);
	ctl_svg_escape(out, svg->rows.map->name);
	ctl_buffer_printf(out, "</title>\n<desc id=\"%s-d\">%s, ", svg->id,
			  gpal_arch_name(svg->rows.map->layout->arch));
	ctl_vm_summary_append(out, &svg->rows);
	ctl_buffer_puts(out, ". From the lowest address: ");
	for (size_t i = 0; i < svg->rows.count; i++) {
		const struct ctl_row *row = &svg->rows.rows[i];

		ctl_buffer_printf(out, "%s0x%" PRIx64 " ", i ? "; " : "", row->range.start);
		ctl_svg_append_row_name(out, row, " ");
		ctl_buffer_printf(out, ", %s", ctl_number_text(CTL_NUMBER_EXACT, row->size).text);
	}
	ctl_buffer_printf(out,
			  ". The map ends at 0x%" PRIx64 " and needs %u address bits.</desc>\n",
			  svg->rows.top, svg->rows.map->layout->required_address_bits);
}

/*
 * Appends the style sheet and the patterns, only with classes that are in the figure. All shades of
 * RAM count as one class, as in the legend.
 */
static void append_style(struct gpald_bytes *out, const struct ctl_svg *svg)
{
	const unsigned int classes = svg->rows.classes;

	ctl_buffer_puts(
		out,
		"<style>.gpal .mo{font-family:ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\","
		"\"Liberation Mono\",monospace}\n"
		"@media screen and (prefers-color-scheme:dark){.gpal{fill:" CTL_INK_DARK "}"
		".gpal .bg{fill:" CTL_GROUND_DARK "}.gpal .mu{fill:" CTL_MUTED_DARK "}"
		".gpal .ln{stroke:" CTL_INK_DARK "}.gpal .hl{stroke:#4A545F}"
		".gpal .gp{stroke:#3A434D}.gpal .gb{stroke:#6C7783}"
		".gpal .pw{stroke:" CTL_GROUND_DARK "}.gpal .pd{fill:" CTL_GROUND_DARK "}"
		".gpal .on{fill:" CTL_INK_DARK "}.gpal .off{fill:#39424C}");
	for (enum ctl_paint paint = 0; paint < CTL_PAINT_COUNT; paint++)
		if (classes >> ctl_paint_class(paint) & 1)
			ctl_buffer_puts(out, ctl_paints[paint].dark);
	ctl_buffer_puts(out, "}</style>\n<defs>\n");
	for (enum ctl_paint paint = 0; paint < CTL_PAINT_COUNT; paint++)
		if (ctl_paints[paint].pattern && classes >> paint & 1)
			ctl_buffer_printf(out,
					  "<pattern id=\"%s-%s\" width=\"6\" height=\"6\" "
					  "patternUnits=\"userSpaceOnUse\">%s</pattern>\n",
					  svg->id, ctl_paints[paint].id, ctl_paints[paint].pattern);
	ctl_buffer_printf(out,
			  "<pattern id=\"%s-gap\" width=\"7\" height=\"7\" "
			  "patternUnits=\"userSpaceOnUse\"><path class=\"gp\" "
			  "d=\"M-1 8 8-1M-1 1 1-1M6 8 8 6\" stroke=\"#DDE2E7\" "
			  "stroke-width=\".8\"/></pattern>\n</defs>\n",
			  svg->id);
}

/* The figure is drawn before its <svg> tag is written, because that states the height. */
void ctl_map_append_svg(struct gpald_bytes *out, const struct ctl_map *map)
{
	struct ctl_svg svg = { .rows = ctl_rows_make(map), .id = "gpal-" };
	const int rows_end = place_rows(&svg.rows);
	char digest[GPAL_DIGEST_SIZE];
	int height;

	gpal_layout_digest(map->layout, digest);
	memcpy(svg.id + strlen("gpal-"), digest + strlen("sha256:"), 8);
	append_svg_header(&svg);
	append_strip(&svg);
	ctl_svg_append_rows(&svg);
	ctl_svg_append_addresses(&svg);
	height = append_svg_footer(&svg, digest, rows_end + LEGEND_BELOW);

	ctl_buffer_printf(
		out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"gpal\" width=\"800\" "
		"height=\"" PX "\" viewBox=\"0 0 800 " PX "\" role=\"img\" "
		"aria-labelledby=\"%s-t %s-d\" font-family=\"system-ui,&quot;Segoe UI&quot;,"
		"Roboto,&quot;Helvetica Neue&quot;,Arial,&quot;Liberation Sans&quot;,"
		"sans-serif\" font-size=\"11\" fill=\"" CTL_INK "\">\n",
		px(height), px(height), svg.id, svg.id);
	append_description(out, &svg);
	append_style(out, &svg);
	ctl_buffer_printf(out,
			  "<rect " GROUND " x=\"0.0\" y=\"0.0\" width=\"800.0\" height=\"" PX
			  "\"/>\n%s</svg>\n",
			  px(height), svg.out.data);
	ctl_rows_free(&svg.rows);
	ctl_buffer_free(&svg.out);
}
