/* SPDX-License-Identifier: MIT */
/*
 * The allocator around 4 GiB: every hole, and every list of a few demands of all kinds, with a few
 * sizes and alignments. Each case is placed with the trace off and on, and must give the map of the
 * page-by-page reference both times. The demands above all others (those of VTL2) must move nothing
 * else.
 */
#include "config.h"

#include "exhaustive.h"
#include "guarded_arena.h"
#include "pages.h"

#include <string.h>

static struct gpald_arena *plain_arena, *traced_arena;

/* The sizes and alignments of a demand, in pages. */
struct options {
	unsigned int sizes[8];
	unsigned int alignments[4];
};

/*
 * Compares with the plan without the demands above all others: the other ranges must be at the same
 * place, or fit in neither case.
 */
static void compare_baseline(const struct world *world, const struct plan *plan,
			     const struct gpal_map *map, const struct plan *baseline)
{
	size_t at = 0;

	if (baseline->code != GPAL_OK) {
		if (plan->code != baseline->code || plan->failed != baseline->failed)
			pages_differ(world, "fails differently without VTL2");
		return;
	}
	if (plan->code != GPAL_OK) {
		if (world->demands[plan->failed].kind != GPAL_KIND_POST_MMIO)
			pages_differ(world, "fails with VTL2");
		return;
	}
	for (unsigned int page = 0; page < world->pages; page++) {
		const uint64_t address = world->base + page * GPAL_PAGE_SIZE;
		const int before = baseline->owner[page];

		while (at < map->count && map->entries[at].range.end <= address)
			at++;
		if (before < 0)
			continue;
		if (at == map->count || map->entries[at].range.start > address ||
		    map->entries[at].kind != world->demands[before].kind)
			pages_differ(world, "VTL2 moves a range");
	}
}

static void check_trace(const struct world *world, const struct world_input *in, int code,
			const struct gpal_map *map)
{
	struct gpald_trace trace = { .arena = traced_arena };
	const struct gpald_place_options options = {
		.kept = { in->kept, in->kept_count },
		.trace = &trace,
	};
	struct gpal_map traced = { 0 };
	size_t chosen = 0;

	guarded_arena_reset(traced_arena);
	if (gpald_place(traced_arena, &in->input, &options, &traced, NULL) != code) {
		pages_differ(world, "the code differs with a trace");
		return;
	}
	if (code != GPAL_OK)
		return;
	if (traced.count != map->count ||
	    memcmp(traced.entries, map->entries, map->count * sizeof(*map->entries)) != 0)
		pages_differ(world, "the map differs with a trace");
	for (size_t i = 0; i < trace.count; i++)
		chosen += trace.steps[i].chosen_count;
	/* Reserved ranges above all others have a step but no entry in the map. */
	if (chosen < map->count || chosen > map->count + 3)
		pages_differ(world, "wrong number of chosen ranges in the trace");
}

static void check_case(const struct world *world, struct plan *baseline)
{
	const struct gpald_place_options options = { .trace = NULL };
	struct world_input in;
	struct gpal_map map = { 0 };
	struct gpal_error error;
	struct plan plan;
	int code;

	guarded_arena_reset(plain_arena);
	pages_input(world, &in);
	pages_place(world, &plan);
	code = gpald_place(plain_arena, &in.input, &options, &map, &error);
	if (!pages_agree(world, &plan, code, &map, &error))
		return;
	check_trace(world, &in, code, &map);
	if (world->demand_count == 0 ||
	    world->demands[world->demand_count - 1].kind != GPAL_KIND_POST_MMIO)
		*baseline = plan;
	else
		compare_baseline(world, &plan, &map, baseline);
}

/*
 * Checks all lists with up to `left` more demands, whose kinds are not below that of the last one.
 */
static uint64_t check_lists(struct world *world, const struct options *options, unsigned int left,
			    struct plan *baseline)
{
	const enum gpal_kind first = world->demand_count > 0 ?
					     world->demands[world->demand_count - 1].kind :
					     GPAL_KIND_MMIO32;
	uint64_t cases = 1;

	check_case(world, baseline);
	if (left == 0)
		return cases;
	world->demand_count++;
	/*
	 * Demands above all others come first, while the baseline is still that of the list so far.
	 */
	for (int kind = GPAL_KIND_POST_MMIO; kind >= (int)first; kind--)
		for (const unsigned int *size = options->sizes; *size; size++)
			for (const unsigned int *align = options->alignments; *align; align++) {
				world->demands[world->demand_count - 1] = (struct demand){
					.kind = (enum gpal_kind)kind,
					.size = *size,
					.alignment = *align,
				};
				cases += check_lists(world, options, left - 1, baseline);
			}
	world->demand_count--;
	return cases;
}

/* Checks every hole within `half` pages on each side of 4 GiB, reserved and fixed, and no hole. */
static uint64_t check_holes(struct share *share, unsigned int half, const struct options *options,
			    unsigned int demands)
{
	static const enum gpal_kind kinds[] = { GPAL_KIND_RESERVED, GPAL_KIND_FIXED };
	struct world world = { .base = GPAL_4GIB - half * GPAL_PAGE_SIZE, .pages = 2 * half };
	struct plan baseline;
	uint64_t cases = 0;

	plain_arena = guarded_arena();
	traced_arena = guarded_arena();
	for (unsigned int start = 0; start <= 2 * half; start++)
		for (unsigned int end = start + 1; end <= 2 * half + (start == 0); end++)
			for (unsigned int k = 0; k < 2; k++) {
				/* One extra round stands for no hole. */
				const bool none = end > 2 * half;

				if ((none && k > 0) || !share_takes(share))
					continue;
				world.hole = none ? (struct run){ 0, 0 } :
						    (struct run){ start, end };
				world.hole_kind = kinds[k];
				cases += check_lists(&world, options, demands, &baseline);
			}
	return cases;
}

/* Many demands of few shapes. */
static uint64_t many_demands(struct share *share)
{
	static const struct options small = { { 2, 5 }, { 1, 4 } };
	static const struct options large = { { 3, 14 }, { 1, 8 } };

	return share->is_long ? check_holes(share, 32, &large, 5) :
				check_holes(share, 8, &small, 4);
}

/* Few demands of many shapes. */
static uint64_t many_shapes(struct share *share)
{
	static const struct options two = { { 1, 2, 3, 4, 5, 7, 8 }, { 1, 2, 8 } };
	static const struct options three = { { 1, 2, 3, 5, 8 }, { 1, 2, 8 } };

	return share->is_long ? check_holes(share, 8, &three, 3) : check_holes(share, 8, &two, 2);
}

int main(int argc, char **argv)
{
	static const struct space spaces[] = {
		{ "allocator, many demands", many_demands, 2843841, 281953521 },
		{ "allocator, many shapes", many_shapes, 1227135, 19058403 },
	};

	return exhaustive_main(argc, argv, spaces, sizeof(spaces) / sizeof(spaces[0]));
}
