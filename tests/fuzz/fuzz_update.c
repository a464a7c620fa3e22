/* SPDX-License-Identifier: MIT */
/*
 * Chains of updates.
 *
 * Input: the number of edits that make the first request, and these edits. Then for each of at most
 * 4 updates: a byte with the number of its edits and what is allowed, and the edits.
 */
#include "config.h"

#include "core/arena.h"
#include "registry/codec.h"
#include "tests/fuzz/draw.h"
#include "tests/fuzz/layouts.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

const char fuzz_target[] = "update";

#define UPDATES_MAX 4
#define EDITS_MAX 16

/* Ranges that stay. */

static bool is_same(struct gpal_range a, struct gpal_range b)
{
	return a.start == b.start && a.end == b.end;
}

static const struct gpal_map_entry *find_tag(const struct gpal_map *map, const char *tag)
{
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->entries[i].tag, tag) == 0)
			return &map->entries[i];
	return NULL;
}

/*
 * Returns true if the tag of a range never changes. RAM, ECAMs and IOMMUs have checks of their own.
 */
static bool is_known_by_tag(const struct gpal_layout *layout, const struct gpal_map_entry *entry)
{
	if (entry->kind == GPAL_KIND_RESERVED || entry->kind == GPAL_KIND_RAM)
		return false;
	for (size_t i = 0; i < layout->segment_count; i++)
		if (is_same(layout->segments[i].ecam, entry->range))
			return false;
	for (size_t i = 0; i < layout->iommu_count; i++)
		if (is_same(layout->iommus[i].range, entry->range))
			return false;
	return true;
}

static void check_ranges_stay(const struct gpal_layout *live, const struct gpal_layout *layout)
{
	for (size_t i = 0; i < live->map.count; i++) {
		const struct gpal_map_entry *entry = &live->map.entries[i], *now;

		if (!is_known_by_tag(live, entry))
			continue;
		now = find_tag(&layout->map, entry->tag);
		FUZZ_CHECK(!now || is_same(now->range, entry->range), "%s has moved", entry->tag);
	}
}

static void check_iommus_stay(const struct gpal_layout *live, const struct gpal_layout *layout)
{
	for (size_t i = 0; live->iommu == layout->iommu && i < live->iommu_count; i++)
		for (size_t j = 0; j < layout->iommu_count; j++)
			FUZZ_CHECK(strcmp(live->iommus[i].root_complex,
					  layout->iommus[j].root_complex) != 0 ||
					   is_same(live->iommus[i].range, layout->iommus[j].range),
				   "the IOMMU of %s has moved", live->iommus[i].root_complex);
}

static void check_buses_stay(const struct gpal_layout *live, const struct gpal_layout *layout)
{
	for (size_t i = 0; i < live->segment_count; i++)
		for (size_t j = 0; j < layout->segment_count; j++)
			FUZZ_CHECK(live->segments[i].segment != layout->segments[j].segment ||
					   live->segments[i].bus0_base ==
						   layout->segments[j].bus0_base,
				   "the buses of segment %u have moved", live->segments[i].segment);
}

static size_t list_extents(const struct gpal_layout *layout, uint32_t node,
			   const struct gpal_ram_extent **first)
{
	size_t count = 0;

	for (size_t i = 0; i < layout->ram_count; i++)
		if (layout->ram[i].node == node)
			first[count++ % DRAWN_NODES] = &layout->ram[i];
	return count;
}

/* A node that is still there keeps each of its extents. */
static void check_ram_stays(const struct gpal_layout *live, const struct gpal_layout *layout)
{
	for (uint32_t node = 0; node < DRAWN_NODES; node++) {
		const struct gpal_ram_extent *old[DRAWN_NODES], *now[DRAWN_NODES];
		const size_t old_count = list_extents(live, node, old);
		const size_t count = list_extents(layout, node, now);

		if (old_count == 0 || count == 0 || old_count > DRAWN_NODES || count > DRAWN_NODES)
			continue;
		FUZZ_CHECK(count == old_count, "node %" PRIu32 " has other extents", node);
		for (size_t i = 0; i < count; i++)
			FUZZ_CHECK(is_same(old[i]->range, now[i]->range),
				   "RAM of node %" PRIu32 " has moved", node);
	}
}

static void check_stays(const struct gpal_layout *live, const struct gpal_layout *layout)
{
	check_ranges_stay(live, layout);
	check_iommus_stay(live, layout);
	check_buses_stay(live, layout);
	check_ram_stays(live, layout);
}

/* Removals. */

static bool has_root_complex(const struct gpal_layout *layout, const char *name)
{
	for (size_t i = 0; i < layout->root_complex_count; i++)
		if (strcmp(layout->root_complexes[i].name, name) == 0)
			return true;
	return false;
}

static bool has_iommu(const struct gpal_layout *layout, enum gpal_iommu kind, const char *owner)
{
	for (size_t i = 0; i < layout->iommu_count; i++)
		if (layout->iommu == kind && strcmp(layout->iommus[i].root_complex, owner) == 0)
			return true;
	return false;
}

static void check_nothing_is_gone(const struct gpal_layout *live, const struct gpal_layout *layout)
{
	const struct gpal_ram_extent *extents[DRAWN_NODES];

	for (size_t i = 0; i < live->map.count; i++)
		FUZZ_CHECK(!is_known_by_tag(live, &live->map.entries[i]) ||
				   find_tag(&layout->map, live->map.entries[i].tag),
			   "%s has gone", live->map.entries[i].tag);
	for (size_t i = 0; i < live->root_complex_count; i++)
		FUZZ_CHECK(has_root_complex(layout, live->root_complexes[i].name),
			   "root complex %s has gone", live->root_complexes[i].name);
	for (size_t i = 0; i < live->iommu_count; i++)
		FUZZ_CHECK(has_iommu(layout, live->iommu, live->iommus[i].root_complex),
			   "the IOMMU of %s has gone", live->iommus[i].root_complex);
	for (size_t i = 0; i < live->ram_count; i++)
		FUZZ_CHECK(list_extents(layout, live->ram[i].node, extents) > 0,
			   "RAM of node %" PRIu32 " has gone", live->ram[i].node);
}

/* Refusals. */

static bool has_ram(const struct gpal_layout *layout, const char *tag)
{
	for (size_t i = 0; i < layout->map.count; i++)
		if (layout->map.entries[i].kind == GPAL_KIND_RAM &&
		    strcmp(layout->map.entries[i].tag, tag) == 0)
			return true;
	return false;
}

/* If a node gains or loses an extent, it gets larger or smaller. That is a resize. */
static bool is_another_extent(const struct gpal_layout *live, const struct gpal_layout *layout,
			      const struct gpal_change *change)
{
	return (change->kind == GPAL_CHANGE_ADDED || change->kind == GPAL_CHANGE_REMOVED) &&
	       has_ram(live, change->tag) && has_ram(layout, change->tag);
}

static size_t count_changes(const struct gpal_layout *live, const struct gpal_layout *layout,
			    unsigned int kinds)
{
	struct gpal_changes *changes;
	size_t count = 0;

	FUZZ_CHECK(gpal_compare(live, layout, &changes, NULL) == GPAL_OK,
		   "two layouts cannot be compared");
	for (size_t i = 0; i < changes->count; i++)
		count += (kinds >> changes->changes[i].kind & 1) ||
			 (kinds & 1u << GPAL_CHANGE_RESIZED &&
			  is_another_extent(live, layout, &changes->changes[i]));
	gpal_changes_free(changes);
	return count;
}

/*
 * A refusal must be right: the update would move or remove something, and succeeds if that is
 * allowed.
 */
static void check_would_move_or_remove(const struct gpal_layout *live,
				       const struct gpal_request *request, unsigned int allow,
				       int code, const struct gpal_layout *offered)
{
	const bool moves = code == GPAL_E_WOULD_MOVE;
	const unsigned int kinds = moves ? 1u << GPAL_CHANGE_MOVED | 1u << GPAL_CHANGE_RESIZED :
					   1u << GPAL_CHANGE_REMOVED;
	const unsigned int missing = moves ? GPAL_ALLOW_MOVES : GPAL_ALLOW_REMOVALS;
	struct gpal_layout *again;
	int result;

	FUZZ_CHECK(offered && !(allow & missing),
		   "%s: the refusal lacks a layout, or what it refuses is allowed",
		   gpal_code_token(code));
	FUZZ_CHECK(count_changes(live, offered, kinds) > 0,
		   "%s, but the update moves or removes nothing", gpal_code_token(code));
	result = gpal_update(live, request, allow | missing, &again, NULL);
	FUZZ_CHECK(result == GPAL_OK || (!moves && result == GPAL_E_WOULD_MOVE),
		   "the update is refused with %s, although this is allowed",
		   gpal_code_token(result));
	check_same_addresses(offered, again);
	gpal_layout_free(again);
}

static void check_refusal(const struct gpal_layout *live, const struct gpal_request *request,
			  int code, const struct gpal_error *error)
{
	struct gpal_request under = *request;
	struct gpal_layout *fresh;

	under.policy = live->policy;
	FUZZ_CHECK(error->code == (enum gpal_code)code && error->message[0],
		   "the error does not match %s", gpal_code_token(code));
	FUZZ_CHECK(gpal_resolve(&under, &fresh, NULL) == code,
		   "%s, but resolving the request gives another code", gpal_code_token(code));
}

/* New layouts. */

static void check_stored(const struct gpal_layout *layout)
{
	struct gpald_arena *arena = gpald_arena_new(0);
	struct gpald_blob blob, again;
	struct gpal_layout read;

	FUZZ_CHECK(arena && gpald_encode_layout_blob(layout, &blob), "out of memory");
	FUZZ_CHECK(gpald_decode_layout_blob(&blob, arena, &read) == GPALD_CODEC_OK,
		   "an encoded layout cannot be decoded");
	FUZZ_CHECK(gpald_encode_layout_blob(&read, &again) && gpald_blob_equal(&blob, &again),
		   "a decoded layout is encoded to other bytes");
	check_same_addresses(layout, &read);
	gpald_blob_free(&blob);
	gpald_blob_free(&again);
	gpald_arena_free(arena);
}

static void check_explained(const struct gpal_request *request, const struct gpal_layout *layout)
{
	struct gpal_explanation *explanation;
	struct gpal_request under = *request;

	under.policy = layout->policy;
	FUZZ_CHECK(gpal_explain(&under, layout, NULL, &explanation, NULL) == GPAL_OK,
		   "a layout cannot be explained");
	check_same_addresses(layout, explanation->layout);
	gpal_explanation_free(explanation);
}

static void check_nothing_to_do(const struct gpal_layout *layout,
				const struct gpal_request *request)
{
	struct gpal_layout *again;

	FUZZ_CHECK(gpal_update(layout, request, 0, &again, NULL) == GPAL_OK,
		   "an update to the same request is refused");
	check_same_addresses(layout, again);
	gpal_layout_free(again);
}

static void check_made(const struct gpal_request *request, const struct gpal_layout *layout)
{
	check_layout(request, layout);
	check_stored(layout);
	check_explained(request, layout);
	check_nothing_to_do(layout, request);
}

/* With the request of another layout, gpal_explain() must refuse, or explain this layout. */
static void check_mismatched(const struct gpal_request *request, const struct gpal_layout *layout)
{
	struct gpal_explanation *explanation;
	struct gpal_request under = *request;

	under.policy = layout->policy;
	if (gpal_explain(&under, layout, NULL, &explanation, NULL) == GPAL_OK)
		check_same_addresses(layout, explanation->layout);
	gpal_explanation_free(explanation);
}

/* Returns the layout that is live from then on. */
static struct gpal_layout *update(struct gpal_layout *live, struct drawn *drawn,
				  struct fuzz_bytes *bytes)
{
	const uint8_t form = fuzz_u8(bytes);
	const unsigned int allow = form >> 6;
	struct drawn wanted;
	struct gpal_layout *layout;
	struct gpal_error error;
	int code;

	drawn_copy(&wanted, drawn);
	drawn_edit(&wanted, bytes, 1 + form % EDITS_MAX, live);
	if (wanted.request.arch != live->arch)
		return live; /* the registry refuses this */
	check_mismatched(&wanted.request, live);
	code = gpal_update(live, &wanted.request, allow, &layout, &error);
	if (code == GPAL_E_WOULD_MOVE || code == GPAL_E_WOULD_REMOVE) {
		check_would_move_or_remove(live, &wanted.request, allow, code, layout);
		gpal_layout_free(layout);
		return live;
	}
	if (code) {
		FUZZ_CHECK(!layout, "gpal_update() returned an error and a layout");
		check_refusal(live, &wanted.request, code, &error);
		return live;
	}
	check_made(&wanted.request, layout);
	if (!(allow & GPAL_ALLOW_MOVES))
		check_stays(live, layout);
	if (!(allow & GPAL_ALLOW_REMOVALS))
		check_nothing_is_gone(live, layout);
	gpal_layout_free(live);
	drawn_copy(drawn, &wanted);
	return layout;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = { data, data + size };
	struct gpal_layout *live;
	struct gpal_error error;
	struct drawn drawn;
	int code;

	drawn_init(&drawn);
	drawn_edit(&drawn, &bytes, fuzz_below(&bytes, EDITS_MAX), NULL);
	code = gpal_resolve(&drawn.request, &live, &error);
	if (code) {
		FUZZ_CHECK(!live && error.code == (enum gpal_code)code && error.message[0],
			   "gpal_resolve() failed without an error, or with a layout");
		return 0;
	}
	check_made(&drawn.request, live);
	for (size_t i = 0; i < UPDATES_MAX && bytes.next < bytes.end; i++)
		live = update(live, &drawn, &bytes);
	check_accepted_in_full(live);
	gpal_layout_free(live);
	return 0;
}
