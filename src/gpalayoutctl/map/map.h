/* SPDX-License-Identifier: MIT */
/*
 * Draws a layout, with higher addresses above lower ones, as SVG and for a terminal. A picture
 * depends on the arguments alone, so the same layout always gives the same bytes.
 */
#ifndef GPALAYOUTCTL_MAP_MAP_H
#define GPALAYOUTCTL_MAP_MAP_H

#include "gpalayoutctl/buffer.h"

#include <gpalayout/layout.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stdint.h>

struct ctl_map {
	const char *name;    /* of the layout; any text */
	uint64_t generation; /* 0: none, because the daemon does not keep the layout */
	const struct gpal_request *request;
	const struct gpal_layout *layout; /* ctl_map_can_be_drawn() must be true */
};

struct ctl_map_terminal {
	/* In cells; raised to 60 or lowered to 120. The layout's name and digest may be longer. */
	unsigned int width;
	bool colour;
	bool ascii; /* instead of UTF-8 */
};

/*
 * Returns true if the layout has ranges, none is empty and no two overlap. That is so for layouts
 * of this library. A layout from a newer daemon must be checked, because it may have ranges that
 * this library does not know.
 */
bool ctl_map_can_be_drawn(const struct gpal_layout *layout);

void ctl_map_append_svg(struct gpald_bytes *out, const struct ctl_map *map);
void ctl_map_append_terminal(struct gpald_bytes *out, const struct ctl_map *map,
			     const struct ctl_map_terminal *terminal);

#endif
