/* SPDX-License-Identifier: MIT */
/*
 * Draws a map for a terminal. Each range that is not in a run has a line with its start, tag and
 * size, for grep; a tag that is too long loses its middle. The text is made in colour, with its
 * frame and numbers in UTF-8. At the end append_converted() replaces or removes what the terminal
 * cannot show.
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

#define drawing_printf(drawing, ...) ctl_buffer_printf(&(drawing)->out, __VA_ARGS__)

struct drawing {
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
static void append_block(struct drawing *drawing, enum ctl_paint paint, unsigned int shades,
			 unsigned int cells)
{
	drawing_printf(drawing, "\033[%sm", ctl_paints[paint].sgr);
	for (unsigned int i = 0; i < cells; i++) {
		const struct ctl_paint_style *style = &ctl_paints[paint + i % shades];

		ctl_buffer_puts(&drawing->out, drawing->ascii ? style->ascii : style->block);
	}
	drawing_printf(drawing, PLAIN);
}

/* Appends the left part of a line. The line with the start of a row has an edge of its own. */
static void append_slice(struct drawing *drawing, const struct ctl_row *row, bool is_start)
{
	const bool is_ram_run = row->count > 1 && ctl_paint_class(row->paint) == CTL_PAINT_RAM;

	drawing_printf(drawing, "%*s %s", drawing->address_width,
		       is_start ? ctl_number_text(CTL_NUMBER_HEX, row->range.start).text : "",
		       is_start ? "├" : "│");
	append_block(drawing, is_ram_run ? CTL_PAINT_RAM : row->paint, is_ram_run ? 2 : 1,
		     BLOCK_CELLS);
	drawing_printf(drawing, "│");
}

/* Appends tag and size in their columns, or only the tag if `size` is NULL. */
static void append_columns(struct drawing *drawing, const char *tag, const char *size)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };

	ctl_name_append(&text, tag, drawing->ascii);
	ctl_shorten(&text, drawing->tag_width, drawing->ascii);
	drawing_printf(drawing, " %s", text.data);
	if (size)
		drawing_printf(drawing, "%*s %*s%s", padding_width(drawing->tag_width, text.data),
			       "", padding_width(SIZE_CELLS, size), "", size);
}

/* Appends devices from the highest down, above the line of their range. */
static void draw_devices(struct drawing *drawing, const struct ctl_row *row)
{
	for (size_t i = row->device_count; i-- > 0;) {
		drawing_printf(drawing, DIM "%*s " PLAIN "│", drawing->address_width,
			       ctl_number_text(CTL_NUMBER_HEX, row->devices[i].address).text);
		append_block(drawing, row->paint, 1, BLOCK_CELLS);
		drawing_printf(drawing, "┤" DIM INDENT "%s" PLAIN "\n", row->devices[i].name);
	}
}

/*
 * Returns the number of lines of a range: 2 from 1 GiB, 3 from 64 GiB and 4 from 2 TiB on. It is 1
 * for a smaller range, and if there are many rows.
 */
static size_t lines_of(const struct drawing *drawing, const struct ctl_row *row)
{
	if (drawing->rows.count > TALL_ROWS_MAX || row->size >> 30 == 0)
		return 1;
	return row->size >> 41 ? 4 : row->size >> 36 ? 3 : 2;
}

static void draw_details(struct drawing *drawing, const struct ctl_row *row, const char *before,
			 size_t room)
{
	struct ctl_details details = row->details;
	ctl_cleanup_buffer struct gpald_bytes name = { 0 };

	ctl_drop_details(&details, &name, room, drawing->ascii, false);
	drawing_printf(drawing, "%s%s%s%s\n", name.length || *details.rest ? before : "",
		       details.before, ctl_buffer_text(&name), details.rest);
}

static void draw_range(struct drawing *drawing, const struct ctl_row *row)
{
	const struct ctl_number_text size = ctl_number_text(CTL_NUMBER_SHORT, row->size);
	const size_t size_end = drawing->tag_left + drawing->tag_width + 1 +
				ctl_text_cells(size.text) +
				(size_t)padding_width(SIZE_CELLS, size.text);

	draw_devices(drawing, row);
	for (size_t line = 1 + row->device_count; line < lines_of(drawing, row); line++) {
		append_slice(drawing, row, false);
		drawing_printf(drawing, "\n");
	}
	append_slice(drawing, row, true);
	append_columns(drawing, row->ranges->entry.tag, size.text);
	draw_details(drawing, row, INDENT, drawing->width - size_end - strlen(INDENT));
}

static void append_run(struct drawing *drawing, const struct ctl_row *row)
{
	append_slice(drawing, row, false);
	append_columns(drawing, row->ranges[row->count - 1].entry.tag, NULL);
	drawing_printf(drawing, "\n");
	append_slice(drawing, row, false);
	draw_details(drawing, row, " " INDENT, drawing->width - drawing->tag_left - strlen(INDENT));
	append_slice(drawing, row, true);
	append_columns(drawing, row->ranges->entry.tag,
		       ctl_number_text(CTL_NUMBER_SHORT, row->size).text);
	drawing_printf(drawing, INDENT "in all\n");
}

static void append_gap(struct drawing *drawing, const struct ctl_row *row, const char *start)
{
	drawing_printf(drawing, "%*s ╎%*s╎" DIM, drawing->address_width, start, BLOCK_CELLS, "");
	append_columns(drawing, "free", ctl_number_text(CTL_NUMBER_HUMAN, row->size).text);
	drawing_printf(drawing, PLAIN "\n");
}

static void draw_rule(struct drawing *drawing, const char *address, const char *text)
{
	size_t cells = drawing->tag_left + strlen(text) + 1;

	drawing_printf(drawing, BOLD "%*s ════════ %s ", drawing->address_width, address, text);
	for (; cells < drawing->width; cells++)
		drawing_printf(drawing, "═");
	drawing_printf(drawing, PLAIN "\n");
}

/* The gap up to the host's limit begins at the top of the frame, where its start is shown. */
static void draw_limit(struct drawing *drawing, const struct ctl_row *gap)
{
	const struct ctl_map *map = drawing->rows.map;
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };

	ctl_buffer_printf(&text, "host limit, %u bits", ctl_map_usable_bits(map));
	if (ctl_map_usable_bits(map) != map->request->host_physical_address_bits)
		ctl_buffer_printf(&text, " of %u", map->request->host_physical_address_bits);
	ctl_buffer_printf(&text, ", %s", ctl_number_text(CTL_NUMBER_HUMAN, gap->range.end).text);
	draw_rule(drawing, ctl_number_text(CTL_NUMBER_HEX, gap->range.end).text, text.data);
	append_gap(drawing, gap, "");
}

static void append_rows(struct drawing *drawing)
{
	const struct ctl_rows *rows = &drawing->rows;

	if (rows->has_limit)
		draw_limit(drawing, &rows->rows[rows->count]);
	drawing_printf(drawing, "%*s ┌──────┐" DIM " top, %s" PLAIN "\n", drawing->address_width,
		       ctl_number_text(CTL_NUMBER_HEX, rows->top).text,
		       ctl_number_text(CTL_NUMBER_HUMAN, rows->top).text);
	for (size_t i = rows->count; i-- > 0;) {
		const struct ctl_row *row = &rows->rows[i];

		if (!row->count)
			append_gap(drawing, row,
				   ctl_number_text(CTL_NUMBER_HEX, row->range.start).text);
		else if (row->count == 1)
			draw_range(drawing, row);
		else
			append_run(drawing, row);
		if (row->range.start == GPAL_4GIB)
			draw_rule(drawing, "", "4 GiB");
	}
	drawing_printf(drawing, "%*s └──────┘\n", drawing->address_width, "");
}

static void draw_legend(struct drawing *drawing)
{
	size_t at = 0;

	for (enum ctl_paint paint = 0; paint < CTL_PAINT_COUNT; paint++) {
		const char *label = ctl_paints[paint].short_label;
		size_t cells;

		if (!label || !(drawing->rows.classes >> paint & 1))
			continue;
		cells = strlen("## ") + strlen(label);
		if (at && at + strlen(INDENT) + cells > drawing->width) {
			drawing_printf(drawing, "\n");
			at = 0;
		}
		ctl_buffer_puts(&drawing->out, at ? INDENT : "");
		at += cells + (at ? strlen(INDENT) : 0);
		append_block(drawing, paint, paint == CTL_PAINT_RAM ? 2 : 1, 2);
		drawing_printf(drawing, " %s", label);
	}
	drawing_printf(drawing, "\n");
}

static void draw_header(struct drawing *drawing)
{
	ctl_cleanup_buffer struct gpald_bytes facts = { 0 };
	ctl_cleanup_buffer struct gpald_bytes content = { 0 };

	drawing_printf(drawing, BOLD);
	ctl_name_append(&drawing->out, drawing->rows.map->name, drawing->ascii);
	drawing_printf(drawing, PLAIN "\n");
	ctl_map_facts_append(&facts, drawing->rows.map);
	ctl_wrap_append(&drawing->out, facts.data, drawing->width, UINT_MAX, drawing->ascii);
	ctl_vm_summary_append(&content, &drawing->rows);
	ctl_buffer_puts(&content, "; ");
	ctl_bits_append(&content, drawing->rows.map, "");
	ctl_wrap_append(&drawing->out, content.data, drawing->width, UINT_MAX, drawing->ascii);
	drawing_printf(drawing, "\n" DIM "%*s %*s", drawing->address_width, "START",
		       BLOCK_CELLS + 2, "");
	append_columns(drawing, "RANGE", "SIZE");
	drawing_printf(drawing, PLAIN "\n");
}

static void draw_footer(struct drawing *drawing)
{
	char digest[GPAL_DIGEST_SIZE];

	ctl_map_warnings_append(&drawing->out, drawing->rows.map->layout,
				"warning: ", drawing->width, drawing->ascii);
	drawing_printf(drawing, "\n");
	draw_legend(drawing);
	gpal_layout_digest(drawing->rows.map->layout, digest);
	drawing_printf(drawing, DIM "%s" PLAIN "\n", digest);
}

static void widen_column(size_t *width, const char *name, size_t more, bool ascii)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };

	ctl_name_append(&text, name, ascii);
	if (*width < ctl_text_cells(ctl_buffer_text(&text)) + more)
		*width = ctl_text_cells(text.data) + more;
}

static void measure_drawing(struct drawing *drawing, size_t width)
{
	const struct ctl_rows *rows = &drawing->rows;
	const uint64_t highest = rows->rows[rows->count - !rows->has_limit].range.end;
	size_t most;

	drawing->width = width < NARROWEST ? NARROWEST : width > WIDEST ? WIDEST : width;
	drawing->address_width = (int)strlen(ctl_number_text(CTL_NUMBER_HEX, highest).text);
	drawing->tag_left =
		(size_t)drawing->address_width + strlen(" |") + BLOCK_CELLS + strlen("| ");
	drawing->tag_width = strlen("RANGE");
	for (size_t i = 0; i < rows->count; i++) {
		const struct ctl_row *row = &rows->rows[i];

		if (row->count) {
			widen_column(&drawing->tag_width, row->ranges->entry.tag, 0,
				     drawing->ascii);
			widen_column(&drawing->tag_width, row->ranges[row->count - 1].entry.tag, 0,
				     drawing->ascii);
		}
		for (size_t j = 0; j < row->device_count; j++)
			widen_column(&drawing->tag_width, row->devices[j].name, strlen(INDENT),
				     drawing->ascii);
	}
	most = drawing->width - drawing->tag_left - 1 - SIZE_CELLS - strlen(INDENT) - DETAILS_LEAST;
	drawing->tag_width = drawing->tag_width < most ? drawing->tag_width : most;
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
	struct drawing drawing = { .rows = ctl_rows_make(map), .ascii = terminal->ascii };

	measure_drawing(&drawing, terminal->width);
	draw_header(&drawing);
	append_rows(&drawing);
	draw_footer(&drawing);
	append_converted(out, drawing.out.data, terminal);
	ctl_rows_free(&drawing.rows);
	ctl_buffer_free(&drawing.out);
}
