/* SPDX-License-Identifier: MIT */
/*
 * Makes a list of parts: the map has the ranges, and the other members of the layout say how the
 * guest uses them.
 */
#include "config.h"

#include "core/parts.h"

#include "core/hash.h"
#include "core/roles.h"
#include "core/sort.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_part(const struct gpald_part *part)
{
	const uint64_t what = (uint64_t)part->iommu << 1 | (part->buses_of != NULL);

	return gpald_hash_word(gpald_hash_text(part->key, strlen(part->key)), what);
}

struct gpald_part gpald_part_to_find(const char *key, enum gpal_iommu iommu,
				     const struct gpal_layout_root_complex *buses_of)
{
	struct gpald_part part = { .key = key, .iommu = iommu, .buses_of = buses_of };

	part.hash = hash_part(&part);
	return part;
}

int gpald_part_compare(const struct gpald_part *a, const struct gpald_part *b)
{
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (!a->buses_of != !b->buses_of)
		return a->buses_of ? 1 : -1;
	if (a->iommu != b->iommu)
		return a->iommu < b->iommu ? -1 : 1;
	return strcmp(a->key, b->key);
}

const struct gpald_part *gpald_find_parts(const struct gpald_part *parts, size_t part_count,
					  const struct gpald_part *wanted, size_t *count)
{
	size_t low = 0, high = part_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (gpald_part_compare(&parts[middle], wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	while (low + *count < part_count && gpald_part_compare(&parts[low + *count], wanted) == 0)
		++*count;
	return &parts[low];
}

static int compare_parts_and_starts(const void *a, const void *b)
{
	const struct gpald_part *x = a, *y = b;
	const int order = gpald_part_compare(x, y);

	if (order != 0)
		return order;
	return x->entry->range.start < y->entry->range.start ? -1 : 1;
}

/*
 * Sorts parts by hash. The full comparison is slower, and is needed only if two parts with the same
 * hash are out of order.
 */
static struct gpald_part *sort_parts(struct gpald_arena *arena, struct gpald_part *parts,
				     size_t count)
{
	struct gpald_sort_item *order = gpald_arena_alloc(arena, 2 * count, sizeof(*order));
	struct gpald_part *sorted = gpald_arena_alloc(arena, count, sizeof(*sorted));

	if (!order || !sorted)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		parts[i].hash = hash_part(&parts[i]);
		order[i] = (struct gpald_sort_item){ parts[i].hash, (uint32_t)i };
	}
	gpald_sort_items(order, order + count, count);
	for (size_t i = 0; i < count; i++)
		sorted[i] = parts[order[i].index];
	for (size_t i = 1; i < count; i++)
		if (sorted[i - 1].hash == sorted[i].hash &&
		    compare_parts_and_starts(&sorted[i - 1], &sorted[i]) > 0) {
			qsort(sorted, count, sizeof(*sorted), compare_parts_and_starts);
			break;
		}
	return sorted;
}

/* Returns the part whose range in the map starts at this address, or NULL. */
static struct gpald_part *find_part_at(struct gpald_part *parts, const struct gpal_map *map,
				       uint64_t start)
{
	const size_t at = gpal_map_find(map, start);

	return at < map->count && map->entries[at].range.start == start ? &parts[at] : NULL;
}

bool gpald_has_all_buses(const struct gpal_layout_root_complex *from,
			 const struct gpal_layout_root_complex *to)
{
	return from->segment == to->segment && to->start_bus <= from->start_bus &&
	       to->end_bus >= from->end_bus;
}

static bool is_interleaved_alike(const struct gpal_layout_cxl_window *a,
				 const struct gpal_layout_cxl_window *b)
{
	if (a->granularity != b->granularity || a->target_count != b->target_count)
		return false;
	for (size_t i = 0; i < a->target_count; i++)
		if (strcmp(a->targets[i], b->targets[i]) != 0)
			return false;
	return true;
}

bool gpald_part_has_same_use(const struct gpald_part *from, const struct gpald_part *to)
{
	if (from->room && to->room)
		return from->room->node == to->room->node;
	return !from->cxl_window || !to->cxl_window ||
	       is_interleaved_alike(from->cxl_window, to->cxl_window);
}

static bool is_iommu_of(const struct gpal_layout *layout, size_t index,
			const struct gpal_layout_root_complex *rc)
{
	return index < layout->iommu_count &&
	       strcmp(layout->iommus[index].root_complex, rc->name) == 0;
}

struct gpald_part *gpald_list_parts(struct gpald_arena *arena, const struct gpal_layout *layout,
				    size_t *count)
{
	const struct gpal_map *map = &layout->map;
	struct gpald_part *parts =
		gpald_arena_alloc(arena, map->count + layout->root_complex_count, sizeof(*parts));
	struct gpal_map_entry *slices =
		gpald_arena_alloc(arena, layout->root_complex_count, sizeof(*slices));

	if (!parts || !slices)
		return NULL;
	/* Until reserved ranges are removed, a part has the index of its entry. */
	for (size_t i = 0; i < map->count; i++)
		parts[i] = (struct gpald_part){ .entry = &map->entries[i],
						.key = map->entries[i].tag };
	/* A member whose range is not in the map is ignored. */
	for (size_t i = 0; i < layout->iommu_count; i++) {
		struct gpald_part *part = find_part_at(parts, map, layout->iommus[i].range.start);

		if (!part)
			continue;
		part->iommu = layout->iommu;
		part->key = layout->iommus[i].root_complex;
	}
	for (size_t i = 0; i < layout->segment_count; i++) {
		struct gpald_part *part = find_part_at(parts, map, layout->segments[i].ecam.start);

		if (part)
			part->segment = &layout->segments[i];
	}
	for (size_t i = 0; i < layout->hotplug_room_count; i++) {
		const struct gpal_layout_hotplug_room *room = &layout->hotplug_rooms[i];
		struct gpald_part *part = find_part_at(parts, map, room->range.start);

		if (part)
			part->room = room;
	}
	for (size_t i = 0; i < layout->cxl_window_count; i++) {
		const struct gpal_layout_cxl_window *window = &layout->cxl_windows[i];
		struct gpald_part *part = find_part_at(parts, map, window->range.start);

		if (part)
			part->cxl_window = window;
	}
	*count = 0;
	for (size_t i = 0; i < map->count; i++)
		if (map->entries[i].kind != GPAL_KIND_RESERVED)
			parts[(*count)++] = parts[i];
	for (size_t i = 0, iommu = 0; i < layout->root_complex_count; i++) {
		const struct gpal_layout_root_complex *rc = &layout->root_complexes[i];
		const bool has_iommu = is_iommu_of(layout, iommu, rc);

		/* IOMMUs are in the order of their root complexes. */
		iommu += has_iommu;
		slices[i] = (struct gpal_map_entry){
			.tag = gpald_role_tag(arena, GPALD_ROLE_BUSES, rc->name, strlen(rc->name)),
			.range = rc->ecam,
		};
		if (!slices[i].tag)
			return NULL;
		parts[(*count)++] = (struct gpald_part){
			.entry = &slices[i],
			.key = rc->name,
			.buses_of = rc,
			.has_no_range = !has_iommu && !rc->has_cxl &&
					gpal_range_is_empty(rc->low_mmio) &&
					gpal_range_is_empty(rc->high_mmio),
		};
	}
	return sort_parts(arena, parts, *count);
}
