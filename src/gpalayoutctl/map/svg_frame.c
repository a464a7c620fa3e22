/* SPDX-License-Identifier: MIT */
/* What stands above the rows and below them. */
#include "config.h"

#include "gpalayoutctl/map/cells.h"
#include "gpalayoutctl/map/summary.h"
#include "gpalayoutctl/map/svg.h"
#include "gpalayoutctl/size_text.h"

#include <string.h>

#define LEFT 200
#define RIGHT 7800
#define LARGE_NAME_CELLS 40
#define LEGEND_COLUMNS 4
#define WARNING_CELLS 120
#define SCALES                                                                                \
	"Strip: to scale below 4 GiB and, on its own scale, above; // is a cut. Row heights " \
	"grow with the logarithm of the size."

static void append_cells(const struct ctl_svg *svg, const char *look, int from, int to, int bits)
{
	const int pitch = bits > 52 ? 34 : 40;

	if (from == to)
		return;
	ctl_buffer_printf(svg->out, "<path %s d=\"", look);
	for (int i = from; i < to; i++)
		ctl_buffer_printf(svg->out, "M" PX " 44h2.8v8h-2.8z",
				  px(RIGHT - (bits - i) * pitch));
	ctl_buffer_puts(svg->out, "\"/>\n");
}

/* A cell for each address bit, the needed ones filled. */
static void append_bits(const struct ctl_svg *svg)
{
	const int needed = (int)svg->map->layout->required_address_bits;
	const int host = (int)svg->map->request->host_physical_address_bits;
	const int left = host > needed ? host - needed : 0;
	ctl_cleanup_buffer struct ctl_buffer title = { 0 };
	ctl_cleanup_buffer struct ctl_buffer text = { 0 };

	ctl_map_append_bits(&title, svg->map, "needs ");
	ctl_svg_text(svg, RIGHT, 360, "11.5", BOLD " " AT_END, title.data);
	append_cells(svg, "class=\"on\" fill=\"" CTL_INK "\"", 0, needed, needed + left);
	append_cells(svg, "class=\"off\" fill=\"" CTL_UNUSED "\"", needed, needed + left,
		     needed + left);
	if (!host) {
		ctl_buffer_puts(&text, "no host width stated");
	} else {
		if (left)
			ctl_buffer_printf(&text, "%d bit%s", left, left == 1 ? "" : "s");
		else
			ctl_buffer_puts(&text, "no bit");
		ctl_buffer_puts(&text, " left: the host’s limit is ");
		if (host < 64)
			ctl_size_append(&text, UINT64_C(1) << host);
		else
			ctl_buffer_puts(&text, "16 EiB");
	}
	ctl_svg_text(svg, RIGHT, 690, "10.5", MUTED " " AT_END, text.data);
}

void ctl_svg_append_header(const struct ctl_svg *svg)
{
	ctl_cleanup_buffer struct ctl_buffer name = { 0 };
	ctl_cleanup_buffer struct ctl_buffer origin = { 0 };
	ctl_cleanup_buffer struct ctl_buffer content = { 0 };

	ctl_name_append(&name, svg->map->name, false);
	ctl_svg_text(svg, LEFT, 360,
		     ctl_cells(ctl_buffer_text(&name)) > LARGE_NAME_CELLS ? "13" : "20",
		     "class=\"mo\" " BOLD, ctl_buffer_text(&name));
	ctl_map_append_origin(&origin, svg->map);
	ctl_svg_text(svg, LEFT, 560, "11.5", MUTED, origin.data);
	ctl_map_append_content(&content, svg->map->layout);
	ctl_svg_text(svg, LEFT, 730, "11.5", MUTED, content.data);
	append_bits(svg);
	ctl_svg_text(svg, STRIP_LEFT + STRIP_WIDTH / 2, 940, "10", MUTED " text-anchor=\"middle\"",
		     "to scale");
	ctl_svg_text(svg, BOX_LEFT, 940, "10", MUTED, "range");
	ctl_svg_text(svg, SIZE_END, 940, "10", MUTED " " AT_END, "size");
	ctl_svg_text(svg, HEX_END, 940, "10", MUTED " " AT_END, "address");
}

/* Returns where it ends. */
static int append_legend(const struct ctl_svg *svg, int y)
{
	int column = 0;

	for (enum ctl_paint paint = 0; paint <= CTL_PAINT_COUNT; paint++) {
		const int x = LEFT + 1900 * (column % LEGEND_COLUMNS);
		const int top = y + 200 * (column / LEGEND_COLUMNS);
		const struct ctl_svg_place place = { top, top + 120 };
		const char *label = "free";

		if (paint == CTL_PAINT_COUNT) {
			ctl_svg_gap_rect(svg, x, 200, place);
		} else {
			label = ctl_paints[paint].label;
			if (!label || !ctl_map_has_class(&svg->rows, paint))
				continue;
			ctl_svg_rect(svg, LOOK(svg, CTL_SVG_STRONG, paint), x, 200, place);
			ctl_svg_rect(svg, LOOK(svg, CTL_SVG_PATTERN, paint), x, 200, place);
			ctl_svg_rect(svg, LOOK(svg, CTL_SVG_EDGE, paint), x, 200, place);
		}
		ctl_svg_text(svg, x + 270, top + 98, "11", "", label);
		column++;
	}
	return y + 200 * ((column + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS);
}

/* Returns where they end. */
static int append_warnings(const struct ctl_svg *svg, int y)
{
	ctl_cleanup_buffer struct ctl_buffer lines = { 0 };

	ctl_map_append_warnings(&lines, svg->map->layout, "Warning: ", WARNING_CELLS, false);
	for (char *line = lines.data, *end; line && *line; line = end + 1, y += 170) {
		end = strchr(line, '\n');
		*end = '\0';
		ctl_svg_text(svg, LEFT + (*line == ' ' ? 120 : 0), y, "10", "class=\"mo\"", line);
	}
	return lines.len ? y + 40 : y;
}

int ctl_svg_append_footer(const struct ctl_svg *svg, int y)
{
	char digest[GPAL_DIGEST_SIZE];

	y = append_warnings(svg, append_legend(svg, y) + 150);
	gpal_layout_digest(svg->map->layout, digest);
	ctl_svg_text(svg, LEFT, y, "10", MUTED, SCALES);
	ctl_svg_text(svg, LEFT, y + 190, "10", MUTED_MONO, digest);
	return y + 380;
}
