/* SPDX-License-Identifier: MIT */
/*
 * What a map shows, whichever form it has: the rows from the lowest address up, each a
 * range, a run of ranges, or a gap.
 */
#ifndef GPALAYOUTCTL_MAP_ROWS_H
#define GPALAYOUTCTL_MAP_ROWS_H

#include "gpalayoutctl/devices.h"
#include "gpalayoutctl/map/map.h"
#include "gpalayoutctl/map/paint.h"

#include <stddef.h>

/* What a range is for. Ranges of one role are of one family, those of CTL_ROLE_OTHER by tag. */
enum ctl_role {
	CTL_ROLE_OTHER,
	CTL_ROLE_RESERVED,
	CTL_ROLE_RAM,
	CTL_ROLE_CHIPSET_LOW,
	CTL_ROLE_CHIPSET_HIGH,
	CTL_ROLE_LOW_WINDOW,
	CTL_ROLE_HIGH_WINDOW,
	CTL_ROLE_ECAM,
	CTL_ROLE_HDM,
	CTL_ROLE_CHBCR,
	CTL_ROLE_IOMMU,
	CTL_ROLE_VIRTIO,
	CTL_ROLE_VTL2_CHIPSET,
	CTL_ROLE_VTL2_MEMORY,
	CTL_ROLE_VTL2_FRAMEBUFFER
};

struct ctl_map_range {
	struct gpal_range range;
	const char *tag;
	enum gpal_kind kind;
	enum ctl_role role;
	enum ctl_paint paint;
	size_t index; /* in the layout's list for its role */
};

/* In a figure, whose y goes down. */
struct ctl_place {
	int top;
	int bottom;
};

struct ctl_map_row {
	struct gpal_range range;
	const struct ctl_map_range *ranges;
	size_t count;  /* of ranges: 0 for a gap, above 1 for a run */
	uint64_t size; /* sum of the ranges, or of the gap */
	enum ctl_paint paint;
	const struct ctl_device *devices; /* in it, ascending */
	size_t device_count;
	struct ctl_place box; /* unless the form is for a terminal */
};

/* Borrows from the layout it was made of. */
struct ctl_map_rows {
	struct ctl_map_range *ranges; /* ascending */
	size_t range_count;
	struct ctl_map_row *rows; /* ascending; a gap up to the host's limit follows the last */
	size_t count;             /* without that gap */
	bool has_limit;           /* whether there is that gap */
	size_t below;             /* rows below 4 GiB */
	uint64_t top;             /* the end of the highest range */
	unsigned int classes;     /* a bit for the class of each range and of each row */
};

#define ctl_cleanup_rows __attribute__((cleanup(ctl_map_rows_free)))

struct ctl_map_rows ctl_map_rows_make(const struct ctl_map *map);
void ctl_map_rows_free(struct ctl_map_rows *rows);

#endif
