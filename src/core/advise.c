/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * The map shows how far a window of a root complex can grow in place. The caller can pin the window
 * to a larger range, which adds only free space beside it. In a layout without kept ranges, pinning
 * moves no other range: no range lies in that space, and a search that passed over that space ends
 * at the same place after the pin has taken it.
 *
 * All other sizes are tried, because a size changes the order in which windows are placed, and the
 * alignment of RAM. A budget limits the work of all tries.
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
#include <string.h>

struct advising {
	const struct gpal_request *request;
	const struct gpal_layout *layout; /* NULL: there is none */
	struct gpal_growth *growths;
	uint64_t address_limit; /* no range may end above it */
	size_t left;            /* budget that is left for all ranges */

	struct gpald_sizing sizing;
	struct gpald_budget budget;
};

/* Finds out whether the request resolves with a size, even if other ranges move. */
static enum gpald_verdict resolves_with_size(void *data, uint64_t size)
{
	struct advising *a = data;

	return gpald_sizing_try(&a->sizing, size, NULL);
}

/*
 * Finds out whether the request resolves with a size, and the guest finds each range of the layout
 * where it was.
 */
static enum gpald_verdict layout_stays_with_size(void *data, uint64_t size)
{
	struct advising *a = data;
	struct gpal_changes *changes;
	struct gpal_layout *layout;
	enum gpald_verdict verdict = gpald_sizing_try(&a->sizing, size, &layout);

	if (verdict != GPALD_FITS)
		return verdict;
	if (gpal_compare(a->layout, layout, &changes, NULL)) {
		a->budget.no_memory = true;
		verdict = GPALD_NOT_TRIED;
	} else if (!changes->compatible) {
		verdict = GPALD_DOES_NOT_FIT;
	}
	gpal_changes_free(changes);
	gpal_layout_free(layout);
	return verdict;
}

/*
 * Returns a size that works although the next one, a unit more, does not; 0: a try was not made.
 * `bad` is the largest size up to the limit, and never fits. For low MMIO it is larger than 4 GiB.
 * For all other ranges it leaves less than one unit of the address space for everything else, which
 * needs more. The unit of most ranges is 4 KiB, and chipset low MMIO alone takes more. The unit of
 * a CXL window is at most 4 GiB, and the window cannot use the space below 4 GiB.
 */
static uint64_t grow_size(struct advising *a, uint64_t size, uint64_t unit, uint64_t limit,
			  gpald_size_test *test)
{
	const uint64_t bad = size < limit ? size + (limit - size) / unit * unit : size;
	uint64_t found;

	return bad == size ? size : gpald_find_size(size, bad, unit, test, a, &found) ? found : 0;
}

/* Returns the largest size found with which a refused request resolves; 0: none was found. */
static uint64_t shrink_size(struct advising *a, uint64_t size, uint64_t unit)
{
	const uint64_t least = gpald_sizing_min_size(&a->sizing, unit);
	const uint64_t bad = gpald_whole_units(size, unit) + (size % unit ? unit : 0);
	uint64_t found;

	return least < bad && resolves_with_size(a, least) == GPALD_FITS &&
			       gpald_find_size(least, bad, unit, resolves_with_size, a, &found) ?
		       found :
		       0;
}

/* Returns the end of the free space that starts at `end`, after an entry of the map. */
static uint64_t end_of_free_space(const struct advising *a, size_t entry, uint64_t end)
{
	const struct gpal_map *map = &a->layout->map;
	uint64_t limit = entry + 1 < map->count ? map->entries[entry + 1].range.start :
						  a->address_limit;

	/* The map has no reserved ranges above its top, but the request has. */
	for (size_t i = 0; entry + 1 == map->count && i < gpald_reserved_count(a->request); i++) {
		const uint64_t start = gpald_reserved_at(a->request, i).range.start;

		if (start >= end && start < limit)
			limit = start;
	}
	return limit < a->address_limit ? limit : a->address_limit;
}

/*
 * Returns a window with the free space beside it. A new start has the usual alignment. Chipset low
 * MMIO ends at 4 GiB, so no window grows across 4 GiB.
 */
static struct gpal_range find_pin(const struct advising *a, size_t entry, bool is_low)
{
	const struct gpal_map *map = &a->layout->map;
	const struct gpal_range range = map->entries[entry].range;
	const uint64_t alignment = is_low ? GPALD_LOW_MMIO_ALIGNMENT : GPALD_HIGH_MMIO_ALIGNMENT;
	const uint64_t until = end_of_free_space(a, entry, range.end);
	uint64_t start = entry > 0 ? map->entries[entry - 1].range.end : 0;
	struct gpal_range pin = range;

	if (gpald_align_up(start, alignment, &start) && start < range.start)
		pin.start = start;
	if (until > range.end)
		pin.end = until;
	return pin;
}

/* A range whose size can be tried. */
struct candidate {
	enum gpal_subject subject;
	size_t index;
	const char *tag;
	uint64_t size;
	size_t entry; /* index in the map; without a layout, the position in the list */
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

static void advise_on_range(struct advising *a, const struct candidate *candidate,
			    struct gpal_growth *growth)
{
	const uint64_t unit = gpald_sizing_choose(&a->sizing, candidate->subject, candidate->index);
	const uint64_t limit = is_low(candidate) ? GPAL_4GIB + GPAL_PAGE_SIZE : a->address_limit;

	*growth = (struct gpal_growth){ .tag = candidate->tag, .size = candidate->size };
	if (!a->layout) {
		if (unit > 0)
			growth->resolved = shrink_size(a, growth->size, unit);
		return;
	}
	if (is_of_root_complex(candidate)) {
		growth->pin = find_pin(a, candidate->entry, is_low(candidate));
		growth->in_place = gpal_range_size(growth->pin);
		growth->largest_bar =
			gpal_largest_bar(a->layout->map.entries[candidate->entry].range);
		growth->pin_largest_bar = gpal_largest_bar(growth->pin);
	} else if (unit > 0) {
		growth->in_place = grow_size(a, growth->size, unit, limit, layout_stays_with_size);
	}
	/* A layout that an update made may not resolve from its request alone. */
	if (unit > 0 && resolves_with_size(a, growth->size) == GPALD_FITS)
		growth->resolved = grow_size(a, growth->size, unit, limit, resolves_with_size);
}

#define TRIES_PER_RANGE 112           /* enough for two searches among 2^52 sizes */
#define BUDGET_MAX (8 * GPALD_BUDGET) /* limit for RAM, or for a single range */

static size_t count_ram_candidates(const struct candidate *list, size_t count)
{
	size_t nodes = 0;

	for (size_t i = 0; i < count; i++)
		nodes += list[i].subject == GPAL_SUBJECT_MEMORY_NODE;
	return nodes;
}

/*
 * Advises on the RAM, or on all other ranges. Each gets an equal share of the budget, or enough for
 * two searches if that is more, while the budget lasts. Later ranges get what earlier ones do not
 * use.
 */
static void advise_within_budget(struct advising *a, const struct candidate *list, size_t count,
				 bool is_ram)
{
	const size_t nodes = count_ram_candidates(list, count);
	size_t ranges_left = is_ram ? nodes : count - nodes;
	size_t total_left = a->left;

	for (size_t i = 0; i < count; i++) {
		size_t share = TRIES_PER_RANGE * a->sizing.cost;

		if ((list[i].subject == GPAL_SUBJECT_MEMORY_NODE) != is_ram)
			continue;
		if (share < total_left / ranges_left)
			share = total_left / ranges_left;
		if (share > total_left)
			share = total_left;
		a->budget.left = share;
		advise_on_range(a, &list[i], &a->growths[i]);
		total_left -= share - a->budget.left;
		ranges_left--;
	}
	a->left = total_left;
}

/*
 * Returns a budget that is enough to try each of these ranges, even in a huge VM, up to
 * BUDGET_MAX; at least `usual`.
 */
static size_t budget_for_tries(const struct advising *a, size_t ranges, size_t usual)
{
	const size_t wanted = ranges * TRIES_PER_RANGE * a->sizing.cost;

	return wanted <= usual ? usual : wanted < BUDGET_MAX ? wanted : BUDGET_MAX;
}

/* RAM comes first: it grows most often, and the budget may not last for all ranges. */
static void advise_all(struct advising *a, const struct candidate *list, size_t count)
{
	const size_t nodes = count_ram_candidates(list, count);

	if (count == 1) {
		a->left = budget_for_tries(a, 1, GPALD_BUDGET);
		advise_within_budget(a, list, count, nodes == 1);
		return;
	}
	a->left = budget_for_tries(a, nodes, GPALD_BUDGET / 2);
	advise_within_budget(a, list, count, true);
	a->left += GPALD_BUDGET / 2;
	advise_within_budget(a, list, count, false);
}

/* The ranges to advise on: the candidates. */

struct collecting {
	struct advising *a;
	struct candidate *list;
	size_t count;
	const char *tag; /* only this one; NULL: all */
};

static void add_candidate(struct collecting *c, enum gpal_subject subject, size_t index,
			  const char *tag, uint64_t size, size_t entry)
{
	if (size == 0 || (c->tag && strcmp(c->tag, tag) != 0))
		return;
	c->list[c->count++] = (struct candidate){ subject, index, tag, size, entry };
}

/* Adds a range of the map. Returns false if the map does not have it. */
static bool add_range(struct collecting *c, enum gpal_subject subject, size_t index,
		      struct gpal_range range, uint64_t size)
{
	const struct gpal_map *map = &c->a->layout->map;
	const size_t entry = gpal_map_find(map, range.start);

	if (entry == map->count || map->entries[entry].range.start != range.start ||
	    map->entries[entry].range.end != range.end)
		return false;
	add_candidate(c, subject, index, map->entries[entry].tag, size, entry);
	return true;
}

static bool add_range_unless_empty(struct collecting *c, enum gpal_subject subject, size_t index,
				   struct gpal_range range)
{
	return gpal_range_is_empty(range) ||
	       add_range(c, subject, index, range, gpal_range_size(range));
}

static int compare_by_entry(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;

	return a->entry < b->entry ? -1 : a->entry > b->entry;
}

/* Adds each node with its first extent. Updates can change the order of the nodes in RAM. */
static bool add_layout_nodes(struct collecting *c, bool *seen)
{
	const struct gpal_layout *layout = c->a->layout;

	for (size_t i = 0; i < layout->ram_count; i++) {
		const struct gpal_ram_extent *extent = &layout->ram[i];

		if (!seen[extent->node] &&
		    !add_range(c, GPAL_SUBJECT_MEMORY_NODE, extent->node, extent->range,
			       c->a->request->nodes[extent->node]))
			return false;
		seen[extent->node] = true;
	}
	return true;
}

static bool add_layout_windows(struct collecting *c)
{
	const struct gpal_layout *layout = c->a->layout;

	if (!add_range_unless_empty(c, GPAL_SUBJECT_CHIPSET_LOW_MMIO, 0,
				    layout->chipset_low_mmio) ||
	    !add_range_unless_empty(c, GPAL_SUBJECT_CHIPSET_HIGH_MMIO, 0,
				    layout->chipset_high_mmio))
		return false;
	for (size_t i = 0; i < layout->root_complex_count; i++) {
		const struct gpal_layout_root_complex *rc = &layout->root_complexes[i];

		if (!add_range_unless_empty(c, GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO, i,
					    rc->low_mmio) ||
		    !add_range_unless_empty(c, GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO, i,
					    rc->high_mmio))
			return false;
	}
	for (size_t i = 0; i < layout->hotplug_room_count; i++)
		if (!add_range_unless_empty(c, GPAL_SUBJECT_HOTPLUG_SIZE, i,
					    layout->hotplug_rooms[i].range))
			return false;
	for (size_t i = 0; i < layout->cxl_window_count; i++)
		if (!add_range_unless_empty(c, GPAL_SUBJECT_CXL_WINDOW_SIZE, i,
					    layout->cxl_windows[i].range))
			return false;
	return true;
}

/* Collects the ranges that gpal_advise_on() lists for a layout, in the order of the map. */
static int collect_from_layout(struct collecting *c, struct gpald_arena *arena)
{
	bool *seen = gpald_arena_zalloc(arena, c->a->request->node_count, sizeof(*seen));

	if (!seen)
		return GPAL_E_NO_MEMORY;
	if (!add_layout_nodes(c, seen) || !add_layout_windows(c))
		return GPAL_E_INTERNAL;
	qsort(c->list, c->count, sizeof(*c->list), compare_by_entry);
	return GPAL_OK;
}

static void add_input_candidate(struct collecting *c, const struct gpald_input_list *inputs,
				enum gpal_kind kind, size_t at)
{
	const struct gpald_input_list *list = &inputs[kind];
	const struct gpald_origin *origin = &list->origins[at];
	const char *tag = kind == GPAL_KIND_FIXED ? list->pinned[at].tag : list->demands[at].tag;
	enum gpal_subject subject = gpald_roles[origin->role].subject;
	uint64_t size = kind == GPAL_KIND_FIXED ? gpal_range_size(list->pinned[at].range) :
						  list->demands[at].size;

	/* If node 0 is no larger than its low RAM window, it has no other range. */
	if (origin->role == GPALD_ROLE_LOW_RAM_WINDOW && size == c->a->request->nodes[0])
		subject = GPAL_SUBJECT_MEMORY_NODE;
	/* The size of a node includes its low RAM window. */
	if (subject == GPAL_SUBJECT_MEMORY_NODE)
		size = c->a->request->nodes[origin->index];
	if (gpald_sizing_choose(&c->a->sizing, subject, origin->index) > 0)
		add_candidate(c, subject, origin->index, tag, size, c->count);
}

/* Collects all ranges whose size the request may choose, RAM first. */
static void collect_from_inputs(struct collecting *c, const struct gpald_input_list *inputs)
{
	static const enum gpal_kind order[] = { GPAL_KIND_RAM, GPAL_KIND_FIXED, GPAL_KIND_MMIO32,
						GPAL_KIND_MMIO64, GPAL_KIND_POST_MMIO };

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		for (size_t i = 0; i < inputs[order[k]].count; i++)
			add_input_candidate(c, inputs, order[k], i);
}

static size_t max_layout_candidates(const struct gpal_layout *layout)
{
	return 2 + 2 * layout->root_complex_count + layout->ram_count + layout->hotplug_room_count +
	       layout->cxl_window_count;
}

static size_t max_input_candidates(const struct gpald_input_list *inputs)
{
	size_t count = 0;

	for (int kind = GPAL_KIND_FIXED; kind < GPAL_KIND_COUNT; kind++)
		count += inputs[kind].count;
	return count;
}

static int collect_candidates(struct collecting *c, struct gpald_arena *arena,
			      const struct gpal_policy *policy)
{
	const struct gpal_layout *layout = c->a->layout;
	struct gpald_input_list inputs[GPAL_KIND_COUNT];
	size_t most;
	int code = layout ? GPAL_OK : gpald_prepare_inputs(arena, c->a->request, policy, inputs);

	if (code)
		return code;
	most = layout ? max_layout_candidates(layout) : max_input_candidates(inputs);
	c->list = gpald_arena_alloc(arena, most, sizeof(*c->list));
	c->a->growths = gpald_arena_alloc(arena, most, sizeof(*c->a->growths));
	if (!c->list || !c->a->growths)
		return GPAL_E_NO_MEMORY;
	if (layout)
		return collect_from_layout(c, arena);
	collect_from_inputs(c, inputs);
	return GPAL_OK;
}

static int fill_in_advice(struct gpald_arena *arena, const struct gpal_request *request,
			  const struct gpal_layout *layout, const char *tag,
			  struct gpal_advice *advice)
{
	const struct gpal_policy *policy = layout          ? layout->policy :
					   request->policy ? request->policy :
							     gpal_policy_default();
	const unsigned int bits = request->host_physical_address_bits;
	const unsigned int alias = request->has_vtl2_alias_map;
	const struct gpald_resolve_options afresh = { .live = NULL };
	struct advising a = {
		.request = request,
		.layout = layout,
		.address_limit = bits > 0 && bits - alias < 64 ? UINT64_C(1) << (bits - alias) :
								 GPAL_SPACE_END,
	};
	struct collecting c = { .a = &a, .tag = tag };
	int code = GPAL_E_NO_MEMORY;

	if (gpald_sizing_init(&a.sizing, request, policy, afresh, &a.budget))
		code = collect_candidates(&c, arena, policy);
	if (code == GPAL_OK)
		advise_all(&a, c.list, c.count);
	gpald_sizing_clear(&a.sizing);
	*advice = (struct gpal_advice){
		.growths = a.growths,
		.count = c.count,
		.resolves = layout,
		.cut = a.budget.is_spent,
	};
	return a.budget.no_memory ? GPAL_E_NO_MEMORY : code;
}

/*
 * Returns true if the policy of the layout is known, and if the lists of the layout match those of
 * the request, so that an index is valid in both.
 */
static bool is_layout_of(const struct gpal_layout *layout, const struct gpal_request *request)
{
	for (size_t i = 0; i < layout->ram_count; i++)
		if (layout->ram[i].node >= request->node_count)
			return false;
	return layout->policy && layout->root_complex_count == request->root_complex_count &&
	       layout->hotplug_room_count == request->hotplug_room_count &&
	       layout->cxl_window_count == request->cxl_window_count;
}

int gpal_advise_on(const struct gpal_request *request, const struct gpal_layout *layout,
		   const char *tag, struct gpal_advice **advice, struct gpal_error *error)
{
	struct gpald_arena *arena;
	struct gpal_advice *made;
	int code;

	*advice = NULL;
	if (layout && !is_layout_of(layout, request))
		return gpald_fail_plain(error, GPAL_E_INTERNAL);
	made = gpald_arena_new_object(0, sizeof(*made), &arena);
	if (!made)
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	code = fill_in_advice(arena, request, layout, tag, made);
	if (code) {
		gpald_arena_free(arena);
		return gpald_fail_plain(error, (enum gpal_code)code);
	}
	*advice = made;
	return GPAL_OK;
}

int gpal_advise(const struct gpal_request *request, const struct gpal_layout *layout,
		struct gpal_advice **advice, struct gpal_error *error)
{
	return gpal_advise_on(request, layout, NULL, advice, error);
}

void gpal_advice_free(struct gpal_advice *advice)
{
	gpald_arena_free_object(advice);
}
