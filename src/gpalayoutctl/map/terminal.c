/* SPDX-License-Identifier: MIT */
/*
 * The form for a terminal. Each range has a line with its start, tag and size, for grep;
 * everything is put together as UTF-8, and what ASCII lacks is replaced at the end.
 */
#include "config.h"

#include "gpalayoutctl/map/cells.h"
#include "gpalayoutctl/map/number_text.h"
#include "gpalayoutctl/map/rows.h"
#include "gpalayoutctl/map/summary.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define NARROWEST 60
#define WIDEST 120
#define BLOCK_CELLS 6
#define SIZE_CELLS 11
#define DETAILS_LEAST 10
#define TALL_ROWS_MAX 20
#define INDENT "  "
#define BOLD "1"
#define DIM "2"

struct page {
	struct ctl_buffer out; /* UTF-8, also where it becomes ASCII */
	const struct ctl_map *map;
	struct ctl_map_rows rows;
	struct ctl_map_terminal terminal;
	const char *ellipsis;
	size_t width;
	size_t address_width;
	size_t tag_width;
};

static void start(struct page *page, const char *sgr)
{
	if (page->terminal.colour)
		ctl_buffer_printf(&page->out, "\033[%sm", sgr);
}

static void end(struct page *page)
{
	if (page->terminal.colour)
		ctl_buffer_puts(&page->out, "\033[0m");
}

static void append_spaces(struct page *page, size_t count)
{
	ctl_buffer_printf(&page->out, "%*s", (int)count, "");
}

/* NULL: nothing stands there. */
static void append_address(struct page *page, const uint64_t *address)
{
	char text[sizeof("0x") + 16] = "";

	if (address)
		snprintf(text, sizeof(text), "0x%" PRIx64, *address);
	ctl_buffer_printf(&page->out, "%*s ", (int)page->address_width, text);
}

static void append_block(struct page *page, const struct ctl_map_row *row)
{
	const bool is_ram_run = row->count > 1 && ctl_paint_class(row->paint) == CTL_PAINT_RAM;
	const struct ctl_paint_row *look[2] = { &ctl_paints[row->paint], &ctl_paints[row->paint] };

	if (is_ram_run) {
		look[0] = &ctl_paints[CTL_PAINT_RAM];
		look[1] = &ctl_paints[CTL_PAINT_RAM_1];
	}
	start(page, look[0]->sgr);
	for (size_t i = 0; i < BLOCK_CELLS; i++)
		ctl_buffer_puts(&page->out,
				page->terminal.ascii ? look[i % 2]->ascii : look[i % 2]->block);
	end(page);
}

/* The edges and the block; the left edge says whether the row starts on this line. */
static void append_slice(struct page *page, const struct ctl_map_row *row, const uint64_t *start_at,
			 const char *right)
{
	append_address(page, start_at);
	ctl_buffer_puts(&page->out, start_at ? "├" : "│");
	append_block(page, row);
	ctl_buffer_puts(&page->out, right);
}

/* Tag and size in their columns. */
static void append_columns(struct page *page, const char *tag, const char *size)
{
	const size_t size_cells = ctl_cells(size);
	const size_t tag_cells = ctl_cells(tag);

	ctl_buffer_printf(&page->out, " %s", tag);
	append_spaces(page, page->tag_width -
				    (tag_cells < page->tag_width ? tag_cells : page->tag_width));
	append_spaces(page, size_cells < SIZE_CELLS ? SIZE_CELLS - size_cells + 1 : 1);
	ctl_buffer_puts(&page->out, size);
}

static void append_tag(struct page *page, struct ctl_buffer *text, const char *tag)
{
	ctl_name_append(text, tag, page->terminal.ascii);
	ctl_shorten(text, page->tag_width, page->ellipsis);
}

static size_t details_room(const struct page *page, const char *size)
{
	const size_t before = page->address_width + 1 + BLOCK_CELLS + 2 + 1 + page->tag_width + 1;
	const size_t cells = ctl_cells(size);

	return page->width - before - (cells > SIZE_CELLS ? cells : SIZE_CELLS) - strlen(INDENT);
}

static void append_range(struct page *page, const struct ctl_map_row *row)
{
	ctl_cleanup_details struct ctl_map_details details;
	ctl_cleanup_buffer struct ctl_buffer size = { 0 };
	ctl_cleanup_buffer struct ctl_buffer tag = { 0 };

	append_tag(page, &tag, row->ranges->tag);
	ctl_short_size_append(&size, row->size);
	append_slice(page, row, &row->range.start, "│");
	append_columns(page, tag.data, size.data);
	ctl_map_details_make(&details, page->map->layout, row->ranges, page->terminal.ascii);
	ctl_map_details_fit(&details, details_room(page, size.data), false);
	for (size_t i = 0; i < details.count; i++)
		ctl_buffer_printf(&page->out, "%s%s%s", i ? ", " : INDENT, details.parts[i].text,
				  details.parts[i].has_name ? details.name.data : "");
	ctl_buffer_puts(&page->out, "\n");
}

/* From the highest down, above the line of their range. */
static void append_devices(struct page *page, const struct ctl_map_row *row)
{
	for (size_t i = row->device_count; i-- > 0;) {
		start(page, DIM);
		append_address(page, &row->devices[i].address);
		end(page);
		ctl_buffer_puts(&page->out, "│");
		append_block(page, row);
		ctl_buffer_puts(&page->out, "┤");
		start(page, DIM);
		ctl_buffer_printf(&page->out, "  %s", row->devices[i].name);
		end(page);
		ctl_buffer_puts(&page->out, "\n");
	}
}

static void append_run(struct page *page, const struct ctl_map_row *row)
{
	ctl_cleanup_buffer struct ctl_buffer highest = { 0 };
	ctl_cleanup_buffer struct ctl_buffer lowest = { 0 };
	ctl_cleanup_buffer struct ctl_buffer size = { 0 };
	ctl_cleanup_buffer struct ctl_buffer text = { 0 };
	size_t room;

	append_tag(page, &highest, row->ranges[row->count - 1].tag);
	append_tag(page, &lowest, row->ranges->tag);
	ctl_short_size_append(&size, row->size);
	room = page->width - page->address_width - 1 - BLOCK_CELLS - 2 - 1 - strlen(INDENT);
	ctl_map_run_append(&text, row, room);

	append_slice(page, row, NULL, "│");
	ctl_buffer_printf(&page->out, " %s\n", highest.data);
	append_slice(page, row, NULL, "│");
	ctl_buffer_printf(&page->out, " " INDENT "%s\n", text.data);
	append_slice(page, row, &row->range.start, "│");
	append_columns(page, lowest.data, size.data);
	ctl_buffer_puts(&page->out, INDENT "in all\n");
}

/* That up to the host's limit begins at the top of the frame, which states its start. */
static void append_gap(struct page *page, const struct ctl_map_row *row, bool is_limit)
{
	ctl_cleanup_buffer struct ctl_buffer size = { 0 };

	ctl_human_append(&size, row->size);
	append_address(page, is_limit ? NULL : &row->range.start);
	ctl_buffer_printf(&page->out, "╎%*s╎", BLOCK_CELLS, "");
	start(page, DIM);
	append_columns(page, "free", size.data);
	end(page);
	ctl_buffer_puts(&page->out, "\n");
}

/* A range has a line, and one more for each of these powers of two that its size reaches. */
static size_t lines_of(const struct page *page, const struct ctl_map_row *row)
{
	static const unsigned int taller[] = { 30, 36, 41 };
	size_t lines = 1;

	if (page->rows.count > TALL_ROWS_MAX)
		return lines;
	for (size_t i = 0; i < sizeof(taller) / sizeof(taller[0]); i++)
		lines += row->size >> taller[i] > 0;
	return lines;
}

static void append_row(struct page *page, const struct ctl_map_row *row)
{
	if (!row->count) {
		append_gap(page, row, false);
	} else if (row->count > 1) {
		append_run(page, row);
	} else {
		append_devices(page, row);
		for (size_t line = 1 + row->device_count; line < lines_of(page, row); line++) {
			append_slice(page, row, NULL, "│");
			ctl_buffer_puts(&page->out, "\n");
		}
		append_range(page, row);
	}
}

static void append_rule(struct page *page, const uint64_t *address, const char *text)
{
	size_t cells = page->address_width + 1 + BLOCK_CELLS + 2 + 1 + strlen(text) + 1;

	start(page, BOLD);
	append_address(page, address);
	ctl_buffer_printf(&page->out, "════════ %s ", text);
	for (; cells < page->width; cells++)
		ctl_buffer_puts(&page->out, "═");
	end(page);
	ctl_buffer_puts(&page->out, "\n");
}

static void append_rows(struct page *page)
{
	const struct ctl_map_row *rows = page->rows.rows;
	const uint64_t top = ctl_map_top(&page->rows);
	ctl_cleanup_buffer struct ctl_buffer limit = { 0 };

	if (page->rows.has_limit) {
		ctl_buffer_printf(&limit, "host limit, %u bits, ",
				  page->map->request->host_physical_address_bits);
		ctl_human_append(&limit, rows[page->rows.count].range.end);
		append_rule(page, &rows[page->rows.count].range.end, limit.data);
		append_gap(page, &rows[page->rows.count], true);
	}
	append_address(page, &top);
	ctl_buffer_puts(&page->out, "┌──────┐");
	start(page, DIM);
	ctl_buffer_puts(&page->out, " top, ");
	ctl_human_append(&page->out, top);
	end(page);
	ctl_buffer_puts(&page->out, "\n");
	for (size_t i = page->rows.count; i-- > 0;) {
		append_row(page, &rows[i]);
		if (rows[i].range.start == GPAL_4GIB)
			append_rule(page, NULL, "4 GiB");
	}
	append_address(page, NULL);
	ctl_buffer_puts(&page->out, "└──────┘\n");
}

static void append_key(struct page *page)
{
	size_t at = 0;

	for (enum ctl_paint paint = 0; paint < CTL_PAINT_COUNT; paint++) {
		const struct ctl_paint_row *look = &ctl_paints[paint];
		const struct ctl_paint_row *second = paint == CTL_PAINT_RAM ? look + 1 : look;
		size_t cells;

		if (!look->key || !ctl_map_has_class(&page->rows, paint))
			continue;
		cells = strlen("## ") + strlen(look->key);
		if (at && at + strlen(INDENT) + cells > page->width) {
			ctl_buffer_puts(&page->out, "\n");
			at = 0;
		}
		ctl_buffer_puts(&page->out, at ? INDENT : "");
		at += cells + (at ? strlen(INDENT) : 0);
		start(page, look->sgr);
		ctl_buffer_puts(&page->out, page->terminal.ascii ? look->ascii : look->block);
		ctl_buffer_puts(&page->out, page->terminal.ascii ? second->ascii : second->block);
		end(page);
		ctl_buffer_printf(&page->out, " %s", look->key);
	}
	ctl_buffer_puts(&page->out, "\n");
}

static void append_header(struct page *page)
{
	const struct ctl_map *map = page->map;
	ctl_cleanup_buffer struct ctl_buffer origin = { 0 };
	ctl_cleanup_buffer struct ctl_buffer content = { 0 };

	start(page, BOLD);
	ctl_name_append(&page->out, map->name, page->terminal.ascii);
	end(page);
	ctl_buffer_puts(&page->out, "\n");
	ctl_map_append_origin(&origin, map);
	ctl_wrap_append(&page->out, origin.data, page->width, UINT_MAX, "");
	ctl_map_append_content(&content, map->layout);
	ctl_buffer_puts(&content, "; ");
	ctl_map_append_bits(&content, map, "");
	ctl_wrap_append(&page->out, content.data, page->width, UINT_MAX, "");
	ctl_buffer_puts(&page->out, "\n");
	start(page, DIM);
	ctl_buffer_printf(&page->out, "%*s %*s", (int)page->address_width, "START", BLOCK_CELLS + 2,
			  "");
	append_columns(page, "RANGE", "SIZE");
	end(page);
	ctl_buffer_puts(&page->out, "\n");
}

static void append_footer(struct page *page)
{
	char digest[GPAL_DIGEST_SIZE];

	ctl_map_append_warnings(&page->out, page->map->layout, "warning: ", page->width,
				page->terminal.ascii);
	ctl_buffer_puts(&page->out, "\n");
	append_key(page);
	gpal_layout_digest(page->map->layout, digest);
	start(page, DIM);
	ctl_buffer_puts(&page->out, digest);
	end(page);
	ctl_buffer_puts(&page->out, "\n");
}

static void widen(size_t *width, size_t cells)
{
	if (*width < cells)
		*width = cells;
}

static void widen_by_tag(struct page *page, const char *name)
{
	ctl_cleanup_buffer struct ctl_buffer tag = { 0 };

	ctl_name_append(&tag, name, page->terminal.ascii);
	widen(&page->tag_width, ctl_cells(tag.data));
}

static void measure(struct page *page)
{
	const struct ctl_map_rows *rows = &page->rows;
	size_t most;

	page->width = page->terminal.width < NARROWEST ? NARROWEST :
		      page->terminal.width > WIDEST    ? WIDEST :
							 page->terminal.width;
	page->address_width = (size_t)snprintf(
		NULL, 0, "0x%" PRIx64, rows->rows[rows->count - !rows->has_limit].range.end);
	page->tag_width = strlen("RANGE");
	for (size_t i = 0; i < rows->count; i++) {
		const struct ctl_map_row *row = &rows->rows[i];

		if (row->count) {
			widen_by_tag(page, row->ranges[0].tag);
			widen_by_tag(page, row->ranges[row->count - 1].tag);
		}
		for (size_t j = 0; j < row->device_count; j++)
			widen(&page->tag_width, strlen(row->devices[j].name) + strlen(INDENT));
	}
	most = page->width - page->address_width - 1 - BLOCK_CELLS - 2 - 1 - 1 - SIZE_CELLS -
	       strlen(INDENT) - DETAILS_LEAST;
	if (page->tag_width > most)
		page->tag_width = most;
}

static void append_ascii(struct ctl_buffer *out, const char *text)
{
	static const struct {
		const char *from;
		char to;
	} glyphs[] = {
		{ "│", '|' }, { "╎", ':' }, { "├", '+' }, { "┤", '+' }, { "┌", '+' }, { "┐", '+' },
		{ "└", '+' }, { "┘", '+' }, { "─", '-' }, { "═", '=' }, { "≈", '~' }, { "–", '-' },
	};

	while (*text) {
		size_t i = 0;

		while (i < sizeof(glyphs) / sizeof(glyphs[0]) &&
		       strncmp(text, glyphs[i].from, strlen(glyphs[i].from)) != 0)
			i++;
		if (i < sizeof(glyphs) / sizeof(glyphs[0])) {
			ctl_buffer_append(out, &glyphs[i].to, 1);
			text += strlen(glyphs[i].from);
		} else {
			ctl_buffer_append(out, text++, 1);
		}
	}
}

void ctl_map_append_terminal(struct ctl_buffer *out, const struct ctl_map *map,
			     const struct ctl_map_terminal *terminal)
{
	struct page page = { .map = map, .terminal = *terminal };

	page.ellipsis = terminal->ascii ? "..." : "…";
	ctl_map_rows_make(&page.rows, map);
	measure(&page);
	append_header(&page);
	append_rows(&page);
	append_footer(&page);
	if (terminal->ascii)
		append_ascii(out, page.out.data);
	else
		ctl_buffer_append(out, page.out.data, page.out.len);
	ctl_map_rows_free(&page.rows);
	ctl_buffer_free(&page.out);
}
