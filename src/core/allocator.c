/* SPDX-License-Identifier: MIT */
/*
 * The policy-free allocator: places its input phase by phase, each phase from what
 * the earlier ones left free. What a VM is made of is the resolver's business. The
 * phases are in phases.c, what they share in placement.c.
 */
#include "config.h"

#include "core/alloc_input.h"
#include "core/arena.h"
#include "core/error.h"
#include "core/place.h"
#include "core/placement.h"
#include "core/sizing.h"

int gpald_place(struct gpald_arena *arena, const struct gpal_alloc_input *input,
		struct gpald_kept_list kept, struct gpald_trace *trace, struct gpal_map *map,
		struct gpal_error *error)
{
	struct gpald_placement p = {
		.arena = arena, .input = input, .kept = kept, .trace = trace, .error = error
	};
	int code;

	code = gpald_check_pinned(input, error);
	if (code)
		return code;
	if (!gpald_placement_init(&p))
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	code = gpald_placement_place_given(&p);
	if (code)
		return code;
	code = gpald_check_demands(input, error);
	if (code)
		return code;

	if ((code = gpald_place_mmio32(&p)) || (code = gpald_place_ram(&p)) ||
	    (code = gpald_place_mmio64(&p)) || (code = gpald_place_post_mmio(&p)))
		return code;
	if (!gpald_placement_finish(&p, map) || (trace && trace->no_memory))
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	return GPAL_OK;
}

/* A map that owns its memory. */
struct owned_map {
	struct gpal_map map; /* first, so that the two share an address */
	struct gpald_arena *arena;
};

static bool copy_tags(struct gpald_arena *arena, const struct gpal_map *map)
{
	struct gpal_map_entry *entries = (struct gpal_map_entry *)map->entries;

	for (size_t i = 0; i < map->count; i++) {
		entries[i].tag = gpald_arena_copy(arena, entries[i].tag);
		if (!entries[i].tag)
			return false;
	}
	return true;
}

int gpal_allocate(const struct gpal_alloc_input *input, struct gpal_map **map,
		  struct gpal_error *error)
{
	struct gpald_arena *arena = gpald_arena_new(0);
	struct owned_map *owned = arena ? gpald_arena_zalloc(arena, 1, sizeof(*owned)) : NULL;
	int code;

	*map = NULL;
	if (!owned) {
		gpald_arena_free(arena);
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	}
	owned->arena = arena;
	code = gpald_place(arena, input, (struct gpald_kept_list){ 0 }, NULL, &owned->map, error);
	if (code == GPAL_E_EXHAUSTED && error)
		gpald_advise_input(input, error);
	if (code == GPAL_OK && !copy_tags(arena, &owned->map))
		code = gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	if (code) {
		gpald_arena_free(arena);
		return code;
	}
	*map = &owned->map;
	return GPAL_OK;
}

void gpal_map_free(struct gpal_map *map)
{
	if (map)
		gpald_arena_free(((struct owned_map *)map)->arena);
}
