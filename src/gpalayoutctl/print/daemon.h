/* SPDX-License-Identifier: MIT */
/* What the daemon says of itself. */
#ifndef GPALAYOUTCTL_PRINT_DAEMON_H
#define GPALAYOUTCTL_PRINT_DAEMON_H

#include "gpalayoutctl/buffer.h"

#include <cjson/cJSON.h>
#include <gpalayout/client.h>

/* `tree` has the options, which the struct does not. */
void ctl_info_append(struct ctl_buffer *out, const struct gpal_client_info *info,
		     const cJSON *tree);

/*
 * Appends the policies with their defaults: a column a profile, because profiles differ in
 * few values. One that this program does not know has none.
 */
void ctl_policies_append(struct ctl_buffer *out, const struct gpal_client_policies *policies);

/*
 * Appends what the daemon has done: a line for each number that stands alone, then a table of
 * the users and one of the methods. `tree` is the same result, for its histograms.
 */
void ctl_stats_append(struct ctl_buffer *out, const struct gpal_client_stats *stats,
		      const cJSON *tree);

#endif
