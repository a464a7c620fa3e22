/* SPDX-License-Identifier: MIT */
/*
 * Whether a layout agrees with itself.
 *
 * A layout says most things twice: in its map, and in the members that say what each
 * range is for. So one that was changed by hand, or cut, or put together out of two, can
 * be told from one that gpal_resolve() or gpal_update() made.
 *
 * All functions are re-entrant and may be called from any thread.
 */
#ifndef GPALAYOUT_CHECK_H
#define GPALAYOUT_CHECK_H

#include <gpalayout/error.h>
#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <stdbool.h>

GPAL_BEGIN_DECLS

/* The outcome, which belongs to the caller and holds no pointers. */
struct gpal_check {
	bool agrees;

	/* Unless it agrees, else empty: the first member at fault, and what is wrong with it. */
	char pointer[64];  /* JSON pointer in a layout as replies have it, such as "/ram/0" */
	char message[768]; /* one English sentence, without a final stop */
};

/*
 * Checks a layout that may come from anywhere: that its map is ascending ranges of whole
 * pages; that its digest is `digest` (NULL: whatever it is), as gpal_layout_digest() writes
 * it; that each member is the range of the map with its tag and its kind, and each range,
 * unless it is reserved, one member; that ECAM is GPAL_ECAM_BYTES_PER_BUS for each bus and
 * virtio-mmio GPAL_VIRTIO_MMIO_SLOT_SIZE for each slot; that RAM is ascending by address,
 * segments by number, and IOMMUs in the order of their root complexes; and that the sizes
 * and ends are those of the ranges.
 *
 * The layout is borrowed for the call. Lists may be NULL where their count is 0; names and
 * tags are not NULL. Policy, profile, warnings, `map.kept` and the `index` of map entries
 * are not looked at. Whether some request gives this layout is not either.
 *
 * Writes *check and returns GPAL_OK whether or not the layout agrees. Error:
 * GPAL_E_NO_MEMORY.
 */
GPAL_API GPAL_MUST_USE int gpal_layout_check(const struct gpal_layout *layout, const char *digest,
					     struct gpal_check *check, struct gpal_error *error);

GPAL_END_DECLS

#endif
