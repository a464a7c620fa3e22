/* SPDX-License-Identifier: MIT */
/* The state of one resolve, shared by the steps that make a layout of a request. */
#ifndef GPALD_CORE_RESOLUTION_H
#define GPALD_CORE_RESOLUTION_H

#include "core/arena.h"
#include "core/place.h"

#include <gpalayout/layout.h>

#define GPALD_KIB UINT64_C(0x400)
#define GPALD_MIB UINT64_C(0x100000)
#define GPALD_GIB UINT64_C(0x40000000)

#define GPALD_ECAM_BYTES_PER_BUS GPALD_MIB /* 32 devices of 8 functions of 4 KiB */
#define GPALD_VIRTIO_MMIO_SLOT_SIZE (4 * GPALD_KIB)
#define GPALD_CXL_HDM_ALIGNMENT (256 * GPALD_MIB) /* the unit that CXL decodes */
#define GPALD_LOW_WINDOW_ALIGNMENT (2 * GPALD_MIB)
#define GPALD_HIGH_WINDOW_ALIGNMENT (1 * GPALD_GIB)

/* Where an allocator input came from, and where its result goes (not for RAM). */
struct gpald_origin {
	enum gpal_subject subject;
	size_t index;
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

/* A segment in order of first appearance; the ECAM block it gets. */
struct gpald_segment {
	size_t first_root_complex;
	struct gpal_layout_segment layout;
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
	struct gpald_segment *segments;
	size_t segment_count;
	size_t *segment_of_rc; /* index into segments */

	struct gpal_layout *layout;
	struct gpal_layout_root_complex *root_complexes;
	struct gpal_layout_iommu *iommus;
};

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

/* Lists what is legal and likely wrong in the finished layout. Error: GPAL_E_NO_MEMORY. */
GPAL_MUST_USE int gpald_collect_warnings(struct gpald_resolution *r);

#endif
