/* SPDX-License-Identifier: MIT */
/*
 * A reference for the allocator's rules. Its address space is a few dozen pages; it stores the
 * owner of each page, and answers every question with a loop over all pages. The rest of the
 * address space is reserved. It shares only types with the library.
 */
#ifndef GPALD_TESTS_PAGES_H
#define GPALD_TESTS_PAGES_H

#include "core/place.h"

#include <gpalayout/allocator.h>
#include <stdbool.h>
#include <stdint.h>

#define WORLD_MAX 64  /* pages */
#define DEMANDS_MAX 6 /* of all kinds together */
#define EXTENTS_MAX 2 /* of a kept demand */

/* A run of pages, half-open, counted from the first page of the world. */
struct run {
	unsigned int start;
	unsigned int end;
};

/* A demand in pages. Demands are in the order of their kinds, then in caller order. */
struct demand {
	enum gpal_kind kind;
	uint64_t size;
	uint64_t alignment;
	struct run kept[EXTENTS_MAX]; /* where it stays; empty if it is to be placed */
};

struct world {
	uint64_t base;      /* address of the first page */
	unsigned int pages; /* up to WORLD_MAX */
	struct run hole;    /* may be empty */
	enum gpal_kind hole_kind;
	struct demand demands[DEMANDS_MAX];
	unsigned int demand_count;
};

/* The result of the reference. */
struct plan {
	int code;
	unsigned int failed; /* the demand that does not fit, for GPAL_E_EXHAUSTED */
	uint64_t free_space;
	uint64_t largest_fit;
	struct gpal_range fit;
	signed char owner[WORLD_MAX]; /* for each page a demand, or one of these */
};
#define OWNER_NOBODY (-1)
#define OWNER_HOLE (-2)

/* Places the demands of a world. */
void pages_place(const struct world *world, struct plan *plan);

/* The allocator's input for a world, with its lists. */
struct world_input {
	struct gpal_alloc_input input;
	struct gpal_pinned reserved[3];
	struct gpal_pinned fixed[1];
	struct gpal_demand demands[DEMANDS_MAX];
	struct gpald_kept kept[DEMANDS_MAX * EXTENTS_MAX];
	size_t kept_count;
};
void pages_input(const struct world *world, struct world_input *input);

/*
 * Returns true if the allocator's answer equals the plan, and otherwise reports the difference.
 * `error` matters only if `code` is not GPAL_OK.
 */
bool pages_agree(const struct world *world, const struct plan *plan, int code,
		 const struct gpal_map *map, const struct gpal_error *error);

/* Reports a difference, with the whole world. */
void pages_differ(const struct world *world, const char *what);

#endif
