/* SPDX-License-Identifier: MIT */
/*
 * Draws a map for a terminal. Each range that is not in a run has a line with its start, tag and
 * size, for grep. The text is made in colour, with its frame and numbers in UTF-8. At the end
 * append_converted() replaces or removes what the terminal cannot show.
 */
#include "config.h"

#include "gpalayoutctl/map/rows.h"
#include "gpalayoutctl/size_text.h"
#include "gpalayoutctl/terminal_text.h"

#include <limits.h>
#include <string.h>

#define NARROWEST 60
#define WIDEST 120
#define BLOCK_CELLS 6
#define SIZE_CELLS 11
#define DETAILS_LEAST 10
#define TALL_ROWS_MAX 20
#define INDENT "  "
#define BOLD "\033[1m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

#define put(page, ...) ctl_buffer_printf(&(page)->out, __VA_ARGS__)

struct page {
	struct gpald_bytes out;
	struct ctl_rows rows;
	bool ascii;
	size_t width;
	int address_width;
	size_t tag_left; /* cells before the tag */
	size_t tag_width;
};

/* Returns how many cells the text is short of `width`. */
static int padding_width(size_t width, const char *text)
{
	const size_t cells = ctl_text_cells(text);

	return cells < width ? (int)(width - cells) : 0;
}

/* Appends cells in `shades` adjacent paints in turn; 1: all cells have the same paint. */
static void append_block(struct page *page, enum ctl_paint paint, unsigned int shades,
			 unsigned int cells)
{
	put(page, "\033[%sm", ctl_paints[paint].sgr);
	for (unsigned int i = 0; i < cells; i++) {
		const struct ctl_paint_style *style = &ctl_paints[paint + i % shades];

		ctl_buffer_puts(&page->out, page->ascii ? style->ascii : style->block);
	}
	put(page, PLAIN);
}

/* Appends the left part of a line. The line with the start of a row has an edge of its own. */
static void append_slice(struct page *page, const struct ctl_row *row, bool is_start)
{
	const bool is_ram_run = row->count > 1 && ctl_paint_class(row->paint) == CTL_PAINT_RAM;

	put(page, "%*s %s", page->address_width,
	    is_start ? ctl_number_text(CTL_HEX, row->range.start).text : "", is_start ? "├" : "│");
	append_block(page, is_ram_run ? CTL_PAINT_RAM : row->paint, is_ram_run ? 2 : 1,
		     BLOCK_CELLS);
	put(page, "│");
}

/* Appends tag and size in their columns, or only the tag if `size` is NULL. */
static void append_columns(struct page *page, const char *tag, const char *size)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };

	ctl_name_append(&text, tag, page->ascii);
	ctl_shorten(&text, page->tag_width, page->ascii);
	put(page, " %s", text.data);
	if (size)
		put(page, "%*s %*s%s", padding_width(page->tag_width, text.data), "",
		    padding_width(SIZE_CELLS, size), "", size);
}

/* Appends devices from the highest down, above the line of their range. */
static void append_page_devices(struct page *page, const struct ctl_row *row)
{
	for (size_t i = row->device_count; i-- > 0;) {
		put(page, DIM "%*s " PLAIN "│", page->address_width,
		    ctl_number_text(CTL_HEX, row->devices[i].address).text);
		append_block(page, row->paint, 1, BLOCK_CELLS);
		put(page, "┤" DIM INDENT "%s" PLAIN "\n", row->devices[i].name);
	}
}

/*
 * Returns the number of lines of a range: 2 from 1 GiB, 3 from 64 GiB and 4 from 2 TiB on. It is 1
 * for a smaller range, and if there are many rows.
 */
static size_t lines_of(const struct page *page, const struct ctl_row *row)
{
	if (page->rows.count > TALL_ROWS_MAX || row->size >> 30 == 0)
		return 1;
	return row->size >> 41 ? 4 : row->size >> 36 ? 3 : 2;
}

static void append_page_details(struct page *page, const struct ctl_row *row, const char *before,
				size_t room)
{
	struct ctl_details details = row->details;
	ctl_cleanup_buffer struct gpald_bytes name = { 0 };

	ctl_drop_details(&details, &name, room, page->ascii, false);
	put(page, "%s%s%s%s\n", name.length || *details.rest ? before : "", details.before,
	    ctl_buffer_text(&name), details.rest);
}

static void append_page_range(struct page *page, const struct ctl_row *row)
{
	const struct ctl_number_text size = ctl_number_text(CTL_SHORT, row->size);
	const size_t size_end = page->tag_left + page->tag_width + 1 + ctl_text_cells(size.text) +
				(size_t)padding_width(SIZE_CELLS, size.text);

	append_page_devices(page, row);
	for (size_t line = 1 + row->device_count; line < lines_of(page, row); line++) {
		append_slice(page, row, false);
		put(page, "\n");
	}
	append_slice(page, row, true);
	append_columns(page, row->ranges->entry.tag, size.text);
	append_page_details(page, row, INDENT, page->width - size_end - strlen(INDENT));
}

static void append_run(struct page *page, const struct ctl_row *row)
{
	append_slice(page, row, false);
	append_columns(page, row->ranges[row->count - 1].entry.tag, NULL);
	put(page, "\n");
	append_slice(page, row, false);
	append_page_details(page, row, " " INDENT, page->width - page->tag_left - strlen(INDENT));
	append_slice(page, row, true);
	append_columns(page, row->ranges->entry.tag, ctl_number_text(CTL_SHORT, row->size).text);
	put(page, INDENT "in all\n");
}

static void append_gap(struct page *page, const struct ctl_row *row, const char *start)
{
	put(page, "%*s ╎%*s╎" DIM, page->address_width, start, BLOCK_CELLS, "");
	append_columns(page, "free", ctl_number_text(CTL_HUMAN, row->size).text);
	put(page, PLAIN "\n");
}

static void append_page_rule(struct page *page, const char *address, const char *text)
{
	size_t cells = page->tag_left + strlen(text) + 1;

	put(page, BOLD "%*s ════════ %s ", page->address_width, address, text);
	for (; cells < page->width; cells++)
		put(page, "═");
	put(page, PLAIN "\n");
}

/* The gap up to the host's limit begins at the top of the frame, where its start is shown. */
static void append_page_limit(struct page *page, const struct ctl_row *gap)
{
	const struct ctl_map *map = page->rows.map;
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };

	ctl_buffer_printf(&text, "host limit, %u bits", ctl_map_bits(map));
	if (ctl_map_bits(map) != map->request->host_physical_address_bits)
		ctl_buffer_printf(&text, " of %u", map->request->host_physical_address_bits);
	ctl_buffer_printf(&text, ", %s", ctl_number_text(CTL_HUMAN, gap->range.end).text);
	append_page_rule(page, ctl_number_text(CTL_HEX, gap->range.end).text, text.data);
	append_gap(page, gap, "");
}

static void append_rows(struct page *page)
{
	const struct ctl_rows *rows = &page->rows;

	if (rows->has_limit)
		append_page_limit(page, &rows->rows[rows->count]);
	put(page, "%*s ┌──────┐" DIM " top, %s" PLAIN "\n", page->address_width,
	    ctl_number_text(CTL_HEX, rows->top).text, ctl_number_text(CTL_HUMAN, rows->top).text);
	for (size_t i = rows->count; i-- > 0;) {
		const struct ctl_row *row = &rows->rows[i];

		if (!row->count)
			append_gap(page, row, ctl_number_text(CTL_HEX, row->range.start).text);
		else if (row->count == 1)
			append_page_range(page, row);
		else
			append_run(page, row);
		if (row->range.start == GPAL_4GIB)
			append_page_rule(page, "", "4 GiB");
	}
	put(page, "%*s └──────┘\n", page->address_width, "");
}

static void append_page_legend(struct page *page)
{
	size_t at = 0;

	for (enum ctl_paint paint = 0; paint < CTL_PAINT_COUNT; paint++) {
		const char *label = ctl_paints[paint].short_label;
		size_t cells;

		if (!label || !(page->rows.classes >> paint & 1))
			continue;
		cells = strlen("## ") + strlen(label);
		if (at && at + strlen(INDENT) + cells > page->width) {
			put(page, "\n");
			at = 0;
		}
		ctl_buffer_puts(&page->out, at ? INDENT : "");
		at += cells + (at ? strlen(INDENT) : 0);
		append_block(page, paint, paint == CTL_PAINT_RAM ? 2 : 1, 2);
		put(page, " %s", label);
	}
	put(page, "\n");
}

static void append_page_header(struct page *page)
{
	ctl_cleanup_buffer struct gpald_bytes origin = { 0 };
	ctl_cleanup_buffer struct gpald_bytes content = { 0 };

	put(page, BOLD);
	ctl_name_append(&page->out, page->rows.map->name, page->ascii);
	put(page, PLAIN "\n");
	ctl_origin_append(&origin, page->rows.map);
	ctl_wrap_append(&page->out, origin.data, page->width, UINT_MAX, page->ascii);
	ctl_vm_summary_append(&content, &page->rows);
	ctl_buffer_puts(&content, "; ");
	ctl_bits_append(&content, page->rows.map, "");
	ctl_wrap_append(&page->out, content.data, page->width, UINT_MAX, page->ascii);
	put(page, "\n" DIM "%*s %*s", page->address_width, "START", BLOCK_CELLS + 2, "");
	append_columns(page, "RANGE", "SIZE");
	put(page, PLAIN "\n");
}

static void append_page_footer(struct page *page)
{
	char digest[GPAL_DIGEST_SIZE];

	ctl_warnings_append(&page->out, page->rows.map->layout, "warning: ", page->width,
			    page->ascii);
	put(page, "\n");
	append_page_legend(page);
	gpal_layout_digest(page->rows.map->layout, digest);
	put(page, DIM "%s" PLAIN "\n", digest);
}

static void widen_column(size_t *width, const char *name, size_t more, bool ascii)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };

	ctl_name_append(&text, name, ascii);
	if (*width < ctl_text_cells(ctl_buffer_text(&text)) + more)
		*width = ctl_text_cells(text.data) + more;
}

static void measure_page(struct page *page, size_t width)
{
	const struct ctl_rows *rows = &page->rows;
	const uint64_t highest = rows->rows[rows->count - !rows->has_limit].range.end;
	size_t most;

	page->width = width < NARROWEST ? NARROWEST : width > WIDEST ? WIDEST : width;
	page->address_width = (int)strlen(ctl_number_text(CTL_HEX, highest).text);
	page->tag_left = (size_t)page->address_width + strlen(" |") + BLOCK_CELLS + strlen("| ");
	page->tag_width = strlen("RANGE");
	for (size_t i = 0; i < rows->count; i++) {
		const struct ctl_row *row = &rows->rows[i];

		if (row->count) {
			widen_column(&page->tag_width, row->ranges->entry.tag, 0, page->ascii);
			widen_column(&page->tag_width, row->ranges[row->count - 1].entry.tag, 0,
				     page->ascii);
		}
		for (size_t j = 0; j < row->device_count; j++)
			widen_column(&page->tag_width, row->devices[j].name, strlen(INDENT),
				     page->ascii);
	}
	most = page->width - page->tag_left - 1 - SIZE_CELLS - strlen(INDENT) - DETAILS_LEAST;
	page->tag_width = page->tag_width < most ? page->tag_width : most;
}

static void append_converted(struct gpald_bytes *out, const char *text,
			     const struct ctl_map_terminal *terminal)
{
	/* Three bytes each. */
	static const char glyphs[] = "│╎├┤┌┐└┘─═≈–";
	static const char replacements[] = "|:++++++-=~-";

	while (*text) {
		size_t i = 0;

		while (i < strlen(replacements) && strncmp(text, glyphs + 3 * i, 3) != 0)
			i++;
		if (*text == '\033' && !terminal->colour) {
			text += strcspn(text, "m") + 1;
		} else if (terminal->ascii && i < strlen(replacements)) {
			ctl_buffer_append(out, replacements + i, 1);
			text += 3;
		} else {
			ctl_buffer_append(out, text++, 1);
		}
	}
}

void ctl_map_append_terminal(struct gpald_bytes *out, const struct ctl_map *map,
			     const struct ctl_map_terminal *terminal)
{
	struct page page = { .rows = ctl_rows_make(map), .ascii = terminal->ascii };

	measure_page(&page, terminal->width);
	append_page_header(&page);
	append_rows(&page);
	append_page_footer(&page);
	append_converted(out, page.out.data, terminal);
	ctl_rows_free(&page.rows);
	ctl_buffer_free(&page.out);
}
