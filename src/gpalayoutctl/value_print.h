/* SPDX-License-Identifier: MIT */
/*
 * Any JSON value as a readable list, for answers that gain members over time.
 */
#ifndef GPALAYOUTCTL_VALUE_PRINT_H
#define GPALAYOUTCTL_VALUE_PRINT_H

#include "buffer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/*
 * Called for each value that fits a line, in order: `path` is its dotted path,
 * safe to show and valid during the call.
 */
typedef void ctl_visit_value(void *context, const char *path, const cJSON *value);

/* Visits the values below `tree`, except those below its member `except` (NULL: none). */
void ctl_values_visit(const cJSON *tree, const char *except, ctl_visit_value *visit, void *context);

/*
 * Appends a line for each value below `tree`, except those below its member
 * `except`: `indent` spaces, the path, the value. Hexadecimal sizes and members
 * named *_bytes also stand in binary units.
 */
void ctl_values_append(struct ctl_buffer *out, const cJSON *tree, const char *except, int indent);

/* Appends a value on one line: lists of plain values with commas, what is deeper as JSON. */
void ctl_value_append(struct ctl_buffer *out, const cJSON *value);

#endif
