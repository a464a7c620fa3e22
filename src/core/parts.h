/* SPDX-License-Identifier: MIT */
/*
 * What a layout is made of, by what it is to the guest and not by how it is
 * numbered: two layouts of one VM are matched part by part.
 */
#ifndef GPALD_CORE_PARTS_H
#define GPALD_CORE_PARTS_H

#include "core/arena.h"

#include <gpalayout/export.h>
#include <gpalayout/layout.h>

struct gpald_part {
	uint64_t hash;                      /* of what it is to the guest */
	const struct gpal_map_entry *entry; /* of the map; of buses it is made up */
	const char *owner;     /* the root complex of an IOMMU or of buses, else the tag */
	enum gpal_iommu iommu; /* what the range is of; GPAL_IOMMU_NONE: of none */
	const struct gpal_layout_segment *segment;    /* whose ECAM it is, or NULL */
	const struct gpal_layout_root_complex *buses; /* whose configuration space it is, or NULL */
	bool is_all; /* of buses: the root complex has no range of the map */
	const struct gpal_layout_hotplug_room *room;     /* which it is, or NULL */
	const struct gpal_layout_cxl_window *cxl_window; /* the same */
};

/* A part to look for: a range by its tag, or the IOMMU, or the buses, of a root complex. */
struct gpald_part gpald_wanted_part(const char *owner, enum gpal_iommu iommu,
				    const struct gpal_layout_root_complex *buses);

/*
 * The order of parts, an arbitrary one; 0: the two are the same to the guest, or extents of
 * the same RAM.
 */
int gpald_part_compare(const struct gpald_part *a, const struct gpald_part *b);

/* Those of a list in that order that are the same as one wanted: *count from the first. */
const struct gpald_part *gpald_find_parts(const struct gpald_part *parts, size_t part_count,
					  const struct gpald_part *wanted, size_t *count);

/* Whether a root complex has all the buses it had. */
bool gpald_has_buses(const struct gpal_layout_root_complex *from,
		     const struct gpal_layout_root_complex *to);

/*
 * Whether two parts that are the same to the guest are of the same use to it: a room of the
 * same node, a CXL window that is interleaved in the same way.
 */
bool gpald_part_has_same_use(const struct gpald_part *from, const struct gpald_part *to);

/*
 * All parts of a layout in that order, extents ascending, but for reserved ranges,
 * in which no guest has anything. Besides the ranges of the map these are the buses of
 * each root complex, as the slice pcie-NAME-ecam of its segment's ECAM. NULL: out of
 * memory.
 */
GPAL_MUST_USE struct gpald_part *gpald_list_parts(struct gpald_arena *arena,
						  const struct gpal_layout *layout, size_t *count);

#endif
