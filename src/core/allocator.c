/* SPDX-License-Identifier: MIT */
/*
 * The bare allocator for users of the library. It gives the map an arena of its own. If a demand
 * does not fit, it adds to the error a size that would have fitted. place.c places the ranges. Only
 * the resolver knows which ranges a VM has.
 */
#include "config.h"

#include "core/arena.h"
#include "core/error.h"
#include "core/largest_size.h"
#include "core/place.h"

static bool copy_tags(struct gpald_arena *arena, const struct gpal_map *map)
{
	struct gpal_map_entry *entries = (struct gpal_map_entry *)map->entries;

	for (size_t i = 0; i < map->count; i++) {
		entries[i].tag = gpald_arena_strdup(arena, entries[i].tag);
		if (!entries[i].tag)
			return false;
	}
	return true;
}

/*
 * Estimates the size of the arena, so that most maps need one allocation. The estimate has a limit,
 * because the counts are not checked yet.
 */
static size_t allocation_arena_hint(const struct gpal_alloc_input *input)
{
	const size_t ranges = input->reserved_count + input->fixed_count + input->mmio32_count +
			      input->ram_count + input->mmio64_count + input->post_mmio_count;

	return 160 * (ranges < 4096 ? ranges : 4096);
}

int gpal_allocate(const struct gpal_alloc_input *input, struct gpal_map **map,
		  struct gpal_error *error)
{
	const struct gpald_place_options options = { .trace = NULL };
	struct gpald_arena *arena;
	struct gpal_map *made =
		gpald_arena_new_object(allocation_arena_hint(input), sizeof(*made), &arena);
	int code;

	*map = NULL;
	if (!made)
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	code = gpald_place(arena, input, &options, made, error);
	if (code == GPAL_E_EXHAUSTED && error)
		gpald_suggest_for_input(input, error);
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
