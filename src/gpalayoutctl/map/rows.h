/* SPDX-License-Identifier: MIT */
/*
 * The contents of a map in both forms: rows from the lowest address up, each a range, a run of
 * ranges or a gap, and the texts about them and about the layout.
 */
#ifndef GPALAYOUTCTL_MAP_ROWS_H
#define GPALAYOUTCTL_MAP_ROWS_H

#include "gpalayoutctl/devices.h"
#include "gpalayoutctl/map/map.h"
#include "gpalayoutctl/map/paint.h"

#include <stddef.h>

/* The texts of a range besides its tag and size. `rest` has parts with ", " between them. */
struct ctl_details {
	const char *before; /* text before the name: "of " or "" */
	const char *name;   /* of a root complex or a CXL window; NULL: none */
	char rest[192];
};

struct ctl_range {
	struct gpal_map_entry entry;
	const char *family; /* what the range is for */
	enum ctl_paint paint;
	struct ctl_details details;
};

/* A vertical place in a figure, whose y grows downwards. */
struct ctl_place {
	int top;
	int bottom;
};

struct ctl_row {
	struct gpal_range range;
	const struct ctl_range *ranges;
	size_t count;  /* of ranges: 0 in a gap, above 1 in a run */
	uint64_t size; /* sum of the ranges, or of the gap */
	enum ctl_paint paint;
	struct ctl_details details;
	const struct ctl_device *devices; /* in the range, ascending; NULL: none */
	size_t device_count;
	struct ctl_place box; /* only in an SVG */
};

/* Borrows from its map. */
struct ctl_rows {
	const struct ctl_map *map;
	struct ctl_range *ranges; /* ascending */
	size_t range_count;
	size_t ranges_below;  /* number of ranges below 4 GiB */
	struct ctl_row *rows; /* ascending; a gap up to the host's limit follows the last */
	size_t count;         /* without that gap */
	size_t below;         /* rows below 4 GiB */
	bool has_limit;       /* whether that gap exists */
	uint64_t top;         /* the end of the highest range */
	unsigned int classes; /* one bit for the class of each range and each row */
	size_t node_count;    /* of nodes with RAM */
};

/*
 * Returns how many address bits of the host the ranges may use: all, or all but one with an alias
 * map. Returns 0 if the request does not state them.
 */
unsigned int ctl_map_usable_bits(const struct ctl_map *map);

struct ctl_rows ctl_rows_make(const struct ctl_map *map);
void ctl_rows_free(struct ctl_rows *rows);
#define ctl_cleanup_rows __attribute__((cleanup(ctl_rows_free)))

/*
 * Shortens the name to 24 cells, drops parts of the details from the end until all fits in `room`
 * cells, and stores the name in *name, which must be empty. If the name alone does not fit,
 * shortens it further if `may_shorten` is true and 5 cells are left for it; otherwise drops it,
 * too.
 */
void ctl_drop_details(struct ctl_details *details, struct gpald_bytes *name, size_t room,
		      bool ascii, bool may_shorten);

/* "x86_64, gen2-uefi, policy openvmm-2026.07, generation 1" */
void ctl_map_facts_append(struct gpald_bytes *out, const struct ctl_map *map);

/* "8 GiB of RAM in 2 nodes, 1 PCIe root complex, VTL2" */
void ctl_vm_summary_append(struct gpald_bytes *out, const struct ctl_rows *rows);

/*
 * Appends "34 of 46 address bits", or, if the host's address width is not known, `without` and
 * "34 address bits".
 */
void ctl_bits_append(struct gpald_bytes *out, const struct ctl_map *map, const char *without);

/*
 * Appends the first warnings in lines of at most `room` cells, one or two for each, and says how
 * many more there are.
 */
void ctl_map_warnings_append(struct gpald_bytes *out, const struct gpal_layout *layout,
			     const char *before, size_t room, bool ascii);

#endif
