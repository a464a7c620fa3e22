/* SPDX-License-Identifier: MIT */
/*
 * The parts of a layout: its ranges, and the buses of each root complex. Two layouts of a VM can be
 * matched part by part. A range is identified by its tag. The range of an IOMMU is identified by
 * the kind of IOMMU and the root complex, because another IOMMU can change the number in its tag.
 */
#ifndef GPALD_CORE_PARTS_H
#define GPALD_CORE_PARTS_H

#include "core/arena.h"

#include <gpalayout/export.h>
#include <gpalayout/layout.h>

struct gpald_part {
	uint64_t hash;                      /* of key, kind of IOMMU, and whether it is buses */
	const struct gpal_map_entry *entry; /* of the map; for buses, an entry made for the part */
	const char *key;       /* the root complex of an IOMMU or of buses; otherwise the tag */
	enum gpal_iommu iommu; /* kind of the IOMMU; GPAL_IOMMU_NONE: not an IOMMU */
	const struct gpal_layout_segment *segment;       /* segment of an ECAM, or NULL */
	const struct gpal_layout_root_complex *buses_of; /* whose buses the part is, or NULL */
	bool has_no_range; /* for buses: the root complex has no range in the map */
	const struct gpal_layout_hotplug_room *room;     /* the room, or NULL */
	const struct gpal_layout_cxl_window *cxl_window; /* the CXL window, or NULL */
};

/*
 * Returns a part to search for: a range by its tag, or the IOMMU or the buses of a root complex.
 */
struct gpald_part gpald_part_to_find(const char *key, enum gpal_iommu iommu,
				     const struct gpal_layout_root_complex *buses_of);

/*
 * Compares the identities of two parts, like strcmp(). The order has no meaning. The addresses and
 * uses of equal parts may differ, and all extents of a RAM node are equal.
 */
int gpald_part_compare(const struct gpald_part *a, const struct gpald_part *b);

/*
 * Finds the parts that equal `wanted` in a list of gpald_list_parts(). Returns the first, and sets
 * *count to their number. If there is none, *count is 0, and the result must not be dereferenced.
 */
const struct gpald_part *gpald_find_parts(const struct gpald_part *parts, size_t part_count,
					  const struct gpald_part *wanted, size_t *count);

/* Returns true if the root complex `to` has all buses of the root complex `from`. */
bool gpald_has_all_buses(const struct gpal_layout_root_complex *from,
			 const struct gpal_layout_root_complex *to);

/*
 * Returns true if two equal parts have the same use for the guest: a room has the same node, a CXL
 * window is interleaved in the same way.
 */
bool gpald_part_has_same_use(const struct gpald_part *from, const struct gpald_part *to);

/*
 * Lists all parts of a layout in the order of gpald_part_compare(); extents of a node ascend by
 * address. Reserved ranges are left out, because a guest has nothing there. The buses of each root
 * complex are a part with the tag pcie-NAME-ecam. The list lies in the arena, and *count is its
 * length. Returns NULL if out of memory.
 */
GPAL_MUST_USE struct gpald_part *gpald_list_parts(struct gpald_arena *arena,
						  const struct gpal_layout *layout, size_t *count);

#endif
