/* SPDX-License-Identifier: MIT */
/* What has changed: events one by one, and those of one layout as a table. */
#ifndef GPALAYOUTCTL_PRINT_EVENT_H
#define GPALAYOUTCTL_PRINT_EVENT_H

#include "gpalayoutctl/buffer.h"

#include <gpalayout/client.h>

/* Appends a line. Its columns have fixed widths, because no line may wait for the next. */
void ctl_event_append(struct ctl_buffer *out, const struct gpal_client_event *event);

/* Appends a table, and unless it is complete a line that says from where on it is. */
void ctl_history_append(struct ctl_buffer *out, const struct gpal_client_history *history);

#endif
