/* SPDX-License-Identifier: MIT */
/*
 * Comparing two layouts, and changing the layout of a live VM without moving ranges that its
 * guest knows.
 *
 * Threads: any thread may call the functions. Two threads must not use the same object at once,
 * unless both only read it.
 * Memory: parameters are borrowed. The caller owns a result and frees it; gpal_compare() says how
 * long the layouts must exist.
 */
#ifndef GPALAYOUT_COMPARE_H
#define GPALAYOUT_COMPARE_H

#include <gpalayout/error.h>
#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>

GPAL_BEGIN_DECLS

enum gpal_change_kind {
	/* Same size, but other address, node or interleaving; an ECAM: another bus-0 base. */
	GPAL_CHANGE_MOVED,

	GPAL_CHANGE_RESIZED, /* another size, whether or not it moved; an ECAM: same base */
	GPAL_CHANGE_ADDED,   /* only in the later layout */
	GPAL_CHANGE_REMOVED, /* only in the earlier layout */
	GPAL_CHANGE_COUNT
};

/*
 * A range that differs between two layouts. Only addresses and their use are compared: reserved
 * ranges, policies, profiles, the nodes of root complexes and VTL2's alias map are not. So two
 * layouts without a difference can have different digests.
 *
 * Ranges are matched by tag, and the extents of a RAM node in their order. The range of an IOMMU
 * is matched by the kind of IOMMU and its root complex, whatever number its tag has.
 *
 * An ECAM is compared by the address of bus 0. If that differs, the ECAM has moved; otherwise it
 * is resized if its buses differ. If the buses of a root complex differ, its part of the ECAM is
 * a change as well, with the tag pcie-NAME-ecam. No entry of the map has this tag, except that of
 * segment N if the root complex is named segN. A root complex that is added or removed is such a
 * change only if it has no range in the map.
 */
struct gpal_change {
	enum gpal_change_kind kind;
	const char *tag;        /* that of the later layout, unless the range is removed */
	struct gpal_range from; /* empty: the range is added */
	struct gpal_range to;   /* empty: the range is removed */

	/*
	 * The later layout omits the range. True if the range is removed, unless it is an extent
	 * of a RAM node that still has others. Also true for an ECAM with the same bus-0 base that
	 * has lost buses because a root complex at one of its ends is gone.
	 */
	bool is_removal;
};

struct gpal_changes {
	const struct gpal_change *changes; /* ascending by `from`; added ones by `to` */
	size_t count;

	/*
	 * A guest that knows the earlier layout finds everything in the later one. Both have the
	 * same architecture; no range but a reserved one is moved, smaller or removed; each bus of
	 * each root complex and each virtio-mmio slot is at its address; each room has the same
	 * node, and each CXL window the same targets and granularity.
	 */
	bool compatible;

	bool removes; /* the later layout omits a range, as in is_removal, or a root complex */
};

/*
 * gpal_compare - list the differences between two layouts
 * @from: the earlier layout; must exist as long as *changes, which points to its tags
 * @to: the later layout; must exist as long as *changes, too
 * @changes: receives a new list, which the caller frees with gpal_changes_free(); NULL on failure
 * @error: NULL, or receives the details of a failure
 *
 * Returns GPAL_OK, or:
 *   GPAL_E_NO_MEMORY  the heap is exhausted
 */
GPAL_API GPAL_MUST_USE int gpal_compare(const struct gpal_layout *from,
					const struct gpal_layout *to, struct gpal_changes **changes,
					struct gpal_error *error);

/*
 * gpal_changes_free - free a list of changes
 * @changes: a list of gpal_compare(), or NULL; the layouts are not freed
 */
GPAL_API void gpal_changes_free(struct gpal_changes *changes);

/*
 * gpal_change_name - get the name of a kind of change, as in replies
 *
 * Returns a static string: "moved", "resized", "added" or "removed"; NULL if kind is not in the
 * enum.
 */
GPAL_API const char *gpal_change_name(enum gpal_change_kind kind);

/* Permissions of an update, as a set of bits. Neither includes the other. */
enum gpal_allow {
	GPAL_ALLOW_MOVES = 1 << 0,    /* move and resize ranges that the guest knows */
	GPAL_ALLOW_REMOVALS = 1 << 1, /* remove ranges that the request omits */
};

/*
 * gpal_update - resolve a new request for a VM that has a layout
 * @live: the layout that the VM has; borrowed for the call
 * @request: the whole new request, borrowed for the call; its policy is ignored, because a VM
 *           keeps the policy of its layout
 * @allow: 0, or a set of enum gpal_allow
 * @layout: receives a new layout, which the caller frees with gpal_layout_free(). After
 *          GPAL_E_WOULD_REMOVE and GPAL_E_WOULD_MOVE this is the refused layout, so that
 *          gpal_compare() can list what would be removed or moved. NULL after any other failure
 * @error: NULL, or receives the details of a failure
 *
 * The function first tries to keep the live ranges:
 *   - A range with the same tag and size stays where it is; an IOMMU stays with its root complex,
 *     whatever its tag. An ECAM keeps the addresses of its buses, and a root complex keeps its
 *     buses.
 *   - Ranges that the request omits are freed.
 *   - New ranges are placed in the remaining space by the rules of their kind.
 *   - A range other than an ECAM cannot stay if its size differs. A range cannot stay if the
 *     request pins it elsewhere, or if its start lacks an alignment that the request states: for
 *     VTL2 memory, a room, or a window with an alignment or devices. A room cannot stay if its
 *     node differs, and a CXL window cannot stay if its targets or its granularity differ. If the
 *     new layout has a low RAM window, node 0 can stay only if its first range is this window. An
 *     ECAM cannot stay if the request wants it on the other side of 4 GiB, or if a root complex
 *     loses a bus or changes its segment. Nothing can stay if the architecture differs.
 *
 * If one of these ranges cannot stay, or the attempt fails for another reason, no range is kept:
 * the function resolves the request as gpal_resolve() does, and any range may move.
 * A layout that lacks a range or a root complex of the live one needs GPAL_ALLOW_REMOVALS;
 * reserved ranges do not count, and a RAM node that shrinks counts as moved. A layout that was
 * resolved anew needs GPAL_ALLOW_MOVES.
 *
 * If the second attempt fails with GPAL_E_EXHAUSTED and the first one failed with another code,
 * `fit`, `below` and `above` in *error are empty: they would name ranges of a layout that was never
 * made.
 *
 * Returns GPAL_OK, or:
 *   GPAL_E_WOULD_REMOVE  ranges would be removed, and @allow lacks GPAL_ALLOW_REMOVALS
 *   GPAL_E_WOULD_MOVE    the request was resolved anew, and @allow lacks GPAL_ALLOW_MOVES
 *   GPAL_E_OUT_OF_RANGE  this library does not know the policy of the live layout
 *   any code of gpal_resolve(), if the request has no layout
 */
GPAL_API GPAL_MUST_USE int gpal_update(const struct gpal_layout *live,
				       const struct gpal_request *request, unsigned int allow,
				       struct gpal_layout **layout, struct gpal_error *error);

GPAL_END_DECLS

#endif
