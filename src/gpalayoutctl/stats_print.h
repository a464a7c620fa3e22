/* SPDX-License-Identifier: MIT */
/*
 * The daemon's statistics for people.
 */
#ifndef GPALAYOUTCTL_STATS_PRINT_H
#define GPALAYOUTCTL_STATS_PRINT_H

#include "buffer.h"
#include "exit_code.h"

#include <cjson/cJSON.h>

/*
 * Appends the result of daemon.stats: a list, then a table of the methods that were
 * called. CTL_NO_DAEMON, after a complaint, when it is not such a result.
 */
enum ctl_exit ctl_stats_append(struct ctl_buffer *out, const cJSON *result);

#endif
