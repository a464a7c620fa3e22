/* SPDX-License-Identifier: MIT */
/*
 * What a map shows, whichever form it has: the rows from the lowest address up, each a
 * range, a run of ranges, or a gap.
 */
#ifndef GPALAYOUTCTL_MAP_ROWS_H
#define GPALAYOUTCTL_MAP_ROWS_H

#include "gpalayoutctl/map/devices.h"
#include "gpalayoutctl/map/map.h"
#include "gpalayoutctl/map/paint.h"

#include <stddef.h>

/* What a range is for. Ranges of one role are of one family, those of CTL_ROLE_OTHER by tag. */
enum ctl_role {
	CTL_ROLE_OTHER,
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
	CTL_ROLE_VTL2_FRAMEBUFFER,
	CTL_ROLE_RESERVED,
	CTL_ROLE_COUNT
};

struct ctl_map_range {
	struct gpal_range range;
	const char *tag;
	enum gpal_kind kind;
	enum ctl_role role;
	enum ctl_paint paint;
	size_t index; /* in the layout's list for its role */
};

struct ctl_map_row {
	struct gpal_range range;
	const struct ctl_map_range *ranges;
	size_t count;  /* of ranges: 0 for a gap, above 1 for a run */
	uint64_t size; /* sum of the ranges, or of the gap */
	enum ctl_paint paint;
	const struct ctl_device *devices; /* in it, ascending */
	size_t device_count;
};

/* Borrows from the map it was made of. */
struct ctl_map_rows {
	struct ctl_map_range *ranges; /* ascending */
	size_t range_count;
	struct ctl_map_row *rows; /* ascending; a gap up to the host's limit follows the last */
	size_t count;             /* without that gap */
	bool has_limit;           /* whether there is that gap */
	size_t below;             /* rows below 4 GiB */
};

#define ctl_cleanup_rows __attribute__((cleanup(ctl_map_rows_free)))

void ctl_map_rows_make(struct ctl_map_rows *rows, const struct ctl_map *map);
void ctl_map_rows_free(struct ctl_map_rows *rows);

/* The end of the highest range. */
uint64_t ctl_map_top(const struct ctl_map_rows *rows);

/* Whether any range or row is of that class, in any of its shades. */
bool ctl_map_has_class(const struct ctl_map_rows *rows, enum ctl_paint paint);

#define CTL_DETAILS_MAX 3

/* What there is to say of a range besides tag and size, in parts of which some may not fit. */
struct ctl_map_details {
	struct {
		char text[32];
		bool has_name; /* after the text */
	} parts[CTL_DETAILS_MAX];
	size_t count;
	struct ctl_buffer name; /* of a root complex, safe to show */
};

#define ctl_cleanup_details __attribute__((cleanup(ctl_map_details_free)))

void ctl_map_details_make(struct ctl_map_details *details, const struct gpal_layout *layout,
			  const struct ctl_map_range *range, bool ascii);
void ctl_map_details_free(struct ctl_map_details *details);

/*
 * Drops parts from the end until the others, joined by ", ", fit. One that is alone and
 * does not fit is dropped too, or its name is shortened if `may_shorten`.
 */
void ctl_map_details_fit(struct ctl_map_details *details, size_t room, bool may_shorten);

/* "64 ranges, 1 MiB of gaps, 32 MiB each", without the last parts if they do not fit. */
void ctl_map_run_append(struct ctl_buffer *out, const struct ctl_map_row *row, size_t room);

#endif
