/* SPDX-License-Identifier: MIT */
/*
 * Tables. Cells lie behind each other in one buffer, because a list of layouts can
 * have a million of them.
 */
#include "config.h"

#include "table.h"

#include "terminal_text.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

static size_t column_count(const struct ctl_table *table)
{
	size_t count = 0;

	while (count < CTL_TABLE_COLUMNS && table->columns[count].heading)
		count++;
	return count;
}

void ctl_table_add(struct ctl_table *table, const char *format, ...)
{
	ctl_cleanup_buffer struct ctl_buffer raw = { 0 };
	size_t start = table->cells.len;
	va_list args;

	va_start(args, format);
	ctl_buffer_vprintf(&raw, format, args);
	va_end(args);
	ctl_puts_safe(&table->cells, raw.len ? raw.data : "-");
	ctl_widen(&table->widths[table->count++ % column_count(table)], table->cells.len - start);
	ctl_buffer_append(&table->cells, "", 1);
}

/* The last column is not padded: no line ends in spaces. */
static void append_cell(struct ctl_buffer *out, const struct ctl_column *column, int width,
			bool is_last, const char *text)
{
	if (column->right)
		ctl_buffer_printf(out, "%*s", width, text);
	else if (is_last)
		ctl_buffer_puts(out, text);
	else
		ctl_buffer_printf(out, "%-*s", width, text);
	ctl_buffer_puts(out, is_last ? "\n" : "  ");
}

void ctl_table_append(struct ctl_buffer *out, const struct ctl_table *table)
{
	size_t columns = column_count(table);
	const char *cell = table->cells.data;
	int widths[CTL_TABLE_COLUMNS];

	assert(columns > 0);
	for (size_t i = 0; i < columns; i++) {
		widths[i] = table->widths[i];
		ctl_widen(&widths[i], strlen(table->columns[i].heading));
		append_cell(out, &table->columns[i], widths[i], i + 1 == columns,
			    table->columns[i].heading);
	}
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % columns;

		append_cell(out, &table->columns[column], widths[column], column + 1 == columns,
			    cell);
		cell += strlen(cell) + 1;
	}
}

void ctl_table_free(struct ctl_table *table)
{
	ctl_buffer_free(&table->cells);
}
