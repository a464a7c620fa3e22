/* SPDX-License-Identifier: MIT */
/* The allocator as the resolver uses it: in the caller's arena, tags borrowed. */
#ifndef GPALD_CORE_PLACE_H
#define GPALD_CORE_PLACE_H

#include "core/arena.h"

#include "core/trace.h"

#include <gpalayout/allocator.h>

/*
 * A range of a live layout that stays where it is: it stands for the demand of that
 * kind and index, which is not placed again. RAM may have several, which lie
 * together in a list.
 */
struct gpald_kept {
	enum gpal_kind kind;
	uint32_t index;
	struct gpal_range range;
};

struct gpald_kept_list {
	const struct gpald_kept *ranges;
	size_t count;
};

/* What the bare allocator's input does not say. */
struct gpald_place_options {
	struct gpald_kept_list kept;
	uint64_t low_window; /* of the first RAM demand, which lies at 0; 0: it is as others */
	struct gpald_trace *trace; /* may be NULL */
};

/*
 * As gpal_allocate(), but the map's entries lie in `arena` and their tags are the
 * input's own. What is kept is in nobody's way before the first phase: a range that
 * overlaps another or a pinned one is GPAL_E_OVERLAP.
 */
GPAL_MUST_USE int gpald_place(struct gpald_arena *arena, const struct gpal_alloc_input *input,
			      const struct gpald_place_options *options, struct gpal_map *map,
			      struct gpal_error *error);

#endif
