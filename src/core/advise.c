/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * A window that is pinned to more than it has, into free space beside it, moves
 * nothing: no other range had a place there, and a search that passes by finds less
 * room where it took none. So how far a window of a root complex can grow in place is
 * read off the map.
 *
 * All else is tried, because a size changes the order in which windows are placed and
 * the alignment of RAM. The number of tries is bounded by the work they are.
 */
#include "config.h"

#include "core/arena.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/holes.h"
#include "core/resolution.h"
#include "core/sizing.h"

#include <gpalayout/advise.h>
#include <gpalayout/compare.h>
#include <stdlib.h>

struct advising {
	const struct gpal_request *request;
	const struct gpal_layout *layout;
	struct gpal_growth *growths;
	size_t count;
	uint64_t top; /* no range may end above it */

	struct gpald_sizing sizing;
	struct gpald_budget budget;
};

/* Whether the request resolves, whatever moves. */
static enum gpald_verdict resolves(void *data, uint64_t size)
{
	struct advising *a = data;

	return gpald_sizing_try(&a->sizing, size, NULL);
}

/* Whether it does with every range where it is. */
static enum gpald_verdict stays(void *data, uint64_t size)
{
	struct advising *a = data;
	struct gpal_changes *changes;
	struct gpal_layout *layout;
	enum gpald_verdict verdict = gpald_sizing_try(&a->sizing, size, &layout);

	if (verdict != GPALD_DOES)
		return verdict;
	if (gpal_compare(a->layout, layout, &changes, NULL)) {
		a->budget.no_memory = true;
		verdict = GPALD_NOT_TRIED;
	} else if (!changes->compatible) {
		verdict = GPALD_DOES_NOT;
	}
	gpal_changes_free(changes);
	gpal_layout_free(layout);
	return verdict;
}

/* The size that does while the next does not; 0: there have been tries enough. */
static uint64_t grow(struct advising *a, uint64_t size, uint64_t bad, gpald_size_test *test)
{
	uint64_t found;

	return gpald_find_size(size, bad, GPAL_PAGE_SIZE, test, a, &found) ? found : 0;
}

/* The lowest start of what is above an address and of what is reserved there. */
static uint64_t free_until(const struct advising *a, size_t entry, uint64_t end)
{
	const struct gpal_map *map = &a->layout->map;
	uint64_t limit = entry + 1 < map->count ? map->entries[entry + 1].range.start : a->top;

	/* The map leaves out what is reserved above its top. */
	for (size_t i = 0; entry + 1 == map->count && i < gpald_reserved_count(a->request); i++) {
		const uint64_t start = gpald_reserved_at(a->request, i).range.start;

		if (start >= end && start < limit)
			limit = start;
	}
	return limit < a->top ? limit : a->top;
}

/*
 * All free space beside a window, but for what is off its usual start. Chipset low
 * MMIO, which ends at 4 GiB, bounds low windows from above and high ones from below.
 */
static struct gpal_range find_pin(const struct advising *a, size_t entry, bool is_low)
{
	const struct gpal_map *map = &a->layout->map;
	const struct gpal_range range = map->entries[entry].range;
	const uint64_t alignment = is_low ? GPALD_LOW_WINDOW_ALIGNMENT :
					    GPALD_HIGH_WINDOW_ALIGNMENT;
	const uint64_t until = free_until(a, entry, range.end);
	uint64_t start = entry > 0 ? map->entries[entry - 1].range.end : 0;
	struct gpal_range pin = range;

	if (gpald_align_up(start, alignment, &start) && start < range.start)
		pin.start = start;
	if (until > range.end)
		pin.end = until;
	return pin;
}

/* Whose size it is, and how it may grow. */
struct candidate {
	enum gpal_subject subject;
	size_t index;
	size_t entry; /* of the map */
};

static bool is_low(const struct candidate *candidate)
{
	return candidate->subject == GPAL_SUBJECT_CHIPSET_LOW_MMIO ||
	       candidate->subject == GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO;
}

static bool is_of_root_complex(const struct candidate *candidate)
{
	return candidate->subject == GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO ||
	       candidate->subject == GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO;
}

static void advise_on(struct advising *a, const struct candidate *candidate)
{
	const struct gpal_map_entry *entry = &a->layout->map.entries[candidate->entry];
	struct gpal_growth *growth = &a->growths[a->count++];
	const uint64_t bad = is_low(candidate) ? GPAL_4GIB + GPAL_PAGE_SIZE : a->top;
	const bool can_be_asked =
		gpald_sizing_choose(&a->sizing, candidate->subject, candidate->index) > 0;

	*growth = (struct gpal_growth){ .tag = entry->tag };
	growth->size = candidate->subject == GPAL_SUBJECT_MEMORY_NODE ?
			       a->request->nodes[candidate->index] :
			       gpal_range_size(entry->range);
	if (is_of_root_complex(candidate)) {
		growth->pin = find_pin(a, candidate->entry, is_low(candidate));
		growth->in_place = gpal_range_size(growth->pin);
	} else if (can_be_asked) {
		growth->in_place = grow(a, growth->size, bad, stays);
	}
	if (can_be_asked)
		growth->resolved = grow(a, growth->size, bad, resolves);
}

/* Each gets its share of what may be spent; what one leaves is for those behind it. */
static void share_out(struct advising *a, const struct candidate *list, size_t count)
{
	size_t left = GPALD_BUDGET;

	for (size_t i = 0; i < count; i++) {
		const size_t share = left / (count - i);

		a->budget.left = share;
		advise_on(a, &list[i]);
		left -= share - a->budget.left;
	}
}

static size_t add(const struct advising *a, struct candidate *list, size_t count,
		  enum gpal_subject subject, size_t index, struct gpal_range range)
{
	if (gpal_range_is_empty(range))
		return count;
	list[count] =
		(struct candidate){ subject, index, gpal_map_find(&a->layout->map, range.start) };
	return count + 1;
}

static int compare_entries(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;

	return a->entry < b->entry ? -1 : a->entry > b->entry;
}

/* All that can grow, in the order of the map. */
static size_t collect(const struct advising *a, struct candidate *list)
{
	const struct gpal_layout *layout = a->layout;
	size_t count = 0;

	count = add(a, list, count, GPAL_SUBJECT_CHIPSET_LOW_MMIO, 0, layout->chipset_low_mmio);
	count = add(a, list, count, GPAL_SUBJECT_CHIPSET_HIGH_MMIO, 0, layout->chipset_high_mmio);
	for (size_t i = 0; i < layout->root_complex_count; i++) {
		const struct gpal_layout_root_complex *rc = &layout->root_complexes[i];

		count = add(a, list, count, GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO, i, rc->low_mmio);
		count = add(a, list, count, GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO, i, rc->high_mmio);
	}
	/* Nodes are in the order of their addresses, so a node's extents follow each other. */
	for (size_t i = 0; i < layout->ram_count; i++)
		if (i == 0 || layout->ram[i - 1].node != layout->ram[i].node)
			count = add(a, list, count, GPAL_SUBJECT_MEMORY_NODE, layout->ram[i].node,
				    layout->ram[i].range);
	qsort(list, count, sizeof(*list), compare_entries);
	return count;
}

static int advise(struct gpald_arena *arena, const struct gpal_request *request,
		  const struct gpal_layout *layout, struct gpal_advice *advice)
{
	const unsigned int bits = request->host_physical_address_bits;
	const unsigned int alias = request->has_vtl2_alias_map;
	const size_t most = 2 + 2 * layout->root_complex_count + layout->ram_count;
	const struct gpald_around nothing = { .live = NULL };
	struct candidate *list = gpald_arena_alloc(arena, most, sizeof(*list));
	struct advising a = {
		.request = request,
		.layout = layout,
		.growths = gpald_arena_alloc(arena, most, sizeof(*a.growths)),
		.top = bits > 0 && bits - alias < 64 ? UINT64_C(1) << (bits - alias) :
						       GPAL_SPACE_END,
	};

	if (list && a.growths &&
	    gpald_sizing_init(&a.sizing, request, layout->policy, nothing, &a.budget))
		share_out(&a, list, collect(&a, list));
	else
		a.budget.no_memory = true;
	gpald_sizing_clear(&a.sizing);
	*advice = (struct gpal_advice){
		.growths = a.growths,
		.count = a.count,
		.cut = a.budget.is_spent,
	};
	return a.budget.no_memory ? GPAL_E_NO_MEMORY : GPAL_OK;
}

/* Whether the sizes of the layout are those of members of the request. */
static bool is_of(const struct gpal_layout *layout, const struct gpal_request *request)
{
	for (size_t i = 0; i < layout->ram_count; i++)
		if (layout->ram[i].node >= request->node_count)
			return false;
	return layout->policy && layout->root_complex_count == request->root_complex_count;
}

int gpal_advise(const struct gpal_request *request, const struct gpal_layout *layout,
		struct gpal_advice **advice, struct gpal_error *error)
{
	struct gpald_arena *arena;
	struct gpal_advice *made;

	*advice = NULL;
	if (!is_of(layout, request))
		return gpald_fail_plain(error, GPAL_E_INTERNAL);
	made = gpald_arena_new_object(0, sizeof(*made), &arena);
	if (!made)
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	if (advise(arena, request, layout, made)) {
		gpald_arena_free(arena);
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	}
	*advice = made;
	return GPAL_OK;
}

void gpal_advice_free(struct gpal_advice *advice)
{
	gpald_arena_free_object(advice);
}
