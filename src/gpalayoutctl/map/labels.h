/* SPDX-License-Identifier: MIT */
/* What both forms of a map say of a range, of a run, and of the layout as a whole. */
#ifndef GPALAYOUTCTL_MAP_LABELS_H
#define GPALAYOUTCTL_MAP_LABELS_H

#include "gpalayoutctl/map/rows.h"

#define CTL_DETAILS_MAX 3

/* What there is to say of a row besides tag and size, in parts of which some may not fit. */
struct ctl_details {
	struct ctl_buffer text;       /* the parts, joined by ", " */
	size_t ends[CTL_DETAILS_MAX]; /* of the parts */
	size_t count;
	size_t name;     /* where the first part names a root complex */
	size_t name_end; /* 0: it does not */
};

#define ctl_cleanup_details __attribute__((cleanup(ctl_details_free)))

/* "rc0, node 1" of a range, "64 ranges, 1 MiB of gaps, 32 MiB each" of a run, none of a gap. */
struct ctl_details ctl_details_make(const struct gpal_layout *layout, const struct ctl_map_row *row,
				    bool ascii);
void ctl_details_free(struct ctl_details *details);

/*
 * Drops parts from the end until the others fit. One that is alone and does not fit is
 * dropped too, or its name is shortened if `may_shorten`.
 */
void ctl_details_fit(struct ctl_details *details, size_t room, bool may_shorten);

/* "x86_64, gen2-uefi, policy openvmm-2026.07, generation 1" */
void ctl_origin_append(struct ctl_buffer *out, const struct ctl_map *map);

/* "8 GiB of RAM in 2 nodes, 1 PCIe root complex, VTL2" */
void ctl_content_append(struct ctl_buffer *out, const struct gpal_layout *layout);

/* "34 of 46 address bits", or after `without` "34 address bits" if the host's are not known. */
void ctl_bits_append(struct ctl_buffer *out, const struct ctl_map *map, const char *without);

/* A line of at most `room` cells for each warning, or two of which the second is indented. */
void ctl_warnings_append(struct ctl_buffer *out, const struct gpal_layout *layout,
			 const char *before, size_t room, bool ascii);

#endif
