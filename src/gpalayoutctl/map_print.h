/* SPDX-License-Identifier: MIT */
/*
 * The address-sorted map for people, gaps included.
 */
#ifndef GPALAYOUTCTL_MAP_PRINT_H
#define GPALAYOUTCTL_MAP_PRINT_H

#include "buffer.h"
#include "exit_code.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/*
 * Appends the map, an array of {tag, kind, start, end}, as a table of start, end
 * (exclusive), size, kind and tag; gaps are rows of kind "gap" and are dimmed
 * with `colour`. CTL_NO_DAEMON, after a complaint, when it is not such an array.
 */
enum ctl_exit ctl_map_append(struct ctl_buffer *out, const cJSON *map, bool colour);

#endif
