/* SPDX-License-Identifier: MIT */
/* The allocator as the resolver uses it: in the caller's arena, tags borrowed. */
#ifndef GPALD_CORE_PLACE_H
#define GPALD_CORE_PLACE_H

#include "core/arena.h"

#include <gpalayout/allocator.h>

/*
 * As gpal_allocate(), but the map's entries lie in `arena` and their tags are the
 * input's own.
 */
GPAL_MUST_USE int gpald_place(struct gpald_arena *arena, const struct gpal_alloc_input *input,
			      struct gpal_map *map, struct gpal_error *error);

#endif
