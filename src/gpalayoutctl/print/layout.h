/* SPDX-License-Identifier: MIT */
/*
 * Layouts and what is said of them: maps, changes, advice.
 */
#ifndef GPALAYOUTCTL_PRINT_LAYOUT_H
#define GPALAYOUTCTL_PRINT_LAYOUT_H

#include "gpalayoutctl/buffer.h"

#include <gpalayout/advise.h>
#include <gpalayout/compare.h>
#include <gpalayout/layout.h>

/* Appends the map, a table ascending by address in which gaps are rows, too. */
void ctl_map_append(struct ctl_buffer *out, const struct gpal_map *map);

/* Appends the map, what is worth knowing besides, and the warnings. */
void ctl_layout_append(struct ctl_buffer *out, const struct gpal_layout *layout);

/* Appends a line: "warning: TOKEN at TAG: MESSAGE". */
void ctl_warning_append(struct ctl_buffer *out, const struct gpal_warning *warning);

/* Appends a table, or that nothing changes. */
void ctl_changes_append(struct ctl_buffer *out, const struct gpal_changes *changes);

/* Appends how far each range could grow, a table in the order of the map. */
/* `has_bars`: with the largest BARs. */
void ctl_advice_append(struct ctl_buffer *out, const struct gpal_advice *advice, bool has_bars);

/* Of a request without a layout: the sizes with which it would have one. */
void ctl_sizes_append(struct ctl_buffer *out, const struct gpal_advice *advice);

#endif
