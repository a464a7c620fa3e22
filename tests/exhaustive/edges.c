/* SPDX-License-Identifier: MIT */
/*
 * The edges of the address space: sums, sizes and alignments next to 2^64 and next to every other
 * power of two, compared with arithmetic that is wide enough.
 */
#include "config.h"

#include "core/free_space.h"
#include "exhaustive.h"
#include "guarded_arena.h"
#include "pages.h"

#include <inttypes.h>
#include <string.h>

/* Wide enough for the sum of any two addresses. */
__extension__ typedef unsigned __int128 wide;

static struct gpald_arena *arena;

/* Values up to `reach` units from a power of two. Here 2^64 is 0. */
struct edges {
	uint64_t values[512];
	size_t count;
};

static void add_edge(struct edges *edges, uint64_t value)
{
	for (size_t i = 0; i < edges->count; i++)
		if (edges->values[i] == value)
			return;
	edges->values[edges->count++] = value;
}

static void list_edges(struct edges *edges, unsigned int lowest_bit, uint64_t unit, int reach)
{
	edges->count = 0;
	for (unsigned int bit = lowest_bit; bit <= 64; bit++)
		for (int n = -reach; n <= reach; n++)
			/* 2^64 wraps to 0, and values above it are next to 0. */
			add_edge(edges, (bit < 64 ? UINT64_C(1) << bit : 0) + (uint64_t)n * unit);
}

static void check_sum(uint64_t a, uint64_t b)
{
	const wide exact = (wide)a + b;
	uint64_t sum = 1;
	const bool ok = gpald_add(a, b, &sum);

	if (ok != (exact <= UINT64_MAX) || (ok && sum != exact))
		differ("0x%" PRIx64 " + 0x%" PRIx64, a, b);
}

/* Returns the first multiple of an alignment at or above a value. It may be 2^64. */
static wide first_multiple(wide value, uint64_t alignment)
{
	return (value + alignment - 1) / alignment * alignment;
}

static void check_aligned(struct gpal_range range, uint64_t alignment)
{
	const wide first = first_multiple(range.start, alignment);
	const uint64_t usable = first < range.end ? range.end - (uint64_t)first : 0;
	uint64_t up = 1;
	const bool ok = gpald_align_up(range.start, alignment, &up);

	if (ok != (first <= UINT64_MAX) || (ok && up != first))
		differ("0x%" PRIx64 " aligned up to 0x%" PRIx64, range.start, alignment);
	if (gpald_align_down(range.end, alignment) != range.end / alignment * alignment)
		differ("0x%" PRIx64 " aligned down to 0x%" PRIx64, range.end, alignment);
	if (gpald_range_usable(range, alignment) != usable)
		differ("0x%" PRIx64 "-0x%" PRIx64 " aligned to 0x%" PRIx64, range.start, range.end,
		       alignment);
}

static uint64_t arithmetic(struct share *share)
{
	struct edges edges;
	uint64_t cases = 0;

	list_edges(&edges, 0, 1, 1);
	for (size_t i = 0; i < edges.count; i++) {
		if (!share_takes(share))
			continue;
		for (size_t j = 0; j < edges.count; j++) {
			const struct gpal_range range = { edges.values[i], edges.values[j] };
			const uint64_t size = range.end > range.start ? range.end - range.start : 0;

			check_sum(range.start, range.end);
			if (gpal_range_size(range) != size ||
			    gpal_range_is_empty(range) != (size == 0))
				differ("the size of 0x%" PRIx64 "-0x%" PRIx64, range.start,
				       range.end);
			for (unsigned int bit = 0; bit < 64; bit++, cases++)
				check_aligned(range, UINT64_C(1) << bit);
		}
	}
	return cases;
}

/* Returns true if the address is in the range. The reference for clipping tests only addresses. */
static bool contains(struct gpal_range range, uint64_t address)
{
	return range.start <= address && address < range.end;
}

static void check_clip(struct gpal_range range, struct gpal_range region, const struct edges *edges)
{
	const struct gpal_range both = gpald_range_clip(range, region);

	for (size_t i = 0; i < edges->count; i++)
		if (contains(both, edges->values[i]) !=
		    (contains(range, edges->values[i]) && contains(region, edges->values[i])))
			differ("0x%" PRIx64 "-0x%" PRIx64 " clipped to 0x%" PRIx64 "-0x%" PRIx64,
			       range.start, range.end, region.start, region.end);
}

static uint64_t clipping(struct share *share)
{
	struct edges edges;
	uint64_t cases = 0;

	list_edges(&edges, share->is_long ? 56 : 61, 1, 1);
	for (size_t a = 0; a < edges.count; a++) {
		if (!share_takes(share))
			continue;
		for (size_t b = 0; b < edges.count; b++)
			for (size_t c = 0; c < edges.count; c++)
				for (size_t d = 0; d < edges.count; d++, cases++)
					check_clip((struct gpal_range){ edges.values[a],
									edges.values[b] },
						   (struct gpal_range){ edges.values[c],
									edges.values[d] },
						   &edges);
	}
	return cases;
}

/* Worlds of a few pages at the edges, with demands of tiny and huge sizes and alignments. */

static uint64_t check_demands(struct world *world, unsigned int left)
{
	static const uint64_t sizes[] = { 1, 2, 5, UINT64_C(1) << 51, (UINT64_C(1) << 52) - 1 };
	static const unsigned int bits[] = { 0, 1, 3, 20, 50, 51 };
	const unsigned int number = world->demand_count;
	const enum gpal_kind first = number > 0 ? world->demands[number - 1].kind :
						  GPAL_KIND_MMIO32;
	struct world_input in;
	struct gpal_map map = { 0 };
	struct gpal_error error;
	const struct gpald_place_options options = { .trace = NULL };
	struct plan plan;
	uint64_t cases = 1;
	int code;

	guarded_arena_reset(arena);
	pages_input(world, &in);
	pages_place(world, &plan);
	code = gpald_place(arena, &in.input, &options, &map, &error);
	pages_agree(world, &plan, code, &map, &error);
	if (left == 0)
		return cases;
	world->demand_count++;
	for (int kind = (int)first; kind < GPAL_KIND_COUNT; kind++)
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
			for (size_t b = 0; b < sizeof(bits) / sizeof(bits[0]); b++) {
				world->demands[number] = (struct demand){
					.kind = (enum gpal_kind)kind,
					.size = sizes[s],
					.alignment = UINT64_C(1) << bits[b],
				};
				cases += check_demands(world, left - 1);
			}
	world->demand_count--;
	return cases;
}

static uint64_t worlds_at_edges(struct share *share)
{
	const unsigned int pages = 8;
	const uint64_t bytes = pages * GPAL_PAGE_SIZE;
	const uint64_t bases[] = { 0, (UINT64_C(1) << 63) - bytes / 2, GPAL_SPACE_END - bytes };
	uint64_t cases = 0;

	arena = guarded_arena();
	for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++)
		for (unsigned int start = 0; start < pages; start++)
			for (unsigned int end = start + (start > 0); end <= pages; end++) {
				struct world world = { .base = bases[b],
						       .pages = pages,
						       .hole = { start, end },
						       .hole_kind = GPAL_KIND_FIXED };

				if (share_takes(share))
					cases += check_demands(&world, share->is_long ? 3 : 2);
			}
	return cases;
}

/* One pinned range and one demand, with values at the edges. */

struct pair {
	struct gpal_range pin;
	bool is_fixed;
	enum gpal_kind kind;
	uint64_t size;
	uint64_t alignment;
};

/* Finds the lowest or highest aligned window in a gap, in wide arithmetic. */
static bool fits_in(wide start, wide end, const struct pair *pair, bool highest, wide *at)
{
	if (start + pair->size > end)
		return false;
	*at = highest ? (end - pair->size) / pair->alignment * pair->alignment :
			first_multiple(start, pair->alignment);
	return *at >= start && *at + pair->size <= end;
}

/*
 * Finds the place of the demand, or the reason why there is none. RAM that would be split is left
 * out.
 */
static int expect(const struct pair *pair, wide *at)
{
	const bool down = pair->kind == GPAL_KIND_MMIO32;
	const wide ceiling = down ? GPAL_4GIB : GPAL_SPACE_END;
	const struct gpal_range pin = pair->pin;
	wide floor = 0, below, above;

	if (pin.end > GPAL_SPACE_END)
		return GPAL_E_OUT_OF_RANGE;
	if (pin.end <= pin.start || (pin.end - pin.start) % 4096 != 0)
		return GPAL_E_INVALID_SIZE;
	if (pin.start % 4096 != 0)
		return GPAL_E_INVALID_ALIGNMENT;
	if (pair->size == 0 || pair->size % 4096 != 0)
		return GPAL_E_INVALID_SIZE;
	if (pair->alignment < 4096 || __builtin_popcountll(pair->alignment) != 1)
		return GPAL_E_INVALID_ALIGNMENT;
	if (pair->kind == GPAL_KIND_MMIO64)
		floor = GPAL_4GIB;
	if (pair->kind == GPAL_KIND_POST_MMIO && pair->is_fixed)
		floor = pin.end;
	/* The gaps below and above the pinned range. */
	below = pin.start < ceiling ? pin.start : ceiling;
	above = pin.end > floor ? pin.end : floor;
	if (down && fits_in(above, ceiling, pair, true, at))
		return GPAL_OK;
	if (floor < below && fits_in(floor, below, pair, down, at))
		return GPAL_OK;
	if (!down && fits_in(above, ceiling, pair, false, at))
		return GPAL_OK;
	return GPAL_E_EXHAUSTED;
}

/* Returns true if an aligned part of the RAM fits below the pinned range, but not all of it. */
static bool is_split(const struct pair *pair)
{
	return pair->kind == GPAL_KIND_RAM && pair->alignment >= 4096 &&
	       __builtin_popcountll(pair->alignment) == 1 && pair->size > pair->pin.start &&
	       pair->pin.start >= pair->alignment;
}

static bool check_pair(const struct pair *pair)
{
	const struct gpal_pinned pin = { "pin", pair->pin };
	const struct gpal_demand demand = { "demand", pair->size, pair->alignment };
	const struct gpald_place_options options = { .trace = NULL };
	struct gpal_alloc_input input = { 0 };
	struct gpal_map map = { 0 };
	struct gpal_error error;
	bool is_there = false;
	wide at = 0;
	int code;

	if (is_split(pair))
		return false;
	if (pair->is_fixed)
		input.fixed = &pin, input.fixed_count = 1;
	else
		input.reserved = &pin, input.reserved_count = 1;
	if (pair->kind == GPAL_KIND_MMIO32)
		input.mmio32 = &demand, input.mmio32_count = 1;
	else if (pair->kind == GPAL_KIND_RAM)
		input.ram = &demand, input.ram_count = 1;
	else if (pair->kind == GPAL_KIND_MMIO64)
		input.mmio64 = &demand, input.mmio64_count = 1;
	else
		input.post_mmio = &demand, input.post_mmio_count = 1;
	guarded_arena_reset(arena);
	code = gpald_place(arena, &input, &options, &map, &error);
	if (code == expect(pair, &at)) {
		for (size_t i = 0; code == GPAL_OK && i < map.count; i++)
			is_there |= map.entries[i].kind == pair->kind &&
				    map.entries[i].range.start == at &&
				    map.entries[i].range.end == at + pair->size;
		if (code != GPAL_OK || is_there)
			return true;
	}
	differ("code %d: %s 0x%" PRIx64 "-0x%" PRIx64 ", %s 0x%" PRIx64 " aligned to 0x%" PRIx64,
	       code, pair->is_fixed ? "fixed" : "reserved", pair->pin.start, pair->pin.end,
	       gpal_kind_name(pair->kind), pair->size, pair->alignment);
	return true;
}

/* Checks each kind of pinned range with each kind of demand. */
static uint64_t check_kinds(struct pair *pair)
{
	uint64_t cases = 0;

	for (int is_fixed = 0; is_fixed < 2; is_fixed++)
		for (int kind = GPAL_KIND_MMIO32; kind < GPAL_KIND_COUNT; kind++) {
			pair->is_fixed = is_fixed;
			pair->kind = (enum gpal_kind)kind;
			cases += check_pair(pair);
		}
	return cases;
}

static uint64_t pairs(struct share *share)
{
	static const uint64_t alignments[] = { 0,
					       1,
					       2048,
					       4096,
					       4097,
					       8192,
					       UINT64_C(1) << 32,
					       UINT64_C(1) << 62,
					       UINT64_C(1) << 63,
					       UINT64_C(3) << 62 };
	const unsigned int lowest = share->is_long ? 30 : 60;
	struct edges edges, sizes;
	uint64_t cases = 0;

	arena = guarded_arena();
	/* Multiples of a page, and values next to them. */
	list_edges(&edges, lowest, 4096, 2);
	add_edge(&edges, 1);
	add_edge(&edges, 4097);
	add_edge(&edges, GPAL_4GIB);
	add_edge(&edges, GPAL_4GIB - 4096);
	add_edge(&edges, GPAL_SPACE_END - 1);
	add_edge(&edges, GPAL_SPACE_END + 1);
	add_edge(&edges, UINT64_MAX);
	list_edges(&sizes, 61, 4096, 1);
	add_edge(&sizes, 1);
	add_edge(&sizes, GPAL_4GIB);
	add_edge(&sizes, UINT64_MAX);
	for (size_t a = 0; a < edges.count; a++) {
		if (!share_takes(share))
			continue;
		for (size_t b = 0; b < edges.count; b++)
			for (size_t size = 0; size < sizes.count; size++)
				for (size_t i = 0; i < sizeof(alignments) / sizeof(*alignments);
				     i++)
					cases += check_kinds(&(struct pair){
						.pin = { edges.values[a], edges.values[b] },
						.size = sizes.values[size],
						.alignment = alignments[i],
					});
	}
	return cases;
}

int main(int argc, char **argv)
{
	static const struct space spaces[] = {
		{ "edges, arithmetic", arithmetic, 2310400, 0 },
		{ "edges, clipping", clipping, 20736, 531441 },
		{ "edges, worlds of 8 pages", worlds_at_edges, 1012431, 60952431 },
		{ "edges, one range and one demand", pairs, 1189248, 36934920 },
	};

	return exhaustive_main(argc, argv, spaces, sizeof(spaces) / sizeof(spaces[0]));
}
