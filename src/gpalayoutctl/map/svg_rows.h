/* SPDX-License-Identifier: MIT */
/*
 * The rows of a figure: their boxes, the addresses between them, and what is inside one.
 * All texts keep to the cells that they are given, so that none runs into another.
 */
#ifndef GPALAYOUTCTL_MAP_SVG_ROWS_H
#define GPALAYOUTCTL_MAP_SVG_ROWS_H

#include "gpalayoutctl/map/svg_elements.h"

/* Rows whose places are known, and what stands beside them. */
void ctl_svg_append_rows(struct ctl_svg *svg);
void ctl_svg_append_addresses(struct ctl_svg *svg);

/* "ram0", "free", or of a run "40 ranges", then `apart`, then "ram0 to ram39"; escaped. */
void ctl_svg_append_row_name(struct ctl_buffer *out, const struct ctl_row *row, const char *apart);

#endif
