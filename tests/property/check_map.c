/* SPDX-License-Identifier: MIT */
/* The promises of every map of the allocator, whatever the input. */
#include "property.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The ranges of one item of the input. */
struct fate {
	const struct oracle_item *item;
	size_t extents;
	uint64_t start; /* of the first extent */
	uint64_t end;   /* of the last extent */
	uint64_t size;  /* of all of them */
	bool partial;   /* an extent is no multiple of the alignment, so it must be the last one */
};

struct fates {
	struct fate *list;
	size_t first[GPAL_KIND_COUNT + 1]; /* start of each kind; within a kind by index */
};

static struct fates sort_items(const struct oracle *items)
{
	struct fates fates = {
		.list = oracle_zalloc(items->item_count, sizeof(struct fate)),
	};

	for (size_t i = 0; i < items->item_count; i++)
		fates.first[items->items[i].kind + 1]++;
	for (size_t kind = 0; kind < GPAL_KIND_COUNT; kind++)
		fates.first[kind + 1] += fates.first[kind];
	for (size_t i = 0; i < items->item_count; i++)
		fates.list[fates.first[items->items[i].kind] + items->items[i].index].item =
			&items->items[i];
	return fates;
}

static void check_entry(const struct round *round, struct fates *fates,
			const struct gpal_map_entry *entry, const struct gpal_map_entry *previous)
{
	struct fate *fate;
	uint64_t length = entry->range.end - entry->range.start;

	if ((unsigned int)entry->kind >= GPAL_KIND_COUNT ||
	    entry->index >= fates->first[entry->kind + 1] - fates->first[entry->kind])
		fail_round(round, "%s: kind or index of no input", entry->tag);
	fate = &fates->list[fates->first[entry->kind] + entry->index];
	if (strcmp(fate->item->tag, entry->tag) != 0)
		fail_round(round, "%s: the input's tag is %s", entry->tag, fate->item->tag);
	if (entry->range.start >= entry->range.end || entry->range.start % GPAL_PAGE_SIZE ||
	    entry->range.end % GPAL_PAGE_SIZE || entry->range.end > GPAL_SPACE_END)
		fail_round(round, "%s: not a range of pages in the space", entry->tag);
	if (previous && previous->range.end > entry->range.start)
		fail_round(round, "%s: overlaps %s, or is out of order", entry->tag, previous->tag);

	if (fate->item->alignment && entry->range.start % fate->item->alignment)
		fail_round(round, "%s: not aligned", entry->tag);
	if (fate->partial)
		fail_round(round,
			   "%s: an extent before the last is not a multiple of its alignment",
			   entry->tag);
	if (fate->extents++ == 0)
		fate->start = entry->range.start;
	fate->end = entry->range.end;
	fate->size += length;
	fate->partial = fate->item->alignment && length % fate->item->alignment;
}

static void check_pins(const struct round *round, const struct fates *fates, uint64_t top)
{
	for (size_t i = 0; i < fates->first[GPAL_KIND_MMIO32]; i++) {
		const struct fate *fate = &fates->list[i];
		bool trailing = fate->item->kind == GPAL_KIND_RESERVED &&
				fate->item->range.start >= top;

		if (fate->extents != (trailing ? 0 : 1))
			fail_round(round, "%s: %zu times in the map", fate->item->tag,
				   fate->extents);
		if (!trailing &&
		    (fate->start != fate->item->range.start || fate->end != fate->item->range.end))
			fail_round(round, "%s: moved", fate->item->tag);
	}
}

static void check_demands(const struct round *round, const struct fates *fates)
{
	for (size_t i = fates->first[GPAL_KIND_MMIO32]; i < fates->first[GPAL_KIND_COUNT]; i++) {
		const struct fate *fate = &fates->list[i];

		if (fate->size != fate->item->size)
			fail_round(round, "%s: has 0x%" PRIx64 " bytes, not 0x%" PRIx64,
				   fate->item->tag, fate->size, fate->item->size);
		if (fate->item->kind != GPAL_KIND_RAM && fate->extents != 1)
			fail_round(round, "%s: split", fate->item->tag);
		if (fate->item->kind == GPAL_KIND_MMIO32 && fate->end > GPAL_4GIB)
			fail_round(round, "%s: not below 4 GiB", fate->item->tag);
		if (fate->item->ceiling && (fate->extents != 1 || fate->end > fate->item->ceiling))
			fail_round(round, "%s: not whole in its low window", fate->item->tag);
	}
}

static void check_regions(const struct round *round, const struct fates *fates)
{
	uint64_t floor = 0;
	uint64_t top = 0;

	for (size_t i = fates->first[GPAL_KIND_RAM]; i < fates->first[GPAL_KIND_RAM + 1]; i++) {
		if (fates->list[i].start < floor)
			fail_round(round, "%s: below RAM of an earlier demand",
				   fates->list[i].item->tag);
		floor = fates->list[i].end;
	}

	if (floor < GPAL_4GIB)
		floor = GPAL_4GIB;
	for (size_t i = fates->first[GPAL_KIND_MMIO64]; i < fates->first[GPAL_KIND_MMIO64 + 1];
	     i++) {
		if (fates->list[i].start < floor)
			fail_round(round, "%s: below 4 GiB or the end of RAM",
				   fates->list[i].item->tag);
	}

	for (size_t i = fates->first[GPAL_KIND_FIXED]; i < fates->first[GPAL_KIND_COUNT]; i++) {
		if (fates->list[i].item->kind == GPAL_KIND_POST_MMIO && fates->list[i].start < top)
			fail_round(round, "%s: below the layout's top", fates->list[i].item->tag);
		if (fates->list[i].end > top)
			top = fates->list[i].end;
	}
}

void check_map(const struct round *round, const struct oracle *items, const struct gpal_map *map)
{
	struct fates fates = sort_items(items);
	uint64_t top = map->count ? map->entries[map->count - 1].range.end : 0;

	for (size_t i = 0; i < map->count; i++)
		check_entry(round, &fates, &map->entries[i], i ? &map->entries[i - 1] : NULL);
	if (map->count && map->entries[map->count - 1].kind == GPAL_KIND_RESERVED)
		fail_round(round, "%s: reserved, and last", map->entries[map->count - 1].tag);
	check_pins(round, &fates, top);
	check_demands(round, &fates);
	check_regions(round, &fates);
	free(fates.list);
}
