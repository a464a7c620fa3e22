/* SPDX-License-Identifier: MIT */
/*
 * What a map shows, whichever form it has: the rows from the lowest address up, each a
 * range, a run of ranges, or a gap, and what there is to say of them and of the layout.
 */
#ifndef GPALAYOUTCTL_MAP_ROWS_H
#define GPALAYOUTCTL_MAP_ROWS_H

#include "gpalayoutctl/devices.h"
#include "gpalayoutctl/map/map.h"
#include "gpalayoutctl/map/paint.h"

#include <stddef.h>

/* What there is to say besides tag and size, in parts that are joined by ", ". */
struct ctl_details {
	const char *before;
	const char *name; /* of a root complex; NULL: it is not about one */
	char rest[192];
};

struct ctl_range {
	struct gpal_map_entry entry;
	const char *family; /* what it is for */
	enum ctl_paint paint;
	struct ctl_details details;
};

/* In a figure, whose y goes down. */
struct ctl_place {
	int top;
	int bottom;
};

struct ctl_row {
	struct gpal_range range;
	const struct ctl_range *ranges;
	size_t count;  /* of ranges: 0 for a gap, above 1 for a run */
	uint64_t size; /* sum of the ranges, or of the gap */
	enum ctl_paint paint;
	struct ctl_details details;
	const struct ctl_device *devices; /* in it, ascending */
	size_t device_count;
	struct ctl_place box; /* unless the form is for a terminal */
};

/* Borrows from the map it was made of. */
struct ctl_rows {
	const struct ctl_map *map;
	struct ctl_range *ranges; /* ascending */
	size_t range_count;
	size_t ranges_below;  /* 4 GiB */
	struct ctl_row *rows; /* ascending; a gap up to the host's limit follows the last */
	size_t count;         /* without that gap */
	size_t below;         /* rows below 4 GiB */
	bool has_limit;       /* whether there is that gap */
	uint64_t top;         /* the end of the highest range */
	unsigned int classes; /* a bit for the class of each range and of each row */
	size_t node_count;    /* of nodes with RAM */
};

/* The address bits of the host that ranges may use: one less with an alias map; 0: not stated. */
unsigned int ctl_map_bits(const struct ctl_map *map);

struct ctl_rows ctl_rows_make(const struct ctl_map *map);
void ctl_rows_free(struct ctl_rows *rows);
#define ctl_cleanup_rows __attribute__((cleanup(ctl_rows_free)))

/*
 * Drops parts from the end until the others fit, and makes *name of what is left of the
 * name. A part that is alone and does not fit is dropped too, or its name is shortened if
 * `may_shorten`.
 */
void ctl_details_fit(struct ctl_details *details, struct gpald_bytes *name, size_t room, bool ascii,
		     bool may_shorten);

/* "x86_64, gen2-uefi, policy openvmm-2026.07, generation 1" */
void ctl_origin_append(struct gpald_bytes *out, const struct ctl_map *map);

/* "8 GiB of RAM in 2 nodes, 1 PCIe root complex, VTL2" */
void ctl_content_append(struct gpald_bytes *out, const struct ctl_rows *rows);

/* "34 of 46 address bits", or after `without` "34 address bits" if the host's are not known. */
void ctl_bits_append(struct gpald_bytes *out, const struct ctl_map *map, const char *without);

/* A line of at most `room` cells for each warning, or two of which the second is indented. */
void ctl_warnings_append(struct gpald_bytes *out, const struct gpal_layout *layout,
			 const char *before, size_t room, bool ascii);

#endif
