/* SPDX-License-Identifier: MIT */
/* The page-by-page reference, and its comparison with the allocator. */
#include "pages.h"

#include "exhaustive.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE UINT64_C(4096)
#define BORDER (UINT64_C(1) << 32)

/* State of one placement. */
struct placing {
	const struct world *world;
	struct plan *plan;
	bool done[DEMANDS_MAX];
};

static bool is_free(const struct placing *p, unsigned int page)
{
	return p->plan->owner[page] == OWNER_NOBODY;
}

static uint64_t address(const struct world *world, unsigned int page)
{
	return world->base + page * PAGE;
}

static bool is_aligned(const struct placing *p, unsigned int page, uint64_t alignment)
{
	return address(p->world, page) / PAGE % alignment == 0;
}

/* Returns the number of pages of the world below an address. */
static unsigned int pages_below(const struct world *world, uint64_t limit)
{
	unsigned int pages = 0;

	while (pages < world->pages && address(world, pages) < limit)
		pages++;
	return pages;
}

/* Returns true if a window fits there and ends at or below `end`. */
static bool fits(const struct placing *p, unsigned int at, unsigned int end,
		 const struct demand *demand)
{
	if (!is_aligned(p, at, demand->alignment) || at + demand->size > end)
		return false;
	for (unsigned int page = at; page < at + demand->size; page++)
		if (!is_free(p, page))
			return false;
	return true;
}

/* Takes the pages of a window that fits. */
static void put(struct placing *p, unsigned int start, uint64_t size, unsigned int demand)
{
	for (unsigned int page = start; page < start + size; page++)
		p->plan->owner[page] = (signed char)demand;
}

/*
 * Fills in the plan for a demand that does not fit in the pages from `start` to before `end`: the
 * free space, and the lowest of the largest fits.
 */
static bool exhausted(struct placing *p, unsigned int failed, unsigned int start, unsigned int end)
{
	const struct demand *demand = &p->world->demands[failed];
	struct plan *plan = p->plan;

	plan->code = GPAL_E_EXHAUSTED;
	plan->failed = failed;
	for (unsigned int page = start; page < end; page++) {
		unsigned int last = page;

		if (!is_free(p, page))
			continue;
		plan->free_space += PAGE;
		if (!is_aligned(p, page, demand->alignment))
			continue;
		while (last < end && is_free(p, last))
			last++;
		if ((last - page) * PAGE > plan->largest_fit) {
			plan->largest_fit = (last - page) * PAGE;
			plan->fit =
				(struct gpal_range){ address(p->world, page),
						     address(p->world, page) + plan->largest_fit };
		}
	}
	return false;
}

/* Finds the next window of a kind: the coarsest, then the largest, then the first. */
static bool next_window(struct placing *p, enum gpal_kind kind, unsigned int *next)
{
	const struct demand *best = NULL;

	for (unsigned int i = 0; i < p->world->demand_count; i++) {
		const struct demand *demand = &p->world->demands[i];

		if (demand->kind != kind || p->done[i])
			continue;
		if (!best || demand->alignment > best->alignment ||
		    (demand->alignment == best->alignment && demand->size > best->size)) {
			best = demand;
			*next = i;
		}
	}
	if (best)
		p->done[*next] = true;
	return best != NULL;
}

static bool place_mmio32(struct placing *p)
{
	const unsigned int border = pages_below(p->world, BORDER);
	unsigned int next;

	while (next_window(p, GPAL_KIND_MMIO32, &next)) {
		const struct demand *demand = &p->world->demands[next];
		unsigned int at = border;

		while (at > 0 && !fits(p, at - 1, border, demand))
			at--;
		if (at == 0)
			return exhausted(p, next, 0, border);
		put(p, at - 1, demand->size, next);
	}
	return true;
}

/* Returns the end of the pages of a kind, or of one of its demands; 0 if there are none. */
static unsigned int end_of(const struct placing *p, enum gpal_kind kind, int only)
{
	for (unsigned int page = p->world->pages; page > 0; page--) {
		const int owner = p->plan->owner[page - 1];

		if (owner >= 0 && p->world->demands[owner].kind == kind &&
		    (only < 0 || owner == only))
			return page;
	}
	return 0;
}

static bool place_ram_demand(struct placing *p, unsigned int number, unsigned int *floor)
{
	const struct demand *demand = &p->world->demands[number];
	const unsigned int start = *floor;
	signed char before[WORLD_MAX];
	uint64_t left = demand->size;
	unsigned int page = start;

	memcpy(before, p->plan->owner, sizeof(before));
	while (left > 0 && page < p->world->pages) {
		unsigned int end = page;
		uint64_t taken;

		if (!is_free(p, page) || !is_aligned(p, page, demand->alignment)) {
			page++;
			continue;
		}
		while (end < p->world->pages && is_free(p, end))
			end++;
		taken = end - page >= left ? left :
					     (end - page) / demand->alignment * demand->alignment;
		put(p, page, taken, number);
		left -= taken;
		if (taken > 0)
			*floor = page + (unsigned int)taken;
		page = end;
	}
	if (left == 0)
		return true;
	memcpy(p->plan->owner, before, sizeof(before));
	return exhausted(p, number, start, p->world->pages);
}

static bool place_ram(struct placing *p)
{
	unsigned int floor = 0;

	for (unsigned int i = 0; i < p->world->demand_count; i++) {
		const unsigned int kept = end_of(p, GPAL_KIND_RAM, (int)i);

		if (p->world->demands[i].kind != GPAL_KIND_RAM)
			continue;
		if (!p->done[i] && !place_ram_demand(p, i, &floor))
			return false;
		if (p->done[i] && kept > floor)
			floor = kept;
	}
	return true;
}

static bool place_lowest(struct placing *p, unsigned int number, unsigned int floor)
{
	const struct demand *demand = &p->world->demands[number];
	unsigned int at = floor;

	while (at < p->world->pages && !fits(p, at, p->world->pages, demand))
		at++;
	if (at == p->world->pages)
		return exhausted(p, number, floor, p->world->pages);
	put(p, at, demand->size, number);
	return true;
}

static bool place_mmio64(struct placing *p)
{
	const unsigned int border = pages_below(p->world, BORDER);
	const unsigned int ram = end_of(p, GPAL_KIND_RAM, -1);
	unsigned int next;

	while (next_window(p, GPAL_KIND_MMIO64, &next))
		if (!place_lowest(p, next, ram > border ? ram : border))
			return false;
	return true;
}

static bool place_post_mmio(struct placing *p)
{
	for (unsigned int i = 0; i < p->world->demand_count; i++) {
		unsigned int top = p->world->pages;

		if (p->world->demands[i].kind != GPAL_KIND_POST_MMIO || p->done[i])
			continue;
		while (top > 0 && (p->plan->owner[top - 1] == OWNER_NOBODY ||
				   (p->plan->owner[top - 1] == OWNER_HOLE &&
				    p->world->hole_kind == GPAL_KIND_RESERVED)))
			top--;
		if (!place_lowest(p, i, top))
			return false;
	}
	return true;
}

/* Takes the pages of the hole and of what stays. */
static bool place_given(struct placing *p)
{
	const struct world *world = p->world;

	memset(p->plan->owner, OWNER_NOBODY, sizeof(p->plan->owner));
	for (unsigned int page = world->hole.start; page < world->hole.end; page++)
		p->plan->owner[page] = OWNER_HOLE;
	for (unsigned int i = 0; i < world->demand_count; i++) {
		for (unsigned int e = 0; e < EXTENTS_MAX; e++) {
			const struct run run = world->demands[i].kept[e];

			for (unsigned int page = run.start; page < run.end; page++) {
				if (!is_free(p, page)) {
					p->plan->code = GPAL_E_OVERLAP;
					return false;
				}
				p->plan->owner[page] = (signed char)i;
				p->done[i] = true;
			}
		}
	}
	return true;
}

void pages_place(const struct world *world, struct plan *plan)
{
	struct placing p = { .world = world, .plan = plan };

	plan->code = GPAL_OK;
	plan->free_space = plan->largest_fit = 0;
	plan->fit = (struct gpal_range){ 0 };
	if (place_given(&p) && place_mmio32(&p) && place_ram(&p) && place_mmio64(&p))
		(void)place_post_mmio(&p);
}

/* The allocator's input. */

static void list_demands(const struct world *world, struct world_input *in, enum gpal_kind kind,
			 const struct gpal_demand **list, size_t *count)
{
	*count = 0;
	for (unsigned int i = 0; i < world->demand_count; i++) {
		const struct demand *demand = &world->demands[i];

		if (demand->kind != kind)
			continue;
		if (*count == 0)
			*list = &in->demands[i];
		in->demands[i] = (struct gpal_demand){ "demand", demand->size * PAGE,
						       demand->alignment * PAGE };
		for (unsigned int e = 0; e < EXTENTS_MAX; e++)
			if (demand->kept[e].start < demand->kept[e].end)
				in->kept[in->kept_count++] = (struct gpald_kept){
					kind,
					(uint32_t)*count,
					{ address(world, demand->kept[e].start),
					  address(world, demand->kept[e].end) },
				};
		++*count;
	}
}

void pages_input(const struct world *world, struct world_input *in)
{
	struct gpal_alloc_input *input = &in->input;
	const uint64_t end = address(world, world->pages);

	*input = (struct gpal_alloc_input){ .reserved = in->reserved, .fixed = in->fixed };
	in->kept_count = 0;
	if (world->base > 0)
		in->reserved[input->reserved_count++] =
			(struct gpal_pinned){ "below", { 0, world->base } };
	if (world->hole.start < world->hole.end) {
		const struct gpal_pinned hole = { "hole",
						  { address(world, world->hole.start),
						    address(world, world->hole.end) } };

		if (world->hole_kind == GPAL_KIND_RESERVED)
			in->reserved[input->reserved_count++] = hole;
		else
			in->fixed[input->fixed_count++] = hole;
	}
	if (end < GPAL_SPACE_END)
		in->reserved[input->reserved_count++] =
			(struct gpal_pinned){ "above", { end, GPAL_SPACE_END } };
	list_demands(world, in, GPAL_KIND_MMIO32, &input->mmio32, &input->mmio32_count);
	list_demands(world, in, GPAL_KIND_RAM, &input->ram, &input->ram_count);
	list_demands(world, in, GPAL_KIND_MMIO64, &input->mmio64, &input->mmio64_count);
	list_demands(world, in, GPAL_KIND_POST_MMIO, &input->post_mmio, &input->post_mmio_count);
}

/* The comparison. */

void pages_differ(const struct world *world, const char *what)
{
	char text[512];
	int at = snprintf(text, sizeof(text), "hole %s [%u, %u)", gpal_kind_name(world->hole_kind),
			  world->hole.start, world->hole.end);

	for (unsigned int i = 0; i < world->demand_count; i++) {
		const struct demand *demand = &world->demands[i];

		at += snprintf(text + at, sizeof(text) - (size_t)at,
			       "; %s %" PRIu64 " aligned to %" PRIu64, gpal_kind_name(demand->kind),
			       demand->size, demand->alignment);
		if (demand->kept[0].start < demand->kept[0].end)
			at += snprintf(text + at, sizeof(text) - (size_t)at,
				       " kept at [%u, %u) and [%u, %u)", demand->kept[0].start,
				       demand->kept[0].end, demand->kept[1].start,
				       demand->kept[1].end);
	}
	differ("%s: %u pages from 0x%" PRIx64 ": %s", what, world->pages, world->base, text);
}

/* Returns the number of a demand within its kind. */
static uint32_t index_of(const struct world *world, int demand)
{
	uint32_t index = 0;

	for (int i = 0; i < demand; i++)
		index += world->demands[i].kind == world->demands[demand].kind;
	return index;
}

static bool is_entry(const struct gpal_map *map, size_t at, enum gpal_kind kind, uint32_t index,
		     uint64_t start, uint64_t end)
{
	return at < map->count && map->entries[at].kind == kind &&
	       map->entries[at].index == index && map->entries[at].range.start == start &&
	       map->entries[at].range.end == end;
}

/* Returns the first page after `page` that belongs to another range. */
static unsigned int end_of_range(const struct world *world, const struct plan *plan,
				 unsigned int page)
{
	const int owner = plan->owner[page];
	unsigned int end = page + 1;

	while (end < world->pages && plan->owner[end] == owner) {
		/* Two kept extents of one demand may be adjacent. */
		if (owner >= 0 && (end == world->demands[owner].kept[0].start ||
				   end == world->demands[owner].kept[1].start))
			break;
		end++;
	}
	return end;
}

static bool same_map(const struct world *world, const struct plan *plan, const struct gpal_map *map)
{
	unsigned int top = world->pages;
	size_t at = 0;

	while (top > 0 &&
	       (plan->owner[top - 1] == OWNER_NOBODY ||
		(plan->owner[top - 1] == OWNER_HOLE && world->hole_kind == GPAL_KIND_RESERVED)))
		top--;
	if (top == 0)
		return map->count == 0;
	if (world->base > 0 && !is_entry(map, at++, GPAL_KIND_RESERVED, 0, 0, world->base))
		return false;
	for (unsigned int page = 0, end; page < top; page = end) {
		const int owner = plan->owner[page];
		const bool is_hole = owner == OWNER_HOLE;
		bool is_kept;

		end = end_of_range(world, plan, page);
		if (owner == OWNER_NOBODY)
			continue;
		if (!is_entry(map, at, is_hole ? world->hole_kind : world->demands[owner].kind,
			      is_hole ? world->base > 0 && world->hole_kind == GPAL_KIND_RESERVED :
					index_of(world, owner),
			      address(world, page), address(world, end)))
			return false;
		is_kept = !is_hole && world->demands[owner].kept[0].end > 0;
		if ((map->kept && map->kept[at]) != is_kept)
			return false;
		at++;
	}
	return at == map->count;
}

static bool same_error(const struct world *world, const struct plan *plan,
		       const struct gpal_error *error)
{
	const struct demand *demand;

	if (plan->code != GPAL_E_EXHAUSTED)
		return error->code == plan->code;
	demand = &world->demands[plan->failed];
	return error->code == GPAL_E_EXHAUSTED && error->phase == demand->kind &&
	       error->index == index_of(world, (int)plan->failed) &&
	       error->size == demand->size * PAGE && error->alignment == demand->alignment * PAGE &&
	       error->free_space == plan->free_space && error->largest_fit == plan->largest_fit &&
	       error->fit.start == plan->fit.start && error->fit.end == plan->fit.end;
}

bool pages_agree(const struct world *world, const struct plan *plan, int code,
		 const struct gpal_map *map, const struct gpal_error *error)
{
	const char *what = code != plan->code                                 ? "wrong code" :
			   code != GPAL_OK && !same_error(world, plan, error) ? "wrong error" :
			   code == GPAL_OK && !same_map(world, plan, map)     ? "wrong map" :
										NULL;

	if (what)
		pages_differ(world, what);
	return !what;
}
