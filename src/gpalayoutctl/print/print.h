/* SPDX-License-Identifier: MIT */
/* Prints results as text for people. */
#ifndef GPALAYOUTCTL_PRINT_PRINT_H
#define GPALAYOUTCTL_PRINT_PRINT_H

#include "gpalayoutctl/session.h"

/* Appends a result, which was decoded as the command says. */
typedef enum ctl_exit ctl_appender(struct ctl_session *session, struct gpald_bytes *out,
				   const void *result);

ctl_appender ctl_resolved_append;  /* struct gpal_layout */
ctl_appender ctl_created_append;   /* struct gpal_client_live */
ctl_appender ctl_updated_append;   /* struct gpal_client_update */
ctl_appender ctl_deleted_append;   /* struct gpald_deleted */
ctl_appender ctl_live_append;      /* struct gpal_client_live, of layout.get */
ctl_appender ctl_history_append;   /* struct gpal_client_history */
ctl_appender ctl_allocated_append; /* struct gpal_map */
ctl_appender ctl_policies_append;  /* struct gpal_client_policies */
ctl_appender ctl_info_append;      /* struct gpal_client_info */
ctl_appender ctl_stats_append;     /* struct gpal_client_stats */
ctl_appender ctl_advised_append;   /* struct gpal_advice */
ctl_appender ctl_explained_append; /* struct gpal_explanation */

/* Appends a line: "warning: TOKEN at TAG: MESSAGE". */
void ctl_warning_append(struct gpald_bytes *out, const struct gpal_warning *warning);

/* Appends the changes as a table, or a line that says that there are none. */
void ctl_changes_append(struct gpald_bytes *out, const struct gpal_changes *changes);

/* Appends an event as a line. Columns have fixed widths, because no line may wait for the next. */
void ctl_event_append(struct gpald_bytes *out, const struct gpal_client_event *event);

#endif
