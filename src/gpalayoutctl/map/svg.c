/* SPDX-License-Identifier: MIT */
/*
 * The SVG form as a document. It stands alone: nothing is loaded, text is text, and the
 * light theme is in attributes, for readers that know no style sheets.
 */
#include "config.h"

#include "gpalayoutctl/map/svg.h"

#include "gpalayoutctl/map/number_text.h"
#include "gpalayoutctl/map/summary.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/size_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROW 1040
#define FIRST_ROW_LIMITED 1100
#define LEGEND_BELOW 300

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
static int place_rows(struct ctl_svg *svg)
{
	const int k = svg->rows.count <= 14 ? 16 : svg->rows.count <= 22 ? 10 : 6;
	int y = svg->rows.has_limit ? FIRST_ROW_LIMITED : FIRST_ROW;

	svg->boxes = calloc(svg->rows.count + 1, sizeof(*svg->boxes));
	if (!svg->boxes)
		ctl_out_of_memory();
	for (size_t i = svg->rows.count + svg->rows.has_limit; i-- > 0;) {
		svg->boxes[i].top = y;
		y += height_of(&svg->rows.rows[i], k);
		svg->boxes[i].bottom = y;
	}
	return y;
}

static void append_description(const struct ctl_svg *svg)
{
	struct ctl_buffer *out = svg->out;

	ctl_buffer_printf(out, "<title id=\"%s-t\">Guest physical address map of ", svg->id);
	ctl_svg_escape(out, svg->map->name);
	ctl_buffer_printf(out, "</title>\n<desc id=\"%s-d\">%s, ", svg->id,
			  gpal_arch_name(svg->map->layout->arch));
	ctl_map_append_content(out, svg->map->layout);
	ctl_buffer_puts(out, ". From the lowest address: ");
	for (size_t i = 0; i < svg->rows.count; i++) {
		const struct ctl_map_row *row = &svg->rows.rows[i];

		ctl_buffer_printf(out, "%s0x%" PRIx64 " ", i ? "; " : "", row->range.start);
		if (row->count > 1)
			ctl_buffer_printf(out, "%zu ranges ", row->count);
		ctl_svg_escape(out, row->count ? row->ranges->tag : "free");
		if (row->count > 1) {
			ctl_buffer_puts(out, " to ");
			ctl_svg_escape(out, row->ranges[row->count - 1].tag);
		}
		ctl_buffer_puts(out, ", ");
		ctl_size_append(out, row->size);
	}
	ctl_buffer_printf(out,
			  ". The map ends at 0x%" PRIx64 " and needs %u address bits.</desc>\n",
			  ctl_map_top(&svg->rows), svg->map->layout->required_address_bits);
}

/* Only for what is in the figure; shades of RAM come together, as in the legend. */
static void append_style(const struct ctl_svg *svg)
{
	ctl_buffer_puts(
		svg->out,
		"<style>.gpal .mo{font-family:ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\","
		"\"Liberation Mono\",monospace}\n"
		"@media screen and (prefers-color-scheme:dark){.gpal{fill:" CTL_INK_DARK "}"
		".gpal .bg{fill:" CTL_GROUND_DARK "}.gpal .mu{fill:" CTL_MUTED_DARK "}"
		".gpal .ln{stroke:" CTL_INK_DARK "}.gpal .hl{stroke:" CTL_LINE_DARK "}"
		".gpal .gp{stroke:" CTL_HATCH_DARK "}.gpal .gb{stroke:" CTL_GAP_EDGE_DARK "}"
		".gpal .pw{stroke:" CTL_GROUND_DARK "}.gpal .pd{fill:" CTL_GROUND_DARK "}"
		".gpal .on{fill:" CTL_INK_DARK "}.gpal .off{fill:" CTL_UNUSED_DARK "}");
	for (enum ctl_paint paint = 0; paint < CTL_PAINT_COUNT; paint++) {
		const struct ctl_paint_row *row = &ctl_paints[paint];

		if (ctl_map_has_class(&svg->rows, ctl_paint_class(paint)))
			ctl_buffer_printf(svg->out,
					  "\n.gpal .s-%s{fill:%s}.gpal .t-%s{fill:%s}"
					  ".gpal .b-%s{stroke:%s}",
					  row->id, row->strong[1], row->id, row->tint[1], row->id,
					  row->edge[1]);
	}
	ctl_buffer_puts(svg->out, "}</style>\n<defs>\n");
	for (enum ctl_paint paint = 0; paint < CTL_PAINT_COUNT; paint++)
		if (ctl_paints[paint].pattern && ctl_map_has_class(&svg->rows, paint))
			ctl_buffer_printf(svg->out,
					  "<pattern id=\"%s-%s\" width=\"6\" height=\"6\" "
					  "patternUnits=\"userSpaceOnUse\">%s</pattern>\n",
					  svg->id, ctl_paints[paint].id, ctl_paints[paint].pattern);
	ctl_buffer_printf(svg->out,
			  "<pattern id=\"%s-gap\" width=\"7\" height=\"7\" "
			  "patternUnits=\"userSpaceOnUse\"><path class=\"gp\" "
			  "d=\"M-1 8 8-1M-1 1 1-1M6 8 8 6\" stroke=\"" CTL_HATCH
			  "\" stroke-width=\".8\"/></pattern>\n</defs>\n",
			  svg->id);
}

void ctl_map_append_svg(struct ctl_buffer *out, const struct ctl_map *map)
{
	ctl_cleanup_buffer struct ctl_buffer body = { 0 };
	struct ctl_svg svg = { .out = &body, .map = map, .id = "gpal-" };
	char digest[GPAL_DIGEST_SIZE];
	int height;

	gpal_layout_digest(map->layout, digest);
	memcpy(svg.id + strlen(svg.id), digest + strlen("sha256:"), 8);
	ctl_map_rows_make(&svg.rows, map);
	height = place_rows(&svg);
	ctl_svg_append_header(&svg);
	ctl_svg_append_strip(&svg);
	ctl_svg_append_rows(&svg);
	ctl_svg_append_addresses(&svg);
	height = ctl_svg_append_footer(&svg, height + LEGEND_BELOW);

	svg.out = out;
	ctl_buffer_printf(
		out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"gpal\" width=\"800\" "
		"height=\"" PX "\" viewBox=\"0 0 800 " PX "\" role=\"img\" "
		"aria-labelledby=\"%s-t %s-d\" font-family=\"system-ui,&quot;Segoe UI&quot;,"
		"Roboto,&quot;Helvetica Neue&quot;,Arial,&quot;Liberation Sans&quot;,"
		"sans-serif\" font-size=\"11\" fill=\"" CTL_INK "\">\n",
		px(height), px(height), svg.id, svg.id);
	append_description(&svg);
	append_style(&svg);
	ctl_svg_rect(&svg, GROUND, 0, 8000, (struct ctl_svg_place){ 0, height });
	ctl_buffer_append(out, body.data, body.len);
	ctl_buffer_puts(out, "</svg>\n");
	ctl_map_rows_free(&svg.rows);
	free(svg.boxes);
}
