/* SPDX-License-Identifier: MIT */
/* All cells of a table are in one buffer, because a list of layouts can have a million of them. */
#include "config.h"

#include "gpalayoutctl/print/table.h"

#include "gpalayoutctl/size_text.h"
#include "gpalayoutctl/terminal_text.h"

#include <assert.h>
#include <gpalayout/compare.h>
#include <gpalayout/policy.h>
#include <gpalayout/range.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>

#define HOST_SPACE_MAX (UINT64_C(1) << 52)

/* Values. */

static void append_duration(struct gpald_bytes *out, uint64_t us)
{
	const bool in_seconds = us >= 1000000;
	const uint64_t step = in_seconds ? 1000 : 1;
	const uint64_t thousandths = us / step + (us % step != 0);
	uint64_t rest = thousandths % 1000;
	int decimals = 3;

	if (us < 1000) {
		ctl_buffer_printf(out, "%" PRIu64 " us", us);
		return;
	}
	ctl_buffer_printf(out, "%" PRIu64, thousandths / 1000);
	if (rest) {
		for (; rest % 10 == 0; rest /= 10)
			decimals--;
		ctl_buffer_printf(out, ".%0*" PRIu64, decimals, rest);
	}
	ctl_buffer_puts(out, in_seconds ? " s" : " ms");
}

/* "3 d 4 h 0 min", "5 min 7 s", "0 s" */
static void append_age(struct gpald_bytes *out, uint64_t ms)
{
	const uint64_t seconds = ms / 1000, minutes = seconds / 60, hours = minutes / 60;

	if (hours >= 24)
		ctl_buffer_printf(out, "%" PRIu64 " d ", hours / 24);
	if (hours)
		ctl_buffer_printf(out, "%" PRIu64 " h ", hours % 24);
	if (minutes)
		ctl_buffer_printf(out, "%" PRIu64 " min", minutes % 60);
	if (!hours)
		ctl_buffer_printf(out, "%s%" PRIu64 " s", minutes ? " " : "", seconds % 60);
}

/* Keeps the last name: most rows are of the same few users, and a look-up may need the network. */
static void append_user(struct gpald_bytes *out, uint32_t uid)
{
	static struct {
		uint32_t uid;
		char name[64]; /* empty: it has none */
		bool is_known;
	} last;

	if (!last.is_known || last.uid != uid) {
		const struct passwd *entry = getpwuid(uid);

		last.is_known = true;
		last.uid = uid;
		*last.name = '\0';
		if (entry && strlen(entry->pw_name) < sizeof(last.name))
			strcpy(last.name, entry->pw_name);
	}
	if (*last.name)
		ctl_puts_safe(out, last.name);
	else
		ctl_buffer_printf(out, "%" PRIu32, uid);
}

static void append_cell_number(struct gpald_bytes *out, enum ctl_form form, uint64_t number)
{
	switch (form) {
	case CTL_SIZE:
		ctl_size_append(out, number);
		break;
	case CTL_GROWTH:
		/*
		 * No host can address more. The value is exact, because one that was rounded up may
		 * not fit.
		 */
		if (number > HOST_SPACE_MAX)
			ctl_buffer_puts(out, "> 4 PiB");
		else if (number)
			ctl_exact_size_append(out, number);
		break;
	case CTL_DURATION:
		append_duration(out, number);
		break;
	case CTL_AGE:
		append_age(out, number);
		break;
	case CTL_ADDRESS_SIZE:
	case CTL_ADDRESS:
		ctl_buffer_printf(out, "0x%" PRIx64, number);
		if (form == CTL_ADDRESS)
			break;
		ctl_buffer_puts(out, " (");
		ctl_size_append(out, number);
		ctl_buffer_puts(out, ")");
		break;
	default:
		ctl_buffer_printf(out, "%" PRIu64, number);
	}
}

void ctl_value_append(struct gpald_bytes *out, enum ctl_form form, const void *value)
{
	const struct gpal_optional *user = value;
	const struct gpal_range *range = value;
	const char *const *text = value;
	const uint64_t *number = value;

	switch (form) {
	case CTL_TEXT:
		if (*text)
			ctl_puts_safe(out, *text);
		break;
	case CTL_BITS:
		ctl_buffer_printf(out, "%u", *(const unsigned int *)value);
		break;
	case CTL_ARCH:
		if (gpal_arch_name(*(const enum gpal_arch *)value))
			ctl_buffer_puts(out, gpal_arch_name(*(const enum gpal_arch *)value));
		break;
	case CTL_CHANGE:
		if (gpal_change_name(*(const enum gpal_change_kind *)value))
			ctl_buffer_puts(out,
					gpal_change_name(*(const enum gpal_change_kind *)value));
		break;
	case CTL_USER:
		append_user(out, *(const uint32_t *)value);
		break;
	case CTL_OPTIONAL_USER:
		if (user->set)
			append_user(out, (uint32_t)user->value);
		break;
	case CTL_RANGE:
		/* Half-open, as everywhere. */
		if (!gpal_range_is_empty(*range))
			ctl_buffer_printf(out, "0x%" PRIx64 "-0x%" PRIx64, range->start,
					  range->end);
		break;
	default:
		if (*number != CTL_NONE)
			append_cell_number(out, form, *number);
	}
}

/* Lines. */

void ctl_record_append(struct gpald_bytes *out, const struct ctl_field *fields, size_t count,
		       const void *object)
{
	int width = 0;

	for (size_t i = 0; i < count; i++)
		if (fields[i].label)
			ctl_widen_column(&width, strlen(fields[i].label));
	for (size_t i = 0; i < count; i++) {
		ctl_cleanup_buffer struct gpald_bytes value = { 0 };

		if (!fields[i].label) {
			ctl_buffer_puts(out, "\n");
			continue;
		}
		ctl_value_append(&value, fields[i].form, (const char *)object + fields[i].offset);
		if (value.length)
			ctl_buffer_printf(out, "%-*s  %s\n", width, fields[i].label, value.data);
	}
}

/* Tables. */

static size_t column_count(const struct ctl_table *table)
{
	size_t count = 0;

	while (count < CTL_TABLE_COLUMNS && table->columns[count].heading)
		count++;
	return count;
}

void ctl_table_add(struct ctl_table *table, const char *text)
{
	const size_t start = table->cells.length;
	const size_t columns = column_count(table);

	assert(columns > 0);
	ctl_puts_safe(&table->cells, *text ? text : "-");
	ctl_widen_column(&table->widths[table->count++ % columns],
			 ctl_text_cells(table->cells.data + start));
	ctl_buffer_append(&table->cells, "", 1);
}

void ctl_table_add_number(struct ctl_table *table, enum ctl_form form, uint64_t number)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };

	ctl_value_append(&text, form, &number);
	ctl_table_add(table, ctl_buffer_text(&text));
}

/* The last column is not padded, so that no line ends in spaces. */
static void append_cell(struct gpald_bytes *out, const struct ctl_column *column, int width,
			bool is_last, const char *text)
{
	const int cells = (int)ctl_text_cells(text), room = width > cells ? width - cells : 0;

	ctl_buffer_printf(out, "%*s%s", column->right ? room : 0, "", text);
	ctl_buffer_printf(out, "%*s%s", column->right || is_last ? 0 : room, "",
			  is_last ? "\n" : "  ");
}

void ctl_table_append(struct gpald_bytes *out, const struct ctl_table *table)
{
	size_t columns = column_count(table);
	const char *cell = table->cells.data;
	int widths[CTL_TABLE_COLUMNS];

	assert(columns > 0);
	for (size_t i = 0; i < columns; i++) {
		widths[i] = table->widths[i];
		ctl_widen_column(&widths[i], strlen(table->columns[i].heading));
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

static bool is_aligned_right(enum ctl_form form)
{
	return form != CTL_TEXT && form < CTL_ARCH;
}

void ctl_records_append(struct gpald_bytes *out, const struct ctl_field *fields, size_t count,
			const void *rows, size_t size, size_t row_count)
{
	ctl_cleanup_table struct ctl_table table = { .count = 0 };
	ctl_cleanup_buffer struct gpald_bytes cell = { 0 };

	for (size_t i = 0; i < count; i++)
		table.columns[i] =
			(struct ctl_column){ fields[i].label, is_aligned_right(fields[i].form) };
	for (size_t row = 0; row < row_count; row++) {
		const char *object = (const char *)rows + row * size;

		for (size_t i = 0; i < count; i++) {
			cell.length = 0;
			ctl_value_append(&cell, fields[i].form, object + fields[i].offset);
			/* The text is safe already, and escaping it again changes nothing. */
			ctl_table_add(&table, cell.length ? cell.data : "");
		}
	}
	ctl_table_append(out, &table);
}
