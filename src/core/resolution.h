/* SPDX-License-Identifier: MIT */
/* The state of one resolve, shared by the steps that make a layout of a request. */
#ifndef GPALD_CORE_RESOLUTION_H
#define GPALD_CORE_RESOLUTION_H

#include "core/arena.h"
#include "core/order.h"
#include "core/place.h"
#include "core/roles.h"

#include <gpalayout/layout.h>

/*
 * What an allocator input is for, in which element of its list in the request, and where its
 * result goes (NULL: RAM and reserved ranges, of which the map alone tells).
 */
struct gpald_origin {
	enum gpald_role role;
	uint32_t index;
	struct gpal_range *target;
};

/* The allocator's input of one kind; pinned for reserved and fixed, else demands. */
struct gpald_input_list {
	struct gpal_pinned *pinned;
	struct gpal_demand *demands;
	struct gpald_origin *origins;
	size_t count;
	size_t capacity;
};

/* What of a live layout stays where it is. */
enum gpald_keep {
	GPALD_KEEP_SAME,   /* what the new request has, too: an update */
	GPALD_KEEP_MARKED, /* what an update has kept already, to do it once more */
	GPALD_KEEP_ALL,    /* everything that was placed */
};

/* What a layout is made around, and who is told how. */
struct gpald_around {
	const struct gpal_layout *live; /* NULL: nothing is there yet */
	enum gpald_keep keep;
	bool may_move; /* for gpald_resolve_or_afresh() */
	bool *removes; /* set on success: whether GPALD_KEEP_SAME drops anything; may be NULL */
	struct gpald_trace *trace; /* NULL: nobody; its arena is set here */
};

struct gpald_resolution {
	struct gpald_arena *arena;
	const struct gpal_request *request;
	const struct gpal_policy *policy;
	const struct gpal_profile_defaults *defaults;
	struct gpal_error *error;

	struct gpald_around around;
	struct gpald_kept_list kept;

	struct gpald_input_list inputs[GPAL_KIND_COUNT];
	uint64_t low_window; /* of node 0; 0: none */

	/* For each root complex; the orders of lists are those of the request. */
	size_t *name_lengths;
	size_t *segment_of_rc;       /* index into segments */
	struct gpald_order *by_bus;  /* by segment and first bus */
	const uint32_t *cxl_targets; /* of all CXL windows one after another: root complexes */

	struct gpal_layout_segment *segments; /* ascending by number */
	size_t *first_rcs;                    /* of each segment, in the order of the request */
	size_t segment_count;

	struct gpal_layout *layout;
	struct gpal_layout_root_complex *root_complexes;
	struct gpal_layout_hotplug_room *hotplug_rooms;
	struct gpal_layout_cxl_window *cxl_windows;
};

/* Where RAM begins, but for what is in the low RAM window; of a request with an architecture. */
static inline uint64_t gpald_memory_start(const struct gpald_resolution *r)
{
	const struct gpal_optional stated = r->request->memory_start;

	return stated.set ? stated.value : r->defaults->memory_start[r->request->arch];
}

/*
 * Adds all that the request and its policy ask for to r->inputs, in the order that
 * is part of the ABI, and says where each result goes. Needs the segments and the
 * layout's root complexes. Errors: GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB,
 * GPAL_E_OUT_OF_RANGE (chipset low MMIO), GPAL_E_NO_MEMORY.
 */
GPAL_MUST_USE int gpald_collect_inputs(struct gpald_resolution *r);

/*
 * Finds what of the live layout stays for the inputs there are. Errors:
 * GPAL_E_WOULD_MOVE, without a message, if something of it has another size or is
 * pinned elsewhere, or the architecture is another; GPAL_E_INTERNAL for a layout
 * that cannot be of the request, though it is said to be; GPAL_E_NO_MEMORY.
 */
GPAL_MUST_USE int gpald_collect_kept(struct gpald_resolution *r);

/* gpal_resolve(), under this policy and around this. */
GPAL_MUST_USE int gpald_resolve(const struct gpal_request *request,
				const struct gpal_policy *policy, struct gpald_around around,
				struct gpal_layout **layout, struct gpal_error *error);

/* The same; if it fails and ranges may move, around nothing. */
GPAL_MUST_USE int gpald_resolve_or_afresh(const struct gpal_request *request,
					  const struct gpal_policy *policy,
					  struct gpald_around around, struct gpal_layout **layout,
					  struct gpal_error *error);

/*
 * All that a request asks the allocator for, in the arena, and nothing of it placed. Errors: as
 * gpal_resolve(), up to the placement.
 */
GPAL_MUST_USE int gpald_list_inputs(struct gpald_arena *arena, const struct gpal_request *request,
				    const struct gpal_policy *policy,
				    struct gpald_input_list inputs[GPAL_KIND_COUNT]);

/* Lists what is legal and likely wrong in the finished layout. Error: GPAL_E_NO_MEMORY. */
GPAL_MUST_USE int gpald_collect_warnings(struct gpald_resolution *r);

#endif
