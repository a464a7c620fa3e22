/* SPDX-License-Identifier: MIT */
/*
 * The changes between two layouts for people.
 */
#ifndef GPALAYOUTCTL_CHANGES_PRINT_H
#define GPALAYOUTCTL_CHANGES_PRINT_H

#include "buffer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/*
 * Appends `changes`, an array of {change, tag, from?, to?}, as a table, or a line
 * that there are none. False, with nothing appended, when it is not such an array.
 */
bool ctl_changes_append(struct ctl_buffer *out, const cJSON *changes);

#endif
