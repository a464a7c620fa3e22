/* SPDX-License-Identifier: MIT */
/*
 * Updates: any subset of the demands stays, anywhere in the world, RAM in up to two extents, and
 * the others are placed around it. A kept demand need not be where its phase would have put it.
 */
#include "config.h"

#include "exhaustive.h"
#include "guarded_arena.h"
#include "pages.h"

#include <string.h>

static struct gpald_arena *plain_arena, *traced_arena;

static void check_case(const struct world *world)
{
	struct world_input in;
	struct gpald_place_options options = { .trace = NULL };
	struct gpald_trace trace = { .arena = traced_arena };
	struct gpal_map map = { 0 }, traced = { 0 };
	struct gpal_error error;
	struct plan plan;
	int code;

	guarded_arena_reset(plain_arena);
	guarded_arena_reset(traced_arena);
	pages_input(world, &in);
	pages_place(world, &plan);
	options.kept = (struct gpald_kept_list){ in.kept, in.kept_count };
	code = gpald_place(plain_arena, &in.input, &options, &map, &error);
	if (!pages_agree(world, &plan, code, &map, &error))
		return;
	options.trace = &trace;
	if (gpald_place(traced_arena, &in.input, &options, &traced, NULL) != code)
		pages_differ(world, "the code differs with a trace");
	else if (code == GPAL_OK && !pages_agree(world, &plan, code, &traced, NULL))
		pages_differ(world, "the last difference was with a trace");
}

struct bounds {
	unsigned int sizes[4];
	unsigned int alignments[4];
	unsigned int demands;
};

static uint64_t check_lists(struct world *world, const struct bounds *bounds);

/* Keeps a demand in one run of pages, or, if it is RAM, in any two. */
static uint64_t check_kept(struct world *world, struct demand *demand, const struct bounds *bounds)
{
	uint64_t cases = 0;

	for (unsigned int at = 0; at + demand->size <= world->pages; at++) {
		demand->kept[0] = (struct run){ at, at + (unsigned int)demand->size };
		cases += check_lists(world, bounds);
	}
	if (demand->kind != GPAL_KIND_RAM)
		return cases;
	for (unsigned int size = 1; size < demand->size; size++) {
		const unsigned int rest = (unsigned int)demand->size - size;

		for (unsigned int at = 0; at + demand->size <= world->pages; at++)
			for (unsigned int next = at + size; next + rest <= world->pages; next++) {
				demand->kept[0] = (struct run){ at, at + size };
				demand->kept[1] = (struct run){ next, next + rest };
				cases += check_lists(world, bounds);
			}
	}
	return cases;
}

/* Checks all lists that begin with the current demands. */
static uint64_t check_lists(struct world *world, const struct bounds *bounds)
{
	const enum gpal_kind first = world->demand_count > 0 ?
					     world->demands[world->demand_count - 1].kind :
					     GPAL_KIND_MMIO32;
	struct demand *demand = &world->demands[world->demand_count];
	uint64_t cases = 1;

	check_case(world);
	if (world->demand_count == bounds->demands)
		return cases;
	world->demand_count++;
	for (int kind = (int)first; kind < GPAL_KIND_COUNT; kind++) {
		for (const unsigned int *size = bounds->sizes; *size; size++) {
			for (const unsigned int *align = bounds->alignments; *align; align++) {
				*demand = (struct demand){ .kind = (enum gpal_kind)kind,
							   .size = *size,
							   .alignment = *align };
				cases += check_lists(world, bounds);
			}
			/* The alignment of a kept demand does not matter. */
			*demand = (struct demand){ .kind = (enum gpal_kind)kind,
						   .size = *size,
						   .alignment = 1 };
			cases += check_kept(world, demand, bounds);
		}
	}
	world->demand_count--;
	return cases;
}

static uint64_t check_holes(struct share *share, unsigned int half, const struct bounds *bounds)
{
	struct world world = { .base = GPAL_4GIB - half * GPAL_PAGE_SIZE,
			       .pages = 2 * half,
			       .hole_kind = GPAL_KIND_RESERVED };
	uint64_t cases = 0;

	plain_arena = guarded_arena();
	traced_arena = guarded_arena();
	for (unsigned int start = 0; start < 2 * half; start++)
		for (unsigned int end = start + (start > 0); end <= 2 * half; end++) {
			if (!share_takes(share))
				continue;
			world.hole = (struct run){ start, end };
			cases += check_lists(&world, bounds);
		}
	return cases;
}

static uint64_t any_subset(struct share *share)
{
	static const struct bounds small = { { 1, 3 }, { 1, 2 }, 3 };
	static const struct bounds large = { { 1, 3 }, { 1, 4 }, 3 };

	return share->is_long ? check_holes(share, 5, &large) : check_holes(share, 3, &small);
}

int main(int argc, char **argv)
{
	static const struct space spaces[] = {
		{ "update, any kept subset", any_subset, 3500574, 101433976 },
	};

	return exhaustive_main(argc, argv, spaces, sizeof(spaces) / sizeof(spaces[0]));
}
