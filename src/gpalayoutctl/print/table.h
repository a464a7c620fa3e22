/* SPDX-License-Identifier: MIT */
/*
 * Structs as text by tables of their fields: one as lines of label and value, many as a
 * table. Tables whose columns are known only at run time are filled cell by cell.
 */
#ifndef GPALAYOUTCTL_PRINT_TABLE_H
#define GPALAYOUTCTL_PRINT_TABLE_H

#include "gpalayoutctl/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a field is written, and what it is. */
enum ctl_form {
	CTL_TEXT,       /* const char *; NULL: there is none */
	CTL_COUNT,      /* uint64_t; CTL_NONE: there is none, here and below */
	CTL_SIZE,       /* the same, in bytes */
	CTL_GROWTH,     /* the same, of what may be without end; 0: there is none */
	CTL_ADDRESS,    /* the same */
	CTL_PLACE,      /* the same, its size beside it: "0x40000000 (1 GiB)" */
	CTL_DURATION,   /* the same, in microseconds; rounded up, so that a bound stays one */
	CTL_AGE,        /* the same, in milliseconds */
	CTL_BITS,       /* unsigned int */
	CTL_ARCH,       /* enum gpal_arch; no numbers are these, and what follows */
	CTL_CHANGE,     /* enum gpal_change_kind */
	CTL_USER,       /* uint32_t: a uid, shown as its name where it has one */
	CTL_KNOWN_USER, /* struct gpal_optional: the same; not set: there is none */
	CTL_RANGE,      /* struct gpal_range; empty: there is none */
};

#define CTL_NONE UINT64_MAX

struct ctl_field {
	const char *label; /* NULL: an empty line, between lines */
	enum ctl_form form;
	size_t offset;
};

/* A row for a member of a struct. */
#define CTL_FIELD(type, label, form, member)         \
	{                                            \
		label, form, offsetof(type, member), \
	}
#define CTL_FIELDS(table) table, sizeof(table) / sizeof((table)[0])

/* Appends the value of a field as text; nothing where there is none. */
void ctl_value_append(struct gpald_bytes *out, enum ctl_form form, const void *value);

/* Appends a line for each field that the object has. Labels are as wide as the widest. */
void ctl_record_append(struct gpald_bytes *out, const struct ctl_field *fields, size_t count,
		       const void *object);

/*
 * Appends a heading and a line for each of `rows`, which are `size` bytes each. "-" stands for
 * what there is not.
 */
void ctl_rows_append(struct gpald_bytes *out, const struct ctl_field *fields, size_t count,
		     const void *rows, size_t size, size_t row_count);

#define CTL_TABLE_COLUMNS 72 /* at most */

struct ctl_column {
	const char *heading;
	bool right; /* aligned so, as numbers are */
};

/* Starts with its columns alone, `headings` of which are not NULL. */
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

/* Appends heading and rows. The last row has to be complete. */
void ctl_table_append(struct gpald_bytes *out, const struct ctl_table *table);

void ctl_table_free(struct ctl_table *table);
#define ctl_cleanup_table __attribute__((cleanup(ctl_table_free)))

#endif
