/* SPDX-License-Identifier: MIT */
/*
 * How far the ranges of a layout could grow before something fails or moves.
 *
 * All functions are re-entrant and may be called from any thread.
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
 * A low or high MMIO window, of the chipset or of a root complex, or the RAM of a
 * node. Sizes in bytes, multiples of 4096. The next size does not do; packing may let
 * a still larger one do now and then. What a window can be pinned to is read off
 * the map, all else has been tried.
 */
struct gpal_growth {
	const char *tag;
	uint64_t size; /* what it has */

	/*
	 * The size to which it can grow with every range where it is, its own old part
	 * included; at least `size`. 0: not looked at. For a window of a root complex
	 * `pin` is the range that it then has to be pinned to; it is empty for the
	 * others, which have to be asked for with that size.
	 */
	uint64_t in_place;
	struct gpal_range pin;

	/*
	 * The largest size with which the request still resolves, though other ranges
	 * may move. 0: not looked at, or the window is pinned.
	 */
	uint64_t resolved;
};

struct gpal_advice {
	const struct gpal_growth *growths; /* in the order of the map; RAM by its first extent */
	size_t count;
	bool cut; /* there are so many ranges that not all sizes were looked at */
};

/*
 * Looks how far each could grow alone, all else as it is. `layout` is what
 * gpal_resolve() has made of the request, and has to exist as long as the advice,
 * which borrows its tags. The request's host address width counts as a limit. The
 * work is bounded by that of some thousand small resolves.
 *
 * On success *advice is given to the caller, who frees it with gpal_advice_free().
 * Errors: GPAL_E_NO_MEMORY; GPAL_E_INTERNAL if the layout cannot be that of the
 * request.
 */
GPAL_API GPAL_MUST_USE int gpal_advise(const struct gpal_request *request,
				       const struct gpal_layout *layout,
				       struct gpal_advice **advice, struct gpal_error *error);

/* NULL is allowed. */
GPAL_API void gpal_advice_free(struct gpal_advice *advice);

GPAL_END_DECLS

#endif
