/* SPDX-License-Identifier: MIT */
/* The promises of every map of the allocator, whatever the input. */
#include "property.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The ranges of one item of the input. */
struct placement {
	const struct oracle_item *item;
	size_t extents;
	uint64_t start; /* of the first extent */
	uint64_t end;   /* of the last extent */
	uint64_t size;  /* of all of them */
	bool partial;   /* an extent is no multiple of the alignment, so it must be the last one */
};

struct placements {
	struct placement *list;
	size_t first[GPAL_KIND_COUNT + 1]; /* start of each kind; within a kind by index */
};

static struct placements sort_by_kind(const struct oracle *items)
{
	struct placements placements = {
		.list = oracle_zalloc(items->item_count, sizeof(struct placement)),
	};

	for (size_t i = 0; i < items->item_count; i++)
		placements.first[items->items[i].kind + 1]++;
	for (size_t kind = 0; kind < GPAL_KIND_COUNT; kind++)
		placements.first[kind + 1] += placements.first[kind];
	for (size_t i = 0; i < items->item_count; i++)
		placements.list[placements.first[items->items[i].kind] + items->items[i].index]
			.item = &items->items[i];
	return placements;
}

static void check_entry(const struct round *round, struct placements *placements,
			const struct gpal_map_entry *entry, const struct gpal_map_entry *previous)
{
	struct placement *placement;
	uint64_t length = entry->range.end - entry->range.start;

	if ((unsigned int)entry->kind >= GPAL_KIND_COUNT ||
	    entry->index >= placements->first[entry->kind + 1] - placements->first[entry->kind])
		fail_round(round, "%s: kind or index matches no input", entry->tag);
	placement = &placements->list[placements->first[entry->kind] + entry->index];
	if (strcmp(placement->item->tag, entry->tag) != 0)
		fail_round(round, "%s: the input's tag is %s", entry->tag, placement->item->tag);
	if (entry->range.start >= entry->range.end || entry->range.start % GPAL_PAGE_SIZE ||
	    entry->range.end % GPAL_PAGE_SIZE || entry->range.end > GPAL_SPACE_END)
		fail_round(round, "%s: not a range of pages in the space", entry->tag);
	if (previous && previous->range.end > entry->range.start)
		fail_round(round, "%s: overlaps %s, or is out of order", entry->tag, previous->tag);

	if (placement->item->alignment && entry->range.start % placement->item->alignment)
		fail_round(round, "%s: not aligned", entry->tag);
	if (placement->partial)
		fail_round(round,
			   "%s: an extent before the last is not a multiple of its alignment",
			   entry->tag);
	if (placement->extents++ == 0)
		placement->start = entry->range.start;
	placement->end = entry->range.end;
	placement->size += length;
	placement->partial = placement->item->alignment && length % placement->item->alignment;
}

static void check_pins(const struct round *round, const struct placements *placements, uint64_t top)
{
	for (size_t i = 0; i < placements->first[GPAL_KIND_MMIO32]; i++) {
		const struct placement *placement = &placements->list[i];
		bool trailing = placement->item->kind == GPAL_KIND_RESERVED &&
				placement->item->range.start >= top;

		if (placement->extents != (trailing ? 0 : 1))
			fail_round(round, "%s: %zu times in the map", placement->item->tag,
				   placement->extents);
		if (!trailing && (placement->start != placement->item->range.start ||
				  placement->end != placement->item->range.end))
			fail_round(round, "%s: moved", placement->item->tag);
	}
}

static void check_demands(const struct round *round, const struct placements *placements)
{
	for (size_t i = placements->first[GPAL_KIND_MMIO32]; i < placements->first[GPAL_KIND_COUNT];
	     i++) {
		const struct placement *placement = &placements->list[i];

		if (placement->size != placement->item->size)
			fail_round(round, "%s: has 0x%" PRIx64 " bytes, not 0x%" PRIx64,
				   placement->item->tag, placement->size, placement->item->size);
		if (placement->item->kind != GPAL_KIND_RAM && placement->extents != 1)
			fail_round(round, "%s: split", placement->item->tag);
		if (placement->item->kind == GPAL_KIND_MMIO32 && placement->end > GPAL_4GIB)
			fail_round(round, "%s: not below 4 GiB", placement->item->tag);
		if (placement->item->ceiling &&
		    (placement->extents != 1 || placement->end > placement->item->ceiling))
			fail_round(round, "%s: not whole in its low window", placement->item->tag);
	}
}

static void check_regions(const struct round *round, const struct placements *placements)
{
	uint64_t floor = 0;
	uint64_t top = 0;

	for (size_t i = placements->first[GPAL_KIND_RAM]; i < placements->first[GPAL_KIND_RAM + 1];
	     i++) {
		if (placements->list[i].start < floor)
			fail_round(round, "%s: below RAM of an earlier demand",
				   placements->list[i].item->tag);
		floor = placements->list[i].end;
	}

	if (floor < GPAL_4GIB)
		floor = GPAL_4GIB;
	for (size_t i = placements->first[GPAL_KIND_MMIO64];
	     i < placements->first[GPAL_KIND_MMIO64 + 1]; i++) {
		if (placements->list[i].start < floor)
			fail_round(round, "%s: below 4 GiB or the end of RAM",
				   placements->list[i].item->tag);
	}

	for (size_t i = placements->first[GPAL_KIND_FIXED]; i < placements->first[GPAL_KIND_COUNT];
	     i++) {
		if (placements->list[i].item->kind == GPAL_KIND_POST_MMIO &&
		    placements->list[i].start < top)
			fail_round(round, "%s: below the layout's top",
				   placements->list[i].item->tag);
		if (placements->list[i].end > top)
			top = placements->list[i].end;
	}
}

void check_map(const struct round *round, const struct oracle *items, const struct gpal_map *map)
{
	struct placements placements = sort_by_kind(items);
	uint64_t top = map->count ? map->entries[map->count - 1].range.end : 0;

	for (size_t i = 0; i < map->count; i++)
		check_entry(round, &placements, &map->entries[i], i ? &map->entries[i - 1] : NULL);
	if (map->count && map->entries[map->count - 1].kind == GPAL_KIND_RESERVED)
		fail_round(round, "%s: reserved, and last", map->entries[map->count - 1].tag);
	check_pins(round, &placements, top);
	check_demands(round, &placements);
	check_regions(round, &placements);
	free(placements.list);
}
