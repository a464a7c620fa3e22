/* SPDX-License-Identifier: MIT */
/* The allocator as the resolver calls it: it uses the caller's arena and borrows the tags. */
#ifndef GPALD_CORE_PLACE_H
#define GPALD_CORE_PLACE_H

#include "core/arena.h"

#include "core/trace.h"

#include <gpalayout/allocator.h>

/*
 * A range of a live layout that stays where it is. The demand with this kind and index is not
 * placed. A RAM demand may have several such ranges, which are neighbours in the list.
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

/* Input that the bare allocator does not have. */
struct gpald_place_options {
	struct gpald_kept_list kept;
	uint64_t low_ram_window; /* size of the first RAM demand if it must be at 0; otherwise 0 */
	struct gpald_trace *trace; /* may be NULL */
};

/*
 * Places all ranges of an input, like gpal_allocate(), but the entries of the map lie in `arena`
 * and their tags are those of the input. Kept ranges are taken before the first phase; one that
 * overlaps another range is GPAL_E_OVERLAP.
 */
GPAL_MUST_USE int gpald_place(struct gpald_arena *arena, const struct gpal_alloc_input *input,
			      const struct gpald_place_options *options, struct gpal_map *map,
			      struct gpal_error *error);

#endif
