/* SPDX-License-Identifier: MIT */
/*
 * A check of whether the parts of a layout agree.
 *
 * A layout states most things twice: in its map, and in its other members. So the check finds most
 * layouts that were edited by hand, cut, or put together from two.
 *
 * Threads: any thread may call the function.
 * Memory: the caller owns all objects, and the function keeps no pointer to them.
 */
#ifndef GPALAYOUT_CHECK_H
#define GPALAYOUT_CHECK_H

#include <gpalayout/error.h>
#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <stdbool.h>

GPAL_BEGIN_DECLS

/* The result of the check. It holds no pointers. */
struct gpal_check {
	bool agrees; /* no fault was found */

	/* The first fault; both are empty if `agrees` is true. */
	char pointer[64];  /* JSON pointer to the member in a layout of the protocol: "/ram/0" */
	char message[768]; /* one English sentence that says what is wrong, without a full stop */
};

/*
 * gpal_layout_check - check that a layout agrees with itself
 * @layout: any layout, borrowed for the call; a list may be NULL if its count is 0; names and
 *          tags are not NULL
 * @digest: the digest that the layout must have, as gpal_layout_digest() writes it; NULL: any
 * @check: receives the result
 * @error: NULL, or receives the details of a failure
 *
 * The function checks that:
 *   - the map has ranges of whole pages, in ascending order, none of which overlap;
 *   - the architecture is in the enum, and the digest is @digest;
 *   - each member is the range of the map with its tag and a kind that it may have, and no two
 *     members are the same range;
 *   - RAM is ascending by address, segments by number, and IOMMUs in the order of their root
 *     complexes;
 *   - the ECAM of each segment and of each root complex has GPAL_ECAM_BYTES_PER_BUS for each bus;
 *   - names of root complexes and of CXL windows are unique, each CXL window has targets and a
 *     granularity that CXL allows, and the architecture has the kind of IOMMU;
 *   - each range of the map that is not reserved is a member;
 *   - ram_size, end_of_ram, end_of_layout, top and required_address_bits are those of its ranges;
 *   - virtio-mmio has GPAL_VIRTIO_MMIO_SLOT_SIZE for each slot.
 *
 * It does not look at the policy, profile and warnings, at map.kept and the `index` of map entries,
 * at the nodes of root complexes and rooms, or at the CXL ranges of a root complex whose has_cxl is
 * false. It does not check whether root complexes share buses, or whether a request gives this
 * layout.
 *
 * Returns GPAL_OK, whether or not the layout agrees, or:
 *   GPAL_E_NO_MEMORY  the heap is exhausted; *check is not written
 */
GPAL_API GPAL_MUST_USE int gpal_layout_check(const struct gpal_layout *layout, const char *digest,
					     struct gpal_check *check, struct gpal_error *error);

GPAL_END_DECLS

#endif
