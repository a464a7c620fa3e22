/* SPDX-License-Identifier: MIT */
/* Prints results as text for people. */
#ifndef GPALAYOUTCTL_PRINT_PRINT_H
#define GPALAYOUTCTL_PRINT_PRINT_H

#include "gpalayoutctl/session.h"

/* Appends a result, which was decoded as the command says. */
typedef enum ctl_exit ctl_printer(struct ctl_session *session, struct gpald_bytes *out,
				  const void *result);

ctl_printer ctl_print_resolved;  /* struct gpal_layout */
ctl_printer ctl_print_created;   /* struct gpal_client_live */
ctl_printer ctl_print_updated;   /* struct gpal_client_update */
ctl_printer ctl_print_deleted;   /* struct gpald_deleted */
ctl_printer ctl_print_live;      /* struct gpal_client_live, of layout.get */
ctl_printer ctl_print_history;   /* struct gpal_client_history */
ctl_printer ctl_print_allocated; /* struct gpal_map */
ctl_printer ctl_print_policies;  /* struct gpal_client_policies */
ctl_printer ctl_print_info;      /* struct gpal_client_info */
ctl_printer ctl_print_stats;     /* struct gpal_client_stats */
ctl_printer ctl_print_advised;   /* struct gpal_advice */
ctl_printer ctl_print_explained; /* struct gpal_explanation */

/* Appends a line: "warning: TOKEN at TAG: MESSAGE". */
void ctl_warning_append(struct gpald_bytes *out, const struct gpal_warning *warning);

/* Appends the changes as a table, or a line that says that there are none. */
void ctl_changes_append(struct gpald_bytes *out, const struct gpal_changes *changes);

/* Appends an event as a line. Columns have fixed widths, because no line may wait for the next. */
void ctl_event_append(struct gpald_bytes *out, const struct gpal_client_event *event);

#endif
