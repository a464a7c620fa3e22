/* SPDX-License-Identifier: MIT */
/*
 * Advice on sizes: how far RAM, MMIO windows, rooms and CXL windows of a layout could grow, and
 * with which sizes a request that is refused would have a layout.
 *
 * Threads: any thread may call the functions. Two threads must not use the same object at once,
 * unless both only read it.
 * Memory: parameters are borrowed. The caller owns the advice and frees it; gpal_advise_on() says
 * how long the layout must exist.
 */
#ifndef GPALAYOUT_ADVISE_H
#define GPALAYOUT_ADVISE_H

#include <gpalayout/error.h>
#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <gpalayout/range.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

GPAL_BEGIN_DECLS

/*
 * Advice on the size of one range. Sizes are in bytes and multiples of 4096.
 *
 * If there is a layout, there is advice on the low and high MMIO of the chipset and of root
 * complexes, the RAM of a node, rooms and CXL windows. If there is none, there is advice on
 * every size that the request may choose, except the low RAM window, pinned ranges and windows for
 * devices.
 *
 * For a window of a root complex, the library computes `pin` and in_place from the map. It finds
 * all other sizes by trying them: the size one step larger fails. The step is 4096 bytes; for CXL
 * HDM it is 256 MiB, and for a CXL window 256 MiB for each target. A much larger size may work
 * again, because sizes change the order in which ranges are placed.
 */
struct gpal_growth {
	const char *tag;
	uint64_t size; /* the size now, or the requested size */

	/*
	 * The size to which the range can grow while all others stay where they are; at least
	 * `size`. It is for a new layout, or for an update with GPAL_ALLOW_MOVES: gpal_update()
	 * does not grow such a range in place yet. Both place all ranges anew, so if an earlier
	 * update kept ranges of this layout, pinning a window of a root complex can move others:
	 * check with gpal_compare(). 0: there is no layout, or this was not tried.
	 */
	uint64_t in_place;

	/*
	 * For a window of a root complex: pin it to this range to have in_place bytes. Empty for
	 * all others: request in_place as their size.
	 */
	struct gpal_range pin;

	/*
	 * The largest size found with which the request resolves, even if other ranges move. 0:
	 * this was not tried, a request cannot choose this size, or no such size was found.
	 */
	uint64_t resolved;

	/* For a window of a root complex, if there is a layout; otherwise 0. */
	uint64_t largest_bar;     /* the largest BAR that fits in the window now */
	uint64_t pin_largest_bar; /* the largest BAR that fits in `pin` */
};

struct gpal_advice {
	/* In the order of the map, RAM by its first extent; without a layout, RAM comes first. */
	const struct gpal_growth *growths;
	size_t count;
	bool resolves; /* the caller gave a layout; from the daemon: the request has one */
	bool cut;      /* not all sizes were tried, because there are too many ranges */
};

/*
 * gpal_advise - advise on the sizes of the ranges of a layout
 *
 * This is gpal_advise_on() with @tag NULL.
 */
GPAL_API GPAL_MUST_USE int gpal_advise(const struct gpal_request *request,
				       const struct gpal_layout *layout,
				       struct gpal_advice **advice, struct gpal_error *error);

/*
 * gpal_advise_on - advise on the size of one range, or of all
 * @request: borrowed for the call; its host address width is a limit on sizes
 * @layout: the layout that gpal_resolve() or gpal_update() made from the request. It must exist
 *          as long as the advice, which points to its tags. NULL: the request was refused with
 *          GPAL_E_EXHAUSTED or GPAL_E_ADDRESS_WIDTH_EXCEEDED
 * @tag: advise only on the range with this tag; NULL: on all
 * @advice: receives new advice, which the caller frees with gpal_advice_free(); NULL on failure
 * @error: NULL, or receives the code and a general message; no other member is set
 *
 * The function changes one size at a time and leaves all others as they are. The work is limited:
 * all tries together place about two million ranges at most. RAM is tried first.
 *
 * The advice is empty if no range has this tag, or if there is no advice on its size.
 *
 * Returns GPAL_OK, or:
 *   GPAL_E_NO_MEMORY  the heap is exhausted
 *   GPAL_E_INTERNAL   @layout cannot be a layout of the request, or this library does not know
 *                     its policy
 *   any code that gpal_resolve() lists up to GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB, if @layout is NULL
 */
GPAL_API GPAL_MUST_USE int gpal_advise_on(const struct gpal_request *request,
					  const struct gpal_layout *layout, const char *tag,
					  struct gpal_advice **advice, struct gpal_error *error);

/*
 * gpal_advice_free - free advice
 * @advice: advice of gpal_advise() or gpal_advise_on(), or NULL; the layout is not freed
 */
GPAL_API void gpal_advice_free(struct gpal_advice *advice);

GPAL_END_DECLS

#endif
