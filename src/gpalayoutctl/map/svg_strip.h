/* SPDX-License-Identifier: MIT */
/*
 * The strip at the left of a figure, which is to scale where the rows are not: one segment
 * below 4 GiB and one above, each with a scale of its own.
 */
#ifndef GPALAYOUTCTL_MAP_SVG_STRIP_H
#define GPALAYOUTCTL_MAP_SVG_STRIP_H

#include "gpalayoutctl/map/svg_elements.h"

/* Beside the rows, whose places are known; with what connects them to it. */
void ctl_svg_append_strip(struct ctl_svg *svg);

#endif
