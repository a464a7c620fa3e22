/* SPDX-License-Identifier: MIT */
/*
 * What differs between two layouts, and changing a live one without moving what
 * its guest has seen.
 *
 * All functions are re-entrant and may be called from any thread.
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
	GPAL_CHANGE_MOVED,
	GPAL_CHANGE_RESIZED,
	GPAL_CHANGE_ADDED,
	GPAL_CHANGE_REMOVED,
	GPAL_CHANGE_COUNT
};

/*
 * One range that is not the same. Ranges are matched by tag, and the extents of a
 * RAM node in order; the range of an IOMMU is matched by its kind and root complex,
 * whatever number the tag has. An ECAM has moved if its buses have: one that has
 * other buses at the same base is resized, also if it is as large as before. A root
 * complex that has other buses than it had is told of as well, as its slice of the
 * ECAM, pcie-NAME-ecam, which is no range of the map.
 */
struct gpal_change {
	enum gpal_change_kind kind;
	const char *tag;        /* the later layout's, unless the range is gone from it */
	struct gpal_range from; /* empty: added */
	struct gpal_range to;   /* empty: removed */

	/*
	 * The later layout drops this: a range that is gone, unless it is an extent of a
	 * RAM node that has others, or the part of an ECAM at the ends of the block whose
	 * root complexes are gone.
	 */
	bool is_removal;
};

struct gpal_changes {
	const struct gpal_change *changes; /* ascending by address */
	size_t count;

	/*
	 * A guest that knows the first layout finds everything in the second: no range
	 * has moved, shrunk or gone, and no bus, which may have become that of another
	 * root complex, and no virtio-mmio slot is elsewhere.
	 */
	bool compatible;

	bool removes; /* a range or a root complex of the first is gone from the second */
};

/*
 * Lists what differs. On success *changes is given to the caller, who frees it
 * with gpal_changes_free() while both layouts still exist: most tags lead into them.
 *
 * Error: GPAL_E_NO_MEMORY.
 */
GPAL_API GPAL_MUST_USE int gpal_compare(const struct gpal_layout *from,
					const struct gpal_layout *to, struct gpal_changes **changes,
					struct gpal_error *error);

/* NULL is allowed. */
GPAL_API void gpal_changes_free(struct gpal_changes *changes);

/* "moved", "resized", "added", "removed"; static. NULL outside the enum. */
GPAL_API const char *gpal_change_name(enum gpal_change_kind kind);

/* What an update may do to ranges that the guest knows; neither implies the other. */
enum gpal_allow {
	GPAL_ALLOW_MOVES = 1 << 0,    /* move and resize them */
	GPAL_ALLOW_REMOVALS = 1 << 1, /* remove those that the request omits */
};

/*
 * Resolves a new request for a VM that has a layout. Every range whose tag and size are
 * unchanged stays where it is, an ECAM block keeps the addresses of its buses and a
 * root complex the buses it has, what the request no longer has is freed, if that is
 * allowed, and what is new is placed in the space left, by the rules of its phase. An
 * ECAM on the other side of 4 GiB than is asked for, and VTL2 memory off the alignment
 * that is, would have to move. The policy is that of the live layout, whatever the
 * request names. If that is impossible, the layout is made afresh.
 *
 * A live layout whose policy this library does not know is GPAL_E_OUT_OF_RANGE.
 *
 * `allow` is a set of enum gpal_allow. Without GPAL_ALLOW_REMOVALS a layout that lacks
 * a range or a root complex of the live one is refused with GPAL_E_WOULD_REMOVE;
 * reserved ranges do not count, and RAM that shrinks is moved. After that, without
 * GPAL_ALLOW_MOVES, a layout made afresh is refused with GPAL_E_WOULD_MOVE.
 *
 * On success *layout is a new layout, given to the caller. After these two errors
 * *layout is the one that was refused, given in the same way: gpal_compare() lists
 * what it would move or remove. After other errors, which are those of
 * gpal_resolve(), it is NULL.
 */
GPAL_API GPAL_MUST_USE int gpal_update(const struct gpal_layout *live,
				       const struct gpal_request *request, unsigned int allow,
				       struct gpal_layout **layout, struct gpal_error *error);

GPAL_END_DECLS

#endif
