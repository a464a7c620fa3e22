/* SPDX-License-Identifier: MIT */
/*
 * A layout for people: its map, a summary and its warnings.
 */
#ifndef GPALAYOUTCTL_LAYOUT_PRINT_H
#define GPALAYOUTCTL_LAYOUT_PRINT_H

#include "buffer.h"
#include "exit_code.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/*
 * Appends a layout, or anything else with a map; members it lacks are left out.
 * CTL_NO_DAEMON, after a complaint, when it has no map.
 */
enum ctl_exit ctl_layout_append(struct ctl_buffer *out, const cJSON *layout, bool colour);

#endif
