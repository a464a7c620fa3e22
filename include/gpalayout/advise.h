/* SPDX-License-Identifier: MIT */
/*
 * How far the ranges of a layout could grow before something fails or moves, and with which
 * sizes a request that is refused would have a layout.
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
 * A low or high MMIO window, of the chipset or of a root complex, the RAM of a node, room for
 * more of it, or a CXL window; of a request that is refused, whatever it asks for by size.
 * Sizes in bytes, multiples of 4096. The next size does not do; packing may let a still
 * larger one do now and then. What a window can be pinned to is read off the map, all else
 * has been tried.
 */
struct gpal_growth {
	const char *tag;
	uint64_t size; /* what it has, or was asked for */

	/*
	 * The size to which it can grow with every range where it is, its own old part
	 * included; at least `size`. 0: not looked at. For a window of a root complex
	 * `pin` is the range that it then has to be pinned to; it is empty for the
	 * others, which have to be asked for with that size.
	 */
	uint64_t in_place;
	struct gpal_range pin;

	/*
	 * The largest size with which the request resolves, though other ranges may move.
	 * 0: not looked at, or the size is not the request's to choose, or no size does.
	 */
	uint64_t resolved;

	/* Of a window of a root complex: the largest BAR that can lie in it now, and in `pin`. */
	uint64_t largest_bar;
	uint64_t pin_largest_bar;
};

struct gpal_advice {
	/* In the order of the map, RAM by its first extent; without a layout RAM comes first. */
	const struct gpal_growth *growths;
	size_t count;
	bool resolves; /* there is a layout */
	bool cut;      /* there are so many ranges that not all sizes were looked at */
};

/*
 * Looks how far each could grow alone, all else as it is. `layout` is what gpal_resolve() or
 * gpal_update() has made of the request, and has to exist as long as the advice, which
 * borrows its tags. The request's host address width counts as a limit. The work is bounded
 * by that of some thousand small resolves, of which RAM has its part first.
 *
 * On success *advice is given to the caller, who frees it with gpal_advice_free().
 * Errors: GPAL_E_NO_MEMORY; GPAL_E_INTERNAL if the layout cannot be that of the
 * request.
 */
GPAL_API GPAL_MUST_USE int gpal_advise(const struct gpal_request *request,
				       const struct gpal_layout *layout,
				       struct gpal_advice **advice, struct gpal_error *error);

/*
 * The same for what has this tag alone; NULL: for all. `layout` NULL: the request has none, for
 * want of room or of address bits; then each size is looked for with which alone, all else as
 * it is, it would have one.
 *
 * The advice is empty if there is nothing of that tag, or if its size is not the request's to
 * choose. Errors: as above; without a layout also those of gpal_resolve() that are looked for
 * before anything is placed.
 */
GPAL_API GPAL_MUST_USE int gpal_advise_on(const struct gpal_request *request,
					  const struct gpal_layout *layout, const char *tag,
					  struct gpal_advice **advice, struct gpal_error *error);

/* NULL is allowed. */
GPAL_API void gpal_advice_free(struct gpal_advice *advice);

GPAL_END_DECLS

#endif
