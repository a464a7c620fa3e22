/* SPDX-License-Identifier: MIT */
/*
 * The SVG form as a document. It stands alone: nothing is loaded, text is text, and the
 * light theme is in attributes, for readers that know no style sheets.
 */
#include "config.h"

#include "gpalayoutctl/map/labels.h"
#include "gpalayoutctl/map/svg_elements.h"
#include "gpalayoutctl/map/svg_rows.h"
#include "gpalayoutctl/map/svg_strip.h"
#include "gpalayoutctl/map/text.h"

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
#define ORIGIN_CELLS 77 /* up to the cells of the bits */
#define WARNING_CELLS 120

static int larger(int a, int b)
{
	return a > b ? a : b;
}

/* Heights grow by k tenths of a pixel for each doubling of the size above 4 KiB. */
static int height_of(const struct ctl_map_row *row, int k)
{
	const int above_page = larger(0, (int)ctl_log2_sixteenths(row->size) - 192) * k / 16;
	const int members = row->count < 83 ? 400 + 12 * (int)row->count : 1400;

	if (!row->count)
		return 210 + above_page / 3;
	if (row->count > 1)
		return k == 6 ? 640 : larger(640, larger(240 + above_page, members));
	return larger(240 + above_page, row->devices ? 150 * ((int)row->device_count + 1) : 0);
}

/* Rows lie one on the other, from the top down. Returns where the lowest ends. */
static int place_rows(struct ctl_map_rows *rows)
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

static void append_cells(struct ctl_svg *svg, const char *look, int from, int to, int bits)
{
	const int pitch = bits > 52 ? 34 : 40;

	if (from == to)
		return;
	ctl_buffer_printf(&svg->out, "<path %s d=\"", look);
	for (int i = from; i < to; i++)
		ctl_buffer_printf(&svg->out, "M" PX " 44h2.8v8h-2.8z",
				  px(RIGHT - (bits - i) * pitch));
	ctl_buffer_puts(&svg->out, "\"/>\n");
}

/* A cell for each address bit, the needed ones filled. */
static void append_bits(struct ctl_svg *svg)
{
	const int needed = (int)svg->map->layout->required_address_bits;
	const int host = (int)svg->map->request->host_physical_address_bits;
	const int left = host > needed ? host - needed : 0;
	ctl_cleanup_buffer struct ctl_buffer bits = { 0 };
	ctl_cleanup_buffer struct ctl_buffer text = { 0 };

	ctl_bits_append(&bits, svg->map, "needs ");
	ctl_svg_text(svg, RIGHT, 360, "11.5", BOLD " " AT_END, "%s", bits.data);
	append_cells(svg, "class=\"on\" fill=\"" CTL_INK "\"", 0, needed, needed + left);
	append_cells(svg, "class=\"off\" fill=\"#C9D0D7\"", needed, needed + left, needed + left);
	if (left)
		ctl_buffer_printf(&text, "%d bit%s", left, left == 1 ? "" : "s");
	else
		ctl_buffer_puts(&text, "no bit");
	if (host)
		ctl_svg_text(svg, RIGHT, 690, "10.5", MUTED " " AT_END,
			     "%s left: the host’s limit is %s", text.data,
			     host < 64 ? ctl_number(CTL_EXACT, UINT64_C(1) << host).text :
					 "16 EiB");
	else
		ctl_svg_text(svg, RIGHT, 690, "10.5", MUTED " " AT_END, "no host width stated");
}

static void append_header(struct ctl_svg *svg)
{
	ctl_cleanup_buffer struct ctl_buffer name = { 0 };
	ctl_cleanup_buffer struct ctl_buffer origin = { 0 };
	ctl_cleanup_buffer struct ctl_buffer content = { 0 };

	ctl_name_append(&name, svg->map->name, false);
	ctl_shorten(&name, NAME_CELLS, false);
	ctl_svg_text(svg, LEFT, 360, ctl_cells(name.data) > LARGE_NAME_CELLS ? "13" : "20",
		     MONO " " BOLD, "%s", name.data);
	ctl_origin_append(&origin, svg->map);
	ctl_shorten(&origin, ORIGIN_CELLS, false);
	ctl_svg_text(svg, LEFT, 560, "11.5", MUTED, "%s", origin.data);
	ctl_content_append(&content, svg->map->layout);
	ctl_svg_text(svg, LEFT, 730, "11.5", MUTED, "%s", content.data);
	append_bits(svg);
	ctl_svg_text(svg, STRIP_LEFT + STRIP_WIDTH / 2, 940, "10", MUTED " text-anchor=\"middle\"",
		     "to scale");
	ctl_svg_text(svg, BOX_LEFT, 940, "10", MUTED, "range");
	ctl_svg_text(svg, SIZE_END, 940, "10", MUTED " " AT_END, "size");
	ctl_svg_text(svg, HEX_END, 940, "10", MUTED " " AT_END, "address");
}

/* Returns where it ends. */
static int append_legend(struct ctl_svg *svg, int y)
{
	int column = 0;

	for (enum ctl_paint paint = 0; paint <= CTL_PAINT_COUNT; paint++) {
		const int x = LEFT + 1900 * (column % LEGEND_COLUMNS);
		const int top = y + 200 * (column / LEGEND_COLUMNS);
		const struct ctl_place place = { top, top + 120 };
		const char *label = "free";

		if (paint == CTL_PAINT_COUNT) {
			ctl_svg_gap_rect(svg, x, 200, place);
		} else {
			label = ctl_paints[paint].label;
			if (!label || !(svg->rows.classes >> paint & 1))
				continue;
			ctl_svg_painted_rect(svg, paint, x, 200, place);
			ctl_svg_rect(svg, ctl_paints[paint].edge, x, 200, place);
		}
		ctl_svg_text(svg, x + 270, top + 98, "11", "", "%s", label);
		column++;
	}
	return y + 200 * ((column + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS);
}

/* Returns where they end. */
static int append_warnings(struct ctl_svg *svg, int y)
{
	ctl_cleanup_buffer struct ctl_buffer lines = { 0 };

	ctl_warnings_append(&lines, svg->map->layout, "Warning: ", WARNING_CELLS, false);
	for (char *line = lines.data, *end; line && *line; line = end + 1, y += 170) {
		end = strchr(line, '\n');
		*end = '\0';
		ctl_svg_text(svg, LEFT + (*line == ' ' ? 120 : 0), y, "10", MONO, "%s", line);
	}
	return lines.len ? y + 40 : y;
}

/* Returns where it ends. */
static int append_footer(struct ctl_svg *svg, const char *digest, int y)
{
	y = append_warnings(svg, append_legend(svg, y) + 150);
	ctl_svg_text(svg, LEFT, y, "10", MUTED,
		     "Strip: to scale below 4 GiB and, on its own scale, above; // is a cut. Row "
		     "heights grow with the logarithm of the size.");
	ctl_svg_text(svg, LEFT, y + 190, "10", MUTED_MONO, "%s", digest);
	return y + 380;
}

static void append_description(struct ctl_buffer *out, const struct ctl_svg *svg)
{
	ctl_buffer_printf(out, "<title id=\"%s-t\">Guest physical address map of ", svg->id);
	ctl_svg_escape(out, svg->map->name);
	ctl_buffer_printf(out, "</title>\n<desc id=\"%s-d\">%s, ", svg->id,
			  gpal_arch_name(svg->map->layout->arch));
	ctl_content_append(out, svg->map->layout);
	ctl_buffer_puts(out, ". From the lowest address: ");
	for (size_t i = 0; i < svg->rows.count; i++) {
		const struct ctl_map_row *row = &svg->rows.rows[i];

		ctl_buffer_printf(out, "%s0x%" PRIx64 " ", i ? "; " : "", row->range.start);
		ctl_svg_append_row_name(out, row, " ");
		ctl_buffer_printf(out, ", %s", ctl_number(CTL_EXACT, row->size).text);
	}
	ctl_buffer_printf(out,
			  ". The map ends at 0x%" PRIx64 " and needs %u address bits.</desc>\n",
			  svg->rows.top, svg->map->layout->required_address_bits);
}

/* Only for what is in the figure; shades of RAM come together, as in the legend. */
static void append_style(struct ctl_buffer *out, const struct ctl_svg *svg)
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

/* The figure is drawn first, for its height is known only then. */
void ctl_map_append_svg(struct ctl_buffer *out, const struct ctl_map *map)
{
	struct ctl_svg svg = { .map = map, .rows = ctl_map_rows_make(map), .id = "gpal-" };
	const int rows_end = place_rows(&svg.rows);
	char digest[GPAL_DIGEST_SIZE];
	int height;

	gpal_layout_digest(map->layout, digest);
	memcpy(svg.id + strlen("gpal-"), digest + strlen("sha256:"), 8);
	append_header(&svg);
	ctl_svg_append_strip(&svg);
	ctl_svg_append_rows(&svg);
	ctl_svg_append_addresses(&svg);
	height = append_footer(&svg, digest, rows_end + LEGEND_BELOW);

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
	ctl_map_rows_free(&svg.rows);
	ctl_buffer_free(&svg.out);
}
