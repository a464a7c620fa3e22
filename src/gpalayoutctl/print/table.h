/* SPDX-License-Identifier: MIT */
/*
 * Prints structs by tables of their fields: one struct as lines of label and value, many as a
 * table. A table whose columns are known only at run time is filled cell by cell.
 */
#ifndef GPALAYOUTCTL_PRINT_TABLE_H
#define GPALAYOUTCTL_PRINT_TABLE_H

#include "gpalayoutctl/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The form in which a field is printed, and its type. */
enum ctl_form {
	CTL_TEXT,          /* const char *; NULL: no value */
	CTL_INTEGER,       /* uint64_t; CTL_NONE: no value, as for each uint64_t below */
	CTL_SIZE,          /* uint64_t, a size in bytes */
	CTL_GROWTH,        /* uint64_t, a size; above 4 PiB "> 4 PiB"; 0: no value */
	CTL_ADDRESS,       /* uint64_t, an address */
	CTL_ADDRESS_SIZE,  /* uint64_t, an address, also as a size: "0x40000000 (1 GiB)" */
	CTL_DURATION,      /* uint64_t, in microseconds; rounded up, to stay an upper bound */
	CTL_AGE,           /* uint64_t, in milliseconds */
	CTL_BITS,          /* unsigned int */
	CTL_ARCH,          /* enum gpal_arch; aligned to the left, like those below */
	CTL_CHANGE,        /* enum gpal_change_kind */
	CTL_USER,          /* uint32_t, a uid; printed as the name of the user if there is one */
	CTL_OPTIONAL_USER, /* struct gpal_optional, a uid; not set: no value */
	CTL_RANGE,         /* struct gpal_range; empty: no value */
};

#define CTL_NONE UINT64_MAX

struct ctl_field {
	const char *label; /* NULL: an empty line instead of a field */
	enum ctl_form form;
	size_t offset;
};

/* A row for a member of a struct. */
#define CTL_FIELD(type, label, form, member)         \
	{                                            \
		label, form, offsetof(type, member), \
	}
#define CTL_FIELDS(table) table, sizeof(table) / sizeof((table)[0])

/* Appends the value of a field as text, or nothing if it has none. */
void ctl_value_append(struct gpald_bytes *out, enum ctl_form form, const void *value);

/* Appends a line for each field that has a value. All values begin in the same column. */
void ctl_record_append(struct gpald_bytes *out, const struct ctl_field *fields, size_t count,
		       const void *object);

/*
 * Appends a heading and a line for each of `rows`, which are `size` bytes each. A missing value is
 * "-".
 */
void ctl_records_append(struct gpald_bytes *out, const struct ctl_field *fields, size_t count,
			const void *rows, size_t size, size_t row_count);

#define CTL_TABLE_COLUMNS 72 /* at most */

struct ctl_column {
	const char *heading;
	bool right; /* aligned to the right, as numbers are */
};

/* Starts with `columns` set and all else zero. The first column without a heading ends them. */
struct ctl_table {
	struct ctl_column columns[CTL_TABLE_COLUMNS];
	int widths[CTL_TABLE_COLUMNS];
	struct gpald_bytes cells; /* each with its NUL */
	size_t count;
};

/* Adds the next cell, made safe to show; "-" for an empty one. */
void ctl_table_add(struct ctl_table *table, const char *text);

/* Adds a number in this form as the next cell; CTL_NONE: an empty one. */
void ctl_table_add_number(struct ctl_table *table, enum ctl_form form, uint64_t number);

/* Appends heading and rows. The last row must be complete. */
void ctl_table_append(struct gpald_bytes *out, const struct ctl_table *table);

void ctl_table_free(struct ctl_table *table);
#define ctl_cleanup_table __attribute__((cleanup(ctl_table_free)))

#endif
