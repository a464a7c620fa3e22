/* SPDX-License-Identifier: MIT */
/* The texts around the rows, which both forms of a map have in common. */
#ifndef GPALAYOUTCTL_MAP_SUMMARY_H
#define GPALAYOUTCTL_MAP_SUMMARY_H

#include "gpalayoutctl/map/map.h"

/* "x86_64, gen2-uefi, policy openvmm-2026.07, generation 1" */
void ctl_map_append_origin(struct ctl_buffer *out, const struct ctl_map *map);

/* "8 GiB of RAM in 2 nodes, 1 PCIe root complex, VTL2" */
void ctl_map_append_content(struct ctl_buffer *out, const struct gpal_layout *layout);

/* "34 of 46 address bits", or after `without` "34 address bits" if the host's are not known. */
void ctl_map_append_bits(struct ctl_buffer *out, const struct ctl_map *map, const char *without);

/* A line of at most `room` cells for each warning, or two of which the second is indented. */
void ctl_map_append_warnings(struct ctl_buffer *out, const struct gpal_layout *layout,
			     const char *before, size_t room, bool ascii);

#endif
