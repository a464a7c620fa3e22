/* SPDX-License-Identifier: MIT */
/*
 * A layout that is too wide for its host: what of its request could be smaller, so that
 * the whole would fit.
 */
#include "config.h"

#include "core/arena.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/sizing.h"

#include <stdlib.h>

struct candidate {
	enum gpal_subject subject;
	size_t index;
	uint64_t size;
	const char *tag;
};

/* By size, from large to small; of equals in the order of the request. */
static int compare_candidates(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;

	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return a->index != b->index ? (a->index < b->index ? -1 : 1) :
				      (a->subject < b->subject ? -1 : a->subject > b->subject);
}

static size_t add_window(const struct gpal_layout *layout, struct candidate *list, size_t count,
			 enum gpal_subject subject, size_t index, struct gpal_range range)
{
	const struct gpal_map *map = &layout->map;

	if (gpal_range_is_empty(range))
		return count;
	list[count] = (struct candidate){
		.subject = subject,
		.index = index,
		.size = gpal_range_size(range),
		.tag = map->entries[gpal_map_find(map, range.start)].tag,
	};
	return count + 1;
}

static size_t add_windows(const struct gpal_layout *layout, struct candidate *list)
{
	size_t count = 0;

	count = add_window(layout, list, count, GPAL_SUBJECT_CHIPSET_LOW_MMIO, 0,
			   layout->chipset_low_mmio);
	count = add_window(layout, list, count, GPAL_SUBJECT_CHIPSET_HIGH_MMIO, 0,
			   layout->chipset_high_mmio);
	for (size_t i = 0; i < layout->root_complex_count; i++) {
		const struct gpal_layout_root_complex *rc = &layout->root_complexes[i];

		count = add_window(layout, list, count, GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO, i,
				   rc->low_mmio);
		count = add_window(layout, list, count, GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO, i,
				   rc->high_mmio);
	}
	qsort(list, count, sizeof(*list), compare_candidates);
	return count;
}

/* Each node, then all of them alike. */
static size_t add_nodes(const struct gpal_layout *layout, struct candidate *list)
{
	size_t count = 0;

	for (size_t i = 0; i < layout->ram_count; i++) {
		const struct gpal_ram_extent *extent = &layout->ram[i];
		size_t at = 0;

		while (at < count && list[at].index != extent->node)
			at++;
		if (at == count)
			count = add_window(layout, list, count, GPAL_SUBJECT_MEMORY_NODE,
					   extent->node, extent->range);
		else
			list[at].size += gpal_range_size(extent->range);
	}
	qsort(list, count, sizeof(*list), compare_candidates);
	list[count] = (struct candidate){
		.subject = GPAL_SUBJECT_MEMORY_NODES,
		.size = list[0].size,
		.tag = "ram",
	};
	return count + 1;
}

static enum gpald_verdict try_size(void *data, uint64_t size)
{
	return gpald_sizing_try(data, size, NULL);
}

/* Whether a smaller size does, and the largest that was found. */
static bool shrink(struct gpald_sizing *sizing, const struct candidate *candidate, uint64_t *size)
{
	const uint64_t unit = gpald_sizing_choose(sizing, candidate->subject, candidate->index);
	uint64_t bad;

	return unit && gpald_align_up(candidate->size, unit, &bad) && bad > unit &&
	       try_size(sizing, unit) == GPALD_DOES &&
	       gpald_find_size(unit, bad, unit, try_size, sizing, size);
}

void gpald_advise_width(const struct gpal_request *request, const struct gpal_policy *policy,
			struct gpald_around around, struct gpal_error *error)
{
	struct gpald_budget budget = { 0 };
	struct gpal_request wide = *request;
	struct gpald_sizing sizing = { .budget = &budget };
	struct gpal_layout *layout;
	struct candidate *list = NULL;
	size_t count = 0;

	wide.host_physical_address_bits = 0;
	if (gpald_resolve(&wide, policy, around, &layout, NULL))
		return;
	list = calloc(3 + layout->ram_count + 2 * layout->root_complex_count, sizeof(*list));
	if (list && gpald_sizing_init(&sizing, request, policy, around, &budget)) {
		count = add_nodes(layout, list);
		count += add_windows(layout, list + count);
	}
	/* Single nodes get half of what may be spent, so that all nodes have their turn. */
	budget.left = GPALD_BUDGET / 2;
	for (size_t i = 0; i < count && !error->largest_size; i++) {
		if (list[i].subject == GPAL_SUBJECT_MEMORY_NODES)
			budget.left += GPALD_BUDGET / 2;
		if (shrink(&sizing, &list[i], &error->largest_size))
			gpald_error_tag(error->largest_size_of, list[i].tag);
	}
	gpald_sizing_clear(&sizing);
	free(list);
	gpal_layout_free(layout);
}
