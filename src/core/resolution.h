/* SPDX-License-Identifier: MIT */
/* The state of one resolve, which the steps from a request to its layout share. */
#ifndef GPALD_CORE_RESOLUTION_H
#define GPALD_CORE_RESOLUTION_H

#include "core/arena.h"
#include "core/place.h"
#include "core/roles.h"
#include "core/sort.h"

#include <gpalayout/layout.h>

/* The origin of an input of the allocator. */
struct gpald_origin {
	enum gpald_role role;
	uint32_t index;            /* of the member in its list in the request */
	struct gpal_range *target; /* receives the placed range; NULL: RAM and reserved ranges */
};

/* The inputs of one kind: pinned if it is reserved or fixed, otherwise demands. */
struct gpald_input_list {
	struct gpal_pinned *pinned;
	struct gpal_demand *demands;
	struct gpald_origin *origins;
	size_t count;
	size_t capacity;
};

/* Which ranges of a live layout stay where they are. */
enum gpald_keep {
	GPALD_KEEP_SAME,   /* those that the new request has too: an update */
	GPALD_KEEP_MARKED, /* those that the map marks as kept, to repeat an update */
	GPALD_KEEP_ALL,    /* all that are not reserved or fixed */
};

/* Options: the live layout that the new one is made around, and the trace of the steps. */
struct gpald_resolve_options {
	const struct gpal_layout *live; /* NULL: none */
	enum gpald_keep keep;
	bool may_move; /* for gpald_resolve_or_move() */
	bool *removes; /* NULL, or receives whether an update removes ranges; valid on success */
	struct gpald_trace *trace; /* NULL: none; gpald_resolve_with() sets its arena */
};

struct gpald_resolution {
	struct gpald_arena *arena;
	const struct gpal_request *request;
	const struct gpal_policy *policy;
	const struct gpal_profile_defaults *defaults;
	struct gpal_error *error;

	struct gpald_resolve_options options;
	struct gpald_kept_list kept;

	struct gpald_input_list inputs[GPAL_KIND_COUNT];
	uint64_t low_ram_window; /* size of the low RAM window; 0: none */

	/* An element for each root complex, in the order of the request unless stated otherwise. */
	size_t *name_lengths;
	size_t *segment_of_rc;          /* index in `segments` */
	struct gpald_sort_item *by_bus; /* sorted by segment and first bus */

	const uint32_t *cxl_targets; /* indices of root complexes, CXL window by CXL window */

	struct gpal_layout_segment *segments; /* ascending by number */
	size_t *first_rcs; /* first root complex of each segment in the request */
	size_t segment_count;

	struct gpal_layout *layout;
	struct gpal_layout_root_complex *root_complexes;
	struct gpal_layout_hotplug_room *hotplug_rooms;
	struct gpal_layout_cxl_window *cxl_windows;
};

/*
 * Returns the address below which no RAM lies, except the low RAM window. The architecture and the
 * profile must have been checked.
 */
static inline uint64_t gpald_memory_start(const struct gpald_resolution *r)
{
	const struct gpal_optional stated = r->request->memory_start;

	return stated.set ? stated.value : r->defaults->memory_start[r->request->arch];
}

/*
 * Adds all ranges of the request and its policy to r->inputs, in the order that is part of the
 * ABI. The segments and the layout's root complexes, rooms and CXL windows must exist. Returns
 * GPAL_OK, or:
 *   GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB  a pinned low MMIO window ends above 4 GiB
 *   GPAL_E_OUT_OF_RANGE               the policy's chipset low MMIO does not fit below 4 GiB
 *   GPAL_E_NO_MEMORY                  the heap is exhausted
 */
GPAL_MUST_USE int gpald_collect_inputs(struct gpald_resolution *r);

/*
 * Finds the ranges of the live layout that stay where they are. Returns GPAL_OK, or:
 *   GPAL_E_WOULD_MOVE  a range has another size, alignment, use or address, a root complex lacks
 *                      one of its buses, or the architecture differs; *error is not written
 *   GPAL_E_INTERNAL    the layout cannot be a layout of the request; not with GPALD_KEEP_SAME
 *   GPAL_E_NO_MEMORY   the heap is exhausted
 */
GPAL_MUST_USE int gpald_collect_kept(struct gpald_resolution *r);

/*
 * Resolves a request like gpal_resolve(), under this policy and with these options. Returns
 * GPAL_OK or a code of gpal_resolve() or gpald_collect_kept(); GPAL_E_OUT_OF_RANGE if the policy is
 * NULL.
 */
GPAL_MUST_USE int gpald_resolve_with(const struct gpal_request *request,
				     const struct gpal_policy *policy,
				     struct gpald_resolve_options options,
				     struct gpal_layout **layout, struct gpal_error *error);

/*
 * Does the same. If that fails and options.may_move is set, resolves again without options, unless
 * memory ran out.
 */
GPAL_MUST_USE int gpald_resolve_or_move(const struct gpal_request *request,
					const struct gpal_policy *policy,
					struct gpald_resolve_options options,
					struct gpal_layout **layout, struct gpal_error *error);

/*
 * Fills in the allocator's inputs of a request, which lie in the arena, and places nothing. Returns
 * GPAL_OK or a code that gpal_resolve() lists up to GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB.
 */
GPAL_MUST_USE int gpald_prepare_inputs(struct gpald_arena *arena,
				       const struct gpal_request *request,
				       const struct gpal_policy *policy,
				       struct gpald_input_list inputs[GPAL_KIND_COUNT]);

/* Fills in the warnings of the finished layout. Returns GPAL_OK or GPAL_E_NO_MEMORY. */
GPAL_MUST_USE int gpald_collect_warnings(struct gpald_resolution *r);

#endif
