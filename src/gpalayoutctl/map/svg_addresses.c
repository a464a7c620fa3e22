/* SPDX-License-Identifier: MIT */
/* The column of addresses: at each boundary of rows, and of the known devices between. */
#include "config.h"

#include "gpalayoutctl/map/cells.h"
#include "gpalayoutctl/map/number_text.h"
#include "gpalayoutctl/map/svg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GROUP 4        /* hex digits */
#define GROUP_APART 35 /* the dx of the markup */
#define BEFORE_HEX 60
#define HUMAN_CELLS 23 /* up to the margin */
#define DEVICES_APART 130
#define HEX "class=\"mo\" " AT_END

/* Returns where a line to it ends. */
static int append_hex(struct ctl_buffer *out, uint64_t address, int cell)
{
	char text[sizeof("0x") + 16];
	const size_t length = (size_t)snprintf(text, sizeof(text), "0x%" PRIx64, address);
	const size_t groups = (length - 3) / GROUP;
	const size_t head = length - groups * GROUP;

	ctl_buffer_append(out, text, head);
	for (size_t i = 0; i < groups; i++)
		ctl_buffer_printf(out, "<tspan dx=\"3.5\">%.*s</tspan>", GROUP,
				  text + head + i * GROUP);
	return HEX_END - (int)length * cell - (int)groups * GROUP_APART - BEFORE_HEX;
}

static void append_hex_text(const struct ctl_svg *svg, int y, const char *size, const char *look,
			    const struct ctl_buffer *hex)
{
	ctl_svg_text_start(svg, HEX_END, y, size, look);
	ctl_buffer_printf(svg->out, "%s</text>\n", hex->data);
}

/* The address as people read it, with what else is at it, in the cells there are. */
static void append_human(struct ctl_buffer *text, const struct ctl_svg *svg, uint64_t address)
{
	const bool is_top = address == ctl_map_top(&svg->rows);
	const char *end = address == svg->map->layout->end_of_ram ? ", end of RAM" : "";

	ctl_human_append(text, address);
	if (ctl_cells(text->data) + strlen(end) > HUMAN_CELLS) {
		text->len = 0;
		ctl_buffer_puts(text, "≈ ");
		ctl_approx_append(text, address);
	}
	if (is_top && ctl_cells(text->data) + strlen(", top") + strlen(end) <= HUMAN_CELLS)
		ctl_buffer_puts(text, ", top");
	ctl_buffer_puts(text, end);
}

static void append_boundary(const struct ctl_svg *svg, int y, uint64_t address, const char *human)
{
	const bool is_4gib = address == GPAL_4GIB;
	ctl_cleanup_buffer struct ctl_buffer hex = { 0 };
	const int line_end = append_hex(&hex, address, MONO_CELL);

	if (is_4gib) {
		ctl_svg_path(svg, STRONG_LINE " stroke-width=\"1.8\"", "M20 " PX "H" PX, px(y),
			     px(line_end));
		ctl_svg_text(svg, 200, y - 40, "10", BOLD, "4 GiB");
	} else if (line_end > BOX_END) {
		ctl_svg_path(svg, THIN_LINE, "M506 " PX "H" PX, px(y), px(line_end));
	}
	append_hex_text(svg, y + 38, "11", is_4gib ? HEX " " BOLD : HEX, &hex);
	if (*human)
		ctl_svg_text(svg, HUMAN_LEFT, y + 38, "10.5", is_4gib ? BOLD : MUTED, human);
}

static void append_limit(const struct ctl_svg *svg)
{
	const uint64_t limit = svg->rows.rows[svg->rows.count].range.end;
	const int y = svg->boxes[svg->rows.count].top;
	ctl_cleanup_buffer struct ctl_buffer human = { 0 };
	ctl_cleanup_buffer struct ctl_buffer hex = { 0 };
	const int line_end = append_hex(&hex, limit, MONO_CELL);

	ctl_human_append(&human, limit);
	ctl_buffer_puts(&human, ", host limit");
	ctl_svg_path(svg, STRONG_LINE " stroke-width=\".9\"", "M144 " PX "H" PX "M144 " PX "H" PX,
		     px(y), px(line_end), px(y - 25), px(line_end));
	append_hex_text(svg, y + 30, "11", HEX " " BOLD, &hex);
	ctl_svg_text(svg, HUMAN_LEFT, y + 30, "10.5", BOLD, human.data);
}

/* From the top down; a text that only repeats the one above is left out. */
void ctl_svg_append_addresses(const struct ctl_svg *svg)
{
	ctl_cleanup_buffer struct ctl_buffer above = { 0 };

	if (svg->rows.has_limit)
		append_limit(svg);
	for (size_t i = svg->rows.count + 1; i-- > 0;) {
		const uint64_t address = i ? svg->rows.rows[i - 1].range.end : 0;
		const int y = i < svg->rows.count ? svg->boxes[i].bottom : svg->boxes[i - 1].top;
		ctl_cleanup_buffer struct ctl_buffer number = { 0 };
		ctl_cleanup_buffer struct ctl_buffer human = { 0 };

		ctl_human_append(&number, address);
		append_human(&human, svg, address);
		if (strcmp(human.data, ctl_buffer_text(&above)) == 0)
			human.len = 0;
		append_boundary(svg, y, address, human.len ? human.data : "");
		above.len = 0;
		ctl_buffer_puts(&above, number.data);
	}
}

/* Wished at their true places; each keeps its distance from the one below and the edges. */
static void place_devices(int *at, size_t count, struct ctl_svg_place box)
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

void ctl_svg_append_devices(const struct ctl_svg *svg, const struct ctl_map_row *row,
			    struct ctl_svg_place box)
{
	int at[CTL_DEVICES_MAX], wished[CTL_DEVICES_MAX];

	ctl_svg_rect(svg, GROUND " opacity=\".7\"", INNER_LEFT, INNER_WIDTH, box);
	for (size_t i = 0; i < row->device_count; i++) {
		wished[i] = at[i] = ctl_svg_scale(box, row->range, row->devices[i].address);
		ctl_svg_path(svg, LOOK(svg, CTL_SVG_STRONG, row->paint), "M494 " PX "h12v-1.2h-12z",
			     px(at[i]));
	}
	place_devices(at, row->device_count, box);
	for (size_t i = 0; i < row->device_count; i++) {
		ctl_cleanup_buffer struct ctl_buffer hex = { 0 };
		const int line_end = append_hex(&hex, row->devices[i].address, SMALL_CELL);

		ctl_svg_path(svg, THIN_LINE, "M506 " PX "L524 " PX "H" PX, px(wished[i]), px(at[i]),
			     px(line_end));
		append_hex_text(svg, at[i] + 35, "10", MUTED_MONO " " AT_END, &hex);
		ctl_svg_text(svg, HUMAN_LEFT, at[i] + 35, "10", MUTED_MONO, row->devices[i].name);
	}
}
