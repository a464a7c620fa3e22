/* SPDX-License-Identifier: MIT */
/*
 * Tables whose columns are as wide as what stands in them: a heading, then rows of
 * cells from left to right.
 */
#ifndef GPALAYOUTCTL_TABLE_H
#define GPALAYOUTCTL_TABLE_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>

#define CTL_TABLE_COLUMNS 72 /* at most */

struct ctl_column {
	const char *heading;
	bool right; /* aligned so, as numbers are */
};

/* Starts with its columns alone, `headings` of which are not NULL. */
struct ctl_table {
	struct ctl_column columns[CTL_TABLE_COLUMNS];
	int widths[CTL_TABLE_COLUMNS];
	struct ctl_buffer cells; /* each with its NUL */
	size_t count;
};

#define ctl_cleanup_table __attribute__((cleanup(ctl_table_free)))

/* Adds the next cell, made safe to show; "-" for an empty one. */
void ctl_table_add(struct ctl_table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends heading and rows. The last row has to be complete. */
void ctl_table_append(struct ctl_buffer *out, const struct ctl_table *table);

void ctl_table_free(struct ctl_table *table);

#endif
