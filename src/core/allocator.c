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
	code = gpald_check_demands(p.demands, error);
	if (code)
		return code;

	if ((code = gpald_place_mmio32(&p)) || (code = gpald_place_ram(&p)) ||
	    (code = gpald_place_mmio64(&p)) || (code = gpald_place_post_mmio(&p)))
		return code;
	if (!gpald_placement_finish(&p, map) || (trace && trace->no_memory))
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	return GPAL_OK;
}

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
	struct gpald_arena *arena;
	struct gpal_map *made = gpald_arena_new_object(0, sizeof(*made), &arena);
	int code;

	*map = NULL;
	if (!made)
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	code = gpald_place(arena, input, (struct gpald_kept_list){ 0 }, NULL, made, error);
	if (code == GPAL_E_EXHAUSTED && error)
		gpald_advise_input(input, error);
	if (code == GPAL_OK && !copy_tags(arena, made))
		code = gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	if (code)
		gpald_arena_free(arena);
	else
		*map = made;
	return code;
}

void gpal_map_free(struct gpal_map *map)
{
	gpald_arena_free_object(map);
}
