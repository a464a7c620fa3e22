/* SPDX-License-Identifier: MIT */
/*
 * Finds the ranges of a live layout that stay where they are when its request changes, and refuses
 * a change that cannot keep them. The allocator checks that nothing else overlaps them.
 */
#include "config.h"

#include "core/error.h"
#include "core/measures.h"
#include "core/parts.h"
#include "core/resolution.h"
#include "core/sort.h"

#include <gpalayout/compare.h>

struct keeping {
	struct gpald_resolution *r;
	struct gpald_part *parts; /* of the live layout */
	size_t part_count;
	size_t found; /* how many of them the new request has */
	struct gpald_kept *kept;
	size_t count;
};

/*
 * Finds the parts of the live layout that equal `wanted`. Each part is searched for only once, so
 * the number of found parts shows whether the new request lacks any.
 */
static const struct gpald_part *find_live(struct keeping *k, const struct gpald_part *wanted,
					  size_t *count)
{
	const struct gpald_part *first = gpald_find_parts(k->parts, k->part_count, wanted, count);

	k->found += *count;
	return first;
}

static struct gpald_part wanted_part(const struct keeping *k, const char *tag,
				     const struct gpald_origin *origin)
{
	const struct gpal_root_complex *rc;
	struct gpald_part part;

	if (gpald_roles[origin->role].subject != GPAL_SUBJECT_ROOT_COMPLEX_IOMMU) {
		part = gpald_part_to_find(tag, GPAL_IOMMU_NONE, NULL);
		if (origin->role == GPALD_ROLE_HOTPLUG)
			part.room = &k->r->hotplug_rooms[origin->index];
		if (origin->role == GPALD_ROLE_CXL_WINDOW)
			part.cxl_window = &k->r->cxl_windows[origin->index];
		return part;
	}
	rc = &k->r->request->root_complexes[origin->index];
	return gpald_part_to_find(rc->name, rc->iommu, NULL);
}

static void keep_range(struct keeping *k, enum gpal_kind kind, size_t index,
		       struct gpal_range range)
{
	k->kept[k->count++] = (struct gpald_kept){ kind, (uint32_t)index, range };
}

/*
 * Computes the ECAM of a segment whose buses stay where they are. Returns false if the ECAM does
 * not fit in the address space.
 */
static bool compute_ecam(const struct gpal_layout_segment *segment,
			 const struct gpal_layout_segment *live, struct gpal_range *range)
{
	*range = gpald_ecam_range(live->bus0_base, segment->start_bus, segment->end_bus);
	return range->start >= live->bus0_base && range->end > range->start;
}

static bool window_has_own_alignment(const struct gpal_window *window)
{
	return window->kind == GPAL_WINDOW_DEVICES ||
	       (window->kind == GPAL_WINDOW_SIZE && window->alignment);
}

/* Returns true if the request states the alignment of a range, or the devices that decide it. */
static bool has_own_alignment(const struct gpal_request *request, const struct gpald_origin *origin)
{
	switch (origin->role) {
	case GPALD_ROLE_VTL2_MEMORY:
		return true;
	case GPALD_ROLE_LOW_MMIO:
		return window_has_own_alignment(&request->root_complexes[origin->index].low_mmio);
	case GPALD_ROLE_HIGH_MMIO:
		return window_has_own_alignment(&request->root_complexes[origin->index].high_mmio);
	case GPALD_ROLE_HOTPLUG:
		return request->hotplug_rooms[origin->index].alignment.set;
	default:
		return false;
	}
}

static uint64_t total_size(const struct gpald_part *parts, size_t count)
{
	uint64_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += gpal_range_size(parts[i].entry->range);
	return size;
}

/*
 * Keeps node 0 with its low RAM window: the window is its first demand, the other RAM its second.
 */
static int keep_node_with_low_ram_window(struct keeping *k)
{
	const struct gpal_request *request = k->r->request;
	const struct gpald_input_list *list = &k->r->inputs[GPAL_KIND_RAM];
	const struct gpald_part wanted = wanted_part(k, list->demands->tag, list->origins);
	size_t count;
	const struct gpald_part *live = find_live(k, &wanted, &count);

	if (count == 0)
		return GPAL_OK;
	if (total_size(live, count) != request->nodes[0] || live->entry->range.start != 0 ||
	    live->entry->range.end != k->r->low_ram_window)
		return GPAL_E_WOULD_MOVE;
	for (size_t i = 0; i < count; i++)
		keep_range(k, GPAL_KIND_RAM, i > 0, live[i].entry->range);
	return GPAL_OK;
}

static int keep_demand(struct keeping *k, enum gpal_kind kind, size_t index)
{
	const struct gpald_input_list *list = &k->r->inputs[kind];
	const struct gpal_demand *demand = &list->demands[index];
	const struct gpald_part wanted = wanted_part(k, demand->tag, &list->origins[index]);
	size_t count;
	const struct gpald_part *live = find_live(k, &wanted, &count);

	if (count == 0)
		return GPAL_OK;
	if (live->segment) {
		/* The target of an ECAM's demand is a member of its segment. */
		const struct gpal_layout_segment *segment =
			(const struct gpal_layout_segment
				 *)((const char *)list->origins[index].target -
				    offsetof(struct gpal_layout_segment, ecam));
		struct gpal_range block;

		/* The request, or else its policy, says on which side of 4 GiB the ECAM must be. */
		if (live->entry->kind != kind || !compute_ecam(segment, live->segment, &block))
			return GPAL_E_WOULD_MOVE;
		keep_range(k, kind, index, block);
		return GPAL_OK;
	}
	/* gpald_place() checks the alignments of VTL2 memory and of rooms, so one may be 0. */
	if (total_size(live, count) != demand->size || !gpald_part_has_same_use(live, &wanted) ||
	    (has_own_alignment(k->r->request, &list->origins[index]) &&
	     (demand->alignment == 0 || live->entry->range.start % demand->alignment != 0)))
		return GPAL_E_WOULD_MOVE;
	for (size_t i = 0; i < count; i++)
		keep_range(k, kind, index, live[i].entry->range);
	return GPAL_OK;
}

/*
 * Checks that a pinned range, or chipset low MMIO, is the same in the live layout, if it is there.
 */
static int check_pinned_is_in_place(struct keeping *k, size_t index)
{
	const struct gpald_input_list *list = &k->r->inputs[GPAL_KIND_FIXED];
	const struct gpal_pinned *pinned = &list->pinned[index];
	const struct gpald_part wanted = wanted_part(k, pinned->tag, &list->origins[index]);
	size_t count;
	const struct gpald_part *live = find_live(k, &wanted, &count);

	if (count == 0 || (live->entry->range.start == pinned->range.start &&
			   live->entry->range.end == pinned->range.end))
		return GPAL_OK;
	return GPAL_E_WOULD_MOVE;
}

/* Checks that a root complex still has all its buses. */
static int check_buses_remain(struct keeping *k, size_t index)
{
	const struct gpal_layout_root_complex *rc = &k->r->root_complexes[index];
	const struct gpald_part wanted = gpald_part_to_find(rc->name, GPAL_IOMMU_NONE, rc);
	size_t count;
	const struct gpald_part *live = find_live(k, &wanted, &count);

	return count == 0 || gpald_has_all_buses(live->buses_of, rc) ? GPAL_OK : GPAL_E_WOULD_MOVE;
}

/* Returns true for the RAM of node 0 that keep_node_with_low_ram_window() handles. */
static bool is_rest_of_node(const struct keeping *k, const struct gpald_origin *origin)
{
	return origin->role == GPALD_ROLE_RAM && origin->index == 0 && k->r->low_ram_window > 0;
}

static int keep_live_ranges(struct keeping *k)
{
	int code = GPAL_OK;

	for (size_t i = 0; code == GPAL_OK && i < k->r->request->root_complex_count; i++)
		code = check_buses_remain(k, i);

	for (size_t i = 0; code == GPAL_OK && i < k->r->inputs[GPAL_KIND_FIXED].count; i++)
		code = check_pinned_is_in_place(k, i);
	for (int kind = GPAL_KIND_MMIO32; kind < GPAL_KIND_COUNT; kind++)
		for (size_t i = 0; code == GPAL_OK && i < k->r->inputs[kind].count; i++) {
			const struct gpald_origin *origin = &k->r->inputs[kind].origins[i];

			if (origin->role == GPALD_ROLE_LOW_RAM_WINDOW)
				code = keep_node_with_low_ram_window(k);
			else if (!is_rest_of_node(k, origin))
				code = keep_demand(k, (enum gpal_kind)kind, i);
		}
	if (k->r->options.removes)
		*k->r->options.removes = k->found < k->part_count;
	return code;
}

static int keep_for_update(struct keeping *k)
{
	const struct gpald_resolution *r = k->r;

	k->parts = gpald_list_parts(r->arena, r->options.live, &k->part_count);
	if (!k->parts)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	if (r->options.live->arch != r->request->arch)
		return GPAL_E_WOULD_MOVE;
	return keep_live_ranges(k);
}

/*
 * Keeps the ranges of a layout that was made from the same request. Each entry of its map has the
 * index of its demand.
 */
static int keep_for_explanation(struct keeping *k)
{
	const struct gpald_resolution *r = k->r;
	const struct gpal_map *map = &r->options.live->map;
	struct gpald_sort_item *order = gpald_arena_alloc(r->arena, 2 * map->count, sizeof(*order));
	size_t count = 0;

	if (!order)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	for (size_t i = 0; i < map->count; i++) {
		const struct gpal_map_entry *entry = &map->entries[i];

		if (entry->kind < GPAL_KIND_MMIO32 ||
		    (r->options.keep == GPALD_KEEP_MARKED && !(map->kept && map->kept[i])))
			continue;
		if (entry->index >= r->inputs[entry->kind].count)
			return gpald_fail_plain(r->error, GPAL_E_INTERNAL);
		order[count++] =
			(struct gpald_sort_item){ (uint64_t)entry->kind << 32 | entry->index,
						  (uint32_t)i };
	}
	gpald_sort_items(order, order + map->count, count);
	for (size_t i = 0, next; i < count; i = next) {
		const struct gpal_map_entry *first = &map->entries[order[i].index];
		uint64_t size = 0;

		for (next = i; next < count && order[next].key == order[i].key; next++) {
			const struct gpal_range range = map->entries[order[next].index].range;

			keep_range(k, first->kind, first->index, range);
			size += gpal_range_size(range);
		}
		if (size != r->inputs[first->kind].demands[first->index].size)
			return gpald_fail_plain(r->error, GPAL_E_INTERNAL);
	}
	return GPAL_OK;
}

int gpald_collect_kept(struct gpald_resolution *r)
{
	struct keeping k = { .r = r };
	int code;

	/* Each live part is kept at most once: tags are unique, and so are root complexes. */
	k.kept = gpald_arena_alloc(r->arena, r->options.live->map.count, sizeof(*k.kept));
	if (!k.kept)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	code = r->options.keep == GPALD_KEEP_SAME ? keep_for_update(&k) : keep_for_explanation(&k);
	r->kept = (struct gpald_kept_list){ k.kept, k.count };
	return code;
}
