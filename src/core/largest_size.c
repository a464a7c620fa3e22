/* SPDX-License-Identifier: MIT */
/*
 * Finds a size that would have fitted when a request is refused: a smaller size of the range that
 * does not fit, or of one that makes the layout too wide for its host. sizing.c tries the sizes.
 */
#include "config.h"

#include "core/largest_size.h"

#include "core/arena.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/place.h"
#include "core/sizing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A range that does not fit. */

/*
 * Returns the largest size found below the requested one; 0: none was found. For any range but RAM
 * this is usually the size of the largest free range, so that size is tried first. RAM may be in
 * several free ranges, so its size is searched for, and so is every size if other ranges may move.
 */
static uint64_t find_largest(const struct gpal_error *error, bool may_move, uint64_t least,
			     uint64_t asked, uint64_t unit, gpald_size_test *test, void *data)
{
	const uint64_t wanted = gpald_whole_units(asked, unit);
	const uint64_t fit = gpald_whole_units(error->largest_fit, unit);
	uint64_t bad = wanted < asked ? wanted + unit : wanted;
	enum gpald_verdict verdict;
	uint64_t size;

	if (error->phase != GPAL_KIND_RAM && !may_move && fit < bad) {
		verdict = fit > 0 ? test(data, fit) : GPALD_DOES_NOT_FIT;
		if (verdict != GPALD_DOES_NOT_FIT || fit == 0)
			return verdict == GPALD_FITS ? fit : 0;
		bad = fit;
	}
	if (bad > least && test(data, least) == GPALD_FITS &&
	    gpald_find_size(least, bad, unit, test, data, &size))
		return size;
	return 0;
}

static enum gpald_verdict try_request(void *data, uint64_t size)
{
	return gpald_sizing_try(data, size, NULL);
}

/* One size for all windows. */

struct sharing {
	struct gpald_sizing *sizing;
	enum gpal_kind phase;
};

static enum gpald_verdict try_share(void *data, uint64_t size)
{
	struct sharing *sharing = data;

	return gpald_sizing_try_phase(sharing->sizing, size, sharing->phase);
}

#define SHARES_MAX 2048 /* multiples of 2 MiB in 4 GiB; up to this many are tried one by one */

/*
 * Returns a multiple of the usual alignment with which all windows fit; 0: none was found. A
 * smaller size may fail although a larger one works, so up to SHARES_MAX sizes are tried from the
 * largest down, and the result is the largest. If there are more, the function searches for one
 * that works although the next one does not.
 */
static uint64_t find_share(struct sharing *sharing, uint64_t unit, uint64_t most)
{
	uint64_t size;

	if (most / unit <= SHARES_MAX) {
		for (size = gpald_whole_units(most, unit); size > 0; size -= unit) {
			const enum gpald_verdict verdict = try_share(sharing, size);

			if (verdict != GPALD_DOES_NOT_FIT)
				return verdict == GPALD_FITS ? size : 0;
		}
		return 0;
	}
	return try_share(sharing, unit) == GPALD_FITS &&
			       gpald_find_size(unit, gpald_whole_units(most, unit) + unit, unit,
					       try_share, sharing, &size) ?
		       size :
		       0;
}

/*
 * If live ranges may move, all windows are placed anew, so they may have more than what was free
 * beside the live ranges.
 */
static uint64_t find_equal_share(struct gpald_sizing *sizing, const struct gpal_error *error,
				 bool may_move)
{
	struct sharing sharing = { sizing, error->phase };
	const bool is_low = error->subject == GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO;
	const uint64_t supply = !may_move ? error->supply : is_low ? GPAL_4GIB : UINT64_C(1) << 63;
	size_t count;

	if (!is_low && error->subject != GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO)
		return 0;
	count = gpald_sizing_choose_all(sizing, error->subject);
	return count == 0 ?
		       0 :
		       find_share(&sharing,
				  is_low ? GPALD_LOW_MMIO_ALIGNMENT : GPALD_HIGH_MMIO_ALIGNMENT,
				  supply / count);
}

static void suggest_for_exhausted(const struct gpal_request *request,
				  const struct gpal_policy *policy,
				  struct gpald_resolve_options options, struct gpal_error *error)
{
	struct gpald_budget budget = { .left = GPALD_BUDGET };
	struct gpald_sizing sizing;

	if (gpald_sizing_init(&sizing, request, policy, options, &budget)) {
		const uint64_t unit = gpald_sizing_choose(&sizing, error->subject, error->index);

		if (unit > 0) {
			const uint64_t least = gpald_sizing_min_size(&sizing, unit);
			/* The demand that failed does not include the low RAM window of node 0. */
			const bool is_node_0 = error->subject == GPAL_SUBJECT_MEMORY_NODE &&
					       error->index == 0;
			const uint64_t low_ram_window =
				is_node_0 ? request->nodes[0] - error->size : 0;

			error->largest_size = find_largest(error, options.may_move, least,
							   error->size + low_ram_window, unit,
							   try_request, &sizing);
		}
		budget.left = GPALD_BUDGET;
		error->equal_share = find_equal_share(&sizing, error, options.may_move);
	}
	gpald_sizing_clear(&sizing);
}

/* A layout that is too wide: the ranges that could be smaller. */

struct shrinkable {
	enum gpal_subject subject;
	size_t index;
	uint64_t size;
	const char *tag;
};

/* Orders candidates by descending size; equal ones stay in the order of the request. */
static int compare_shrinkables(const void *x, const void *y)
{
	const struct shrinkable *a = x, *b = y;

	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return a->index != b->index ? (a->index < b->index ? -1 : 1) :
				      (a->subject < b->subject ? -1 : a->subject > b->subject);
}

static size_t add_shrinkable(const struct gpal_layout *layout, struct shrinkable *list,
			     size_t count, enum gpal_subject subject, size_t index,
			     struct gpal_range range)
{
	const struct gpal_map *map = &layout->map;

	if (gpal_range_is_empty(range))
		return count;
	list[count] = (struct shrinkable){
		.subject = subject,
		.index = index,
		.size = gpal_range_size(range),
		.tag = map->entries[gpal_map_find(map, range.start)].tag,
	};
	return count + 1;
}

static size_t add_shrinkable_windows(const struct gpal_layout *layout, struct shrinkable *list)
{
	size_t count = 0;

	count = add_shrinkable(layout, list, count, GPAL_SUBJECT_CHIPSET_LOW_MMIO, 0,
			       layout->chipset_low_mmio);
	count = add_shrinkable(layout, list, count, GPAL_SUBJECT_CHIPSET_HIGH_MMIO, 0,
			       layout->chipset_high_mmio);
	for (size_t i = 0; i < layout->root_complex_count; i++) {
		const struct gpal_layout_root_complex *rc = &layout->root_complexes[i];

		count = add_shrinkable(layout, list, count, GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO, i,
				       rc->low_mmio);
		count = add_shrinkable(layout, list, count, GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO, i,
				       rc->high_mmio);
	}
	qsort(list, count, sizeof(*list), compare_shrinkables);
	return count;
}

static size_t add_shrinkable_rooms(const struct gpal_layout *layout, struct shrinkable *list)
{
	size_t count = 0;

	for (size_t i = 0; i < layout->hotplug_room_count; i++)
		count = add_shrinkable(layout, list, count, GPAL_SUBJECT_HOTPLUG_SIZE, i,
				       layout->hotplug_rooms[i].range);
	qsort(list, count, sizeof(*list), compare_shrinkables);
	return count;
}

/* Adds each node, and then one candidate for all nodes together. */
static size_t add_shrinkable_nodes(const struct gpal_layout *layout, struct shrinkable *list)
{
	size_t count = 0;

	for (size_t i = 0; i < layout->ram_count; i++) {
		const struct gpal_ram_extent *extent = &layout->ram[i];
		size_t at = 0;

		while (at < count && list[at].index != extent->node)
			at++;
		if (at == count)
			count = add_shrinkable(layout, list, count, GPAL_SUBJECT_MEMORY_NODE,
					       extent->node, extent->range);
		else
			list[at].size += gpal_range_size(extent->range);
	}
	qsort(list, count, sizeof(*list), compare_shrinkables);
	list[count] = (struct shrinkable){
		.subject = GPAL_SUBJECT_MEMORY_NODES,
		.size = list[0].size,
		.tag = "ram",
	};
	return count + 1;
}

/*
 * Finds a smaller size that works although the next one does not. Returns false if none was found.
 */
static bool shrink_candidate(struct gpald_sizing *sizing, const struct shrinkable *candidate,
			     uint64_t *size)
{
	const uint64_t unit = gpald_sizing_choose(sizing, candidate->subject, candidate->index);
	uint64_t least;

	if (unit == 0)
		return false;
	/* Sizes of placed ranges are multiples of their unit. */
	least = gpald_sizing_min_size(sizing, unit);
	return least < candidate->size && try_request(sizing, least) == GPALD_FITS &&
	       gpald_find_size(least, candidate->size, unit, try_request, sizing, size);
}

static void suggest_for_width(const struct gpal_request *request, const struct gpal_policy *policy,
			      struct gpald_resolve_options options, struct gpal_error *error)
{
	struct gpald_budget budget = { 0 };
	struct gpal_request wide = *request;
	struct gpald_sizing sizing = { .budget = &budget };
	struct gpal_layout *layout;
	struct shrinkable *list = NULL;
	size_t count = 0;

	wide.host_physical_address_bits = 0;
	if (gpald_resolve_or_move(&wide, policy, options, &layout, NULL))
		return;
	list = calloc(3 + layout->ram_count + layout->hotplug_room_count +
			      2 * layout->root_complex_count,
		      sizeof(*list));
	if (list && gpald_sizing_init(&sizing, request, policy, options, &budget)) {
		count = add_shrinkable_nodes(layout, list);
		count += add_shrinkable_rooms(layout, list + count);
		count += add_shrinkable_windows(layout, list + count);
	}
	/* Single nodes get half of the budget, so that enough is left for all nodes together. */
	budget.left = GPALD_BUDGET / 2;
	for (size_t i = 0; i < count && !error->largest_size; i++) {
		if (list[i].subject == GPAL_SUBJECT_MEMORY_NODES)
			budget.left += GPALD_BUDGET / 2;
		if (shrink_candidate(&sizing, &list[i], &error->largest_size))
			gpald_error_set_tag(error->largest_size_of, list[i].tag);
	}
	gpald_sizing_clear(&sizing);
	free(list);
	gpal_layout_free(layout);
}

void gpald_suggest_for_request(const struct gpal_request *request, const struct gpal_policy *policy,
			       struct gpald_resolve_options options, struct gpal_error *error)
{
	if (error->code == GPAL_E_EXHAUSTED)
		suggest_for_exhausted(request, policy, options, error);
	if (error->code == GPAL_E_ADDRESS_WIDTH_EXCEEDED)
		suggest_for_width(request, policy, options, error);
}

/* The bare allocator. */

struct input_test {
	struct gpal_alloc_input input;
	struct gpal_demand *demand; /* in `input`: the one whose size is tried */
	struct gpald_budget budget;
	size_t cost;
};

static enum gpald_verdict try_input(void *data, uint64_t size)
{
	const struct gpald_place_options options = { .trace = NULL };
	struct input_test *test = data;
	struct gpald_arena *arena;
	struct gpal_map map;
	int code = GPAL_E_NO_MEMORY;

	if (!gpald_budget_take(&test->budget, test->cost))
		return GPALD_NOT_TRIED;
	arena = gpald_arena_new(0);
	test->demand->size = size;
	if (arena)
		code = gpald_place(arena, &test->input, &options, &map, NULL);
	gpald_arena_free(arena);
	return gpald_verdict_of_code(code, &test->budget);
}

void gpald_suggest_for_input(const struct gpal_alloc_input *input, struct gpal_error *error)
{
	struct input_test test = {
		.input = *input,
		.budget.left = GPALD_BUDGET,
		.cost = input->reserved_count + input->fixed_count + input->mmio32_count +
			input->ram_count + input->mmio64_count + input->post_mmio_count,
	};
	struct gpal_alloc_input *copy = &test.input;
	const struct {
		const struct gpal_demand **demands;
		size_t count;
	} lists[GPAL_KIND_COUNT] = {
		[GPAL_KIND_MMIO32] = { &copy->mmio32, input->mmio32_count },
		[GPAL_KIND_RAM] = { &copy->ram, input->ram_count },
		[GPAL_KIND_MMIO64] = { &copy->mmio64, input->mmio64_count },
		[GPAL_KIND_POST_MMIO] = { &copy->post_mmio, input->post_mmio_count },
	};
	struct gpal_demand *demands;

	assert(lists[error->phase].demands);
	demands = calloc(lists[error->phase].count, sizeof(*demands));
	if (!demands)
		return;
	memcpy(demands, *lists[error->phase].demands, lists[error->phase].count * sizeof(*demands));
	*lists[error->phase].demands = demands;
	test.demand = &demands[error->index];
	error->largest_size = find_largest(error, false, GPAL_PAGE_SIZE, error->size,
					   GPAL_PAGE_SIZE, try_input, &test);
	free(demands);
}
