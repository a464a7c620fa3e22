/* SPDX-License-Identifier: MIT */
/*
 * A picture of a layout, higher addresses above lower ones, as SVG and for a terminal. It
 * is made of the structs alone, so that the same layout gives the same bytes.
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
	uint64_t generation; /* 0: it has none, for it is not kept */
	const struct gpal_request *request;
	const struct gpal_layout *layout; /* one that ctl_map_is_possible() */
};

struct ctl_map_terminal {
	unsigned int width; /* in cells; what is drawn takes at least 60 and at most 120 */
	bool colour;
	bool ascii; /* instead of UTF-8 */
};

/*
 * Whether it has ranges, none of them empty and no two overlapping. Layouts of this library
 * have; one that a newer daemon sent has not been checked, for it may have ranges that only
 * that knows.
 */
bool ctl_map_is_possible(const struct gpal_layout *layout);

void ctl_map_append_svg(struct gpald_bytes *out, const struct ctl_map *map);
void ctl_map_append_terminal(struct gpald_bytes *out, const struct ctl_map *map,
			     const struct ctl_map_terminal *terminal);

#endif
