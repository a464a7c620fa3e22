/* SPDX-License-Identifier: MIT */
/* Tests the promises of gpal_update(). */
#include "chain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RANGE "0x%" PRIx64 "-0x%" PRIx64

enum seen {
	/* The codes come first: the index of a code is its negated value. */
	FIRST_FEATURE = GPAL_CODE_COUNT,
	SECOND_UPDATE = FIRST_FEATURE,
	THIRD_UPDATE,
	WOULD_MOVE,
	NO_MMIO32,
	NO_RAM,
	NO_MMIO64,
	NO_POST_MMIO,
	HOST_TOO_NARROW,
	MADE_AFRESH,
	REMOVES_ALONE,
	REMOVES_AND_MOVES,
	REMOVES_AND_MAY_MOVE,
	MMIO32_ALL_KEPT,
	EXTENTS_KEPT,
	RAM_AFTER_KEPT,
	RAM_BEFORE_KEPT,
	RAM_ABOVE_MMIO,
	ECAM_UP,
	ECAM_DOWN,
	ECAM_SHRUNK,
	ECAM_SLID,
	IOMMU_RENUMBERED,
	PIN_TO_SIZE,
	SIZE_TO_PIN,
	VTL2_COVERED,
	ROOM_KEPT,
	ROOM_NEW,
	ROOM_OF_ANOTHER_NODE,
	ROOM_OFF_ALIGNMENT,
	CXL_WINDOW_KEPT,
	CXL_WINDOW_NEW,
	CXL_WINDOW_DIFFERENT,
	LOW_WINDOW_KEPT,
	LOW_WINDOW_FOUND,
	LOW_WINDOW_GONE,
	LOW_WINDOW_DIFFERENT,
	DEVICES_KEPT,
	SEEN_COUNT
};

static void name_features(struct feature_count seen[SEEN_COUNT])
{
	static const char *const names[SEEN_COUNT] = {
		[SECOND_UPDATE] = "a layout updated twice",
		[THIRD_UPDATE] = "a layout updated three times",
		[WOULD_MOVE] = "would move: another size or place",
		[NO_MMIO32] = "would move: no room for mmio32",
		[NO_RAM] = "would move: no room for ram",
		[NO_MMIO64] = "would move: no room for mmio64",
		[NO_POST_MMIO] = "would move: no room for post_mmio",
		[HOST_TOO_NARROW] = "would move: address width",
		[MADE_AFRESH] = "would move, and may",
		[REMOVES_ALONE] = "would remove: nothing would move",
		[REMOVES_AND_MOVES] = "would remove: it would move, too",
		[REMOVES_AND_MAY_MOVE] = "would remove: it would move, and may",
		[MMIO32_ALL_KEPT] = "ram is new, all of mmio32 stays",
		[EXTENTS_KEPT] = "ram of several extents stays",
		[RAM_AFTER_KEPT] = "ram placed above ram that stays",
		[RAM_BEFORE_KEPT] = "ram placed below ram that stays",
		[RAM_ABOVE_MMIO] = "ram placed above mmio64",
		[ECAM_UP] = "ecam grown up",
		[ECAM_DOWN] = "ecam grown down",
		[ECAM_SHRUNK] = "ecam shrunk",
		[ECAM_SLID] = "ecam slid, no bus moved",
		[IOMMU_RENUMBERED] = "iommu stays under another number",
		[PIN_TO_SIZE] = "window stays, no longer pinned",
		[SIZE_TO_PIN] = "window pinned where it is",
		[VTL2_COVERED] = "mmio64 placed above vtl2",
		[ROOM_KEPT] = "room stays",
		[ROOM_NEW] = "room is new",
		[ROOM_OF_ANOTHER_NODE] = "would move: room of another node",
		[ROOM_OFF_ALIGNMENT] = "would move: room off its alignment",
		[CXL_WINDOW_KEPT] = "cxl window stays",
		[CXL_WINDOW_NEW] = "cxl window is new",
		[CXL_WINDOW_DIFFERENT] = "would move: cxl window interleaved differently",
		[LOW_WINDOW_KEPT] = "low ram window stays",
		[LOW_WINDOW_FOUND] = "low ram window where ram was",
		[LOW_WINDOW_GONE] = "no low ram window, and its ram stays",
		[LOW_WINDOW_DIFFERENT] = "would move: another low ram window",
		[DEVICES_KEPT] = "window of devices stays",
	};

	for (int i = 0; i < GPAL_CODE_COUNT; i++)
		seen[i].name = gpal_code_token(-i);
	for (int i = FIRST_FEATURE; i < SEEN_COUNT; i++)
		seen[i].name = names[i];
	seen[-GPAL_E_NO_MEMORY].count = 1;
	seen[-GPAL_E_INTERNAL].count = 1;
	seen[-GPAL_E_WARNING_REFUSED].count = 1;
}

static void look_at_segments(struct feature_count *seen, const struct gpal_layout *live,
			     const struct gpal_layout *layout)
{
	for (size_t i = 0; i < live->segment_count; i++) {
		for (size_t j = 0; j < layout->segment_count; j++) {
			const struct gpal_layout_segment *a = &live->segments[i];
			const struct gpal_layout_segment *b = &layout->segments[j];

			if (a->segment != b->segment)
				continue;
			seen[ECAM_UP].count += b->ecam.end > a->ecam.end;
			seen[ECAM_DOWN].count += b->ecam.start < a->ecam.start;
			seen[ECAM_SHRUNK].count += b->ecam.end < a->ecam.end ||
						   b->ecam.start > a->ecam.start;
			seen[ECAM_SLID].count += b->ecam.end != a->ecam.end &&
						 b->end_bus - b->start_bus ==
							 a->end_bus - a->start_bus;
		}
	}
}

static bool was_there(const struct gpal_layout *live, struct gpal_range range,
		      const struct gpal_map_entry **entry)
{
	for (size_t i = 0; i < live->map.count; i++) {
		*entry = &live->map.entries[i];
		if ((*entry)->range.start == range.start && (*entry)->range.end == range.end)
			return true;
	}
	return false;
}

static void look_at_layout(struct feature_count *seen, const struct gpal_layout *live,
			   const struct gpal_layout *layout)
{
	const struct gpal_map *map = &layout->map;
	size_t low_new = 0, low_kept = 0, ram_new = 0, ram_kept = 0, extents = 0;
	bool mmio64_kept = false, vtl2_kept = false;

	for (size_t i = 0; i < map->count; i++) {
		const struct gpal_map_entry *entry = &map->entries[i];
		const struct gpal_map_entry *old;
		const bool kept = was_there(live, entry->range, &old);
		const bool ram = entry->kind == GPAL_KIND_RAM;

		low_kept += entry->kind == GPAL_KIND_MMIO32 && kept;
		low_new += entry->kind == GPAL_KIND_MMIO32 && !kept;
		seen[RAM_AFTER_KEPT].count += ram && !kept && ram_kept > 0;
		seen[RAM_BEFORE_KEPT].count += ram && kept && ram_new > 0;
		seen[RAM_ABOVE_MMIO].count += ram && !kept && mmio64_kept;
		seen[VTL2_COVERED].count += entry->kind == GPAL_KIND_MMIO64 && !kept && vtl2_kept;
		mmio64_kept |= entry->kind == GPAL_KIND_MMIO64 && kept;
		vtl2_kept |= entry->kind == GPAL_KIND_POST_MMIO && kept;
		ram_kept += ram && kept;
		ram_new += ram && !kept;
		for (size_t j = 0; j < i; j++)
			extents += ram && kept && strcmp(entry->tag, map->entries[j].tag) == 0;
		if (!kept || strcmp(entry->tag, "chipset-low-mmio") == 0)
			continue;
		seen[IOMMU_RENUMBERED].count += strcmp(entry->tag, old->tag) != 0;
		seen[PIN_TO_SIZE].count += old->kind == GPAL_KIND_FIXED &&
					   entry->kind != GPAL_KIND_FIXED;
		seen[SIZE_TO_PIN].count += old->kind != GPAL_KIND_FIXED &&
					   entry->kind == GPAL_KIND_FIXED;
	}
	seen[MMIO32_ALL_KEPT].count += low_new == 0 && low_kept > 0 && ram_new > 0;
	seen[EXTENTS_KEPT].count += extents > 0;
}

static const struct gpal_layout_cxl_window *find_cxl_window(const struct gpal_layout *layout,
							    const char *name)
{
	for (size_t i = 0; i < layout->cxl_window_count; i++)
		if (strcmp(layout->cxl_windows[i].name, name) == 0)
			return &layout->cxl_windows[i];
	return NULL;
}

/* Counts what stays of rooms, low windows, CXL windows and windows for devices. */
static void look_at_windows_and_rooms(struct feature_count *seen, const struct chain *chain)
{
	const struct gpal_request *request = &chain->after->request;
	const uint64_t before = chain->before->request.memory_low_window;
	const uint64_t after = request->memory_low_window;

	seen[LOW_WINDOW_KEPT].count += before > 0 && after == before;
	seen[LOW_WINDOW_FOUND].count += before == 0 && after > 0;
	seen[LOW_WINDOW_GONE].count += before > 0 && after == 0;
	for (size_t i = 0; i < chain->layout->hotplug_room_count; i++)
		seen[i < chain->live->hotplug_room_count ? ROOM_KEPT : ROOM_NEW].count++;
	for (size_t i = 0; i < chain->layout->cxl_window_count; i++) {
		const char *name = chain->layout->cxl_windows[i].name;

		seen[find_cxl_window(chain->live, name) ? CXL_WINDOW_KEPT : CXL_WINDOW_NEW].count++;
	}
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];
		const struct gpal_map_entry *old;

		seen[DEVICES_KEPT].count +=
			rc->high_mmio.kind == GPAL_WINDOW_DEVICES &&
			was_there(chain->live, chain->layout->root_complexes[i].high_mmio, &old);
	}
}

/* Counts the reasons for moves. */
static void look_at_moves(struct feature_count *seen, const struct chain *chain)
{
	const struct gpal_request *request = &chain->after->request;
	const struct gpal_layout *live = chain->live;

	for (size_t i = 0; i < request->hotplug_room_count && i < live->hotplug_room_count; i++) {
		const struct gpal_hotplug_room *room = &request->hotplug_rooms[i];
		const struct gpal_layout_hotplug_room *had = &live->hotplug_rooms[i];

		seen[ROOM_OF_ANOTHER_NODE].count += room->node != had->node;
		seen[ROOM_OFF_ALIGNMENT].count += room->alignment.set &&
						  room->alignment.value > 0 &&
						  had->range.start % room->alignment.value != 0;
	}
	for (size_t i = 0; i < request->cxl_window_count; i++) {
		const struct gpal_cxl_window *window = &request->cxl_windows[i];
		const struct gpal_layout_cxl_window *had = find_cxl_window(live, window->name);

		seen[CXL_WINDOW_DIFFERENT].count +=
			had && !oracle_same_interleaving(window->targets, window->target_count,
							 window->granularity, had);
	}
	seen[LOW_WINDOW_DIFFERENT].count += request->memory_low_window > 0 &&
					    request->memory_low_window !=
						    chain->before->request.memory_low_window;
}

static void look_at_refusal(struct feature_count *seen, const struct chain *chain,
			    const struct oracle *around)
{
	if (around->error.code == GPAL_E_WOULD_MOVE)
		look_at_moves(seen, chain);
	seen[WOULD_MOVE].count += around->error.code == GPAL_E_WOULD_MOVE;
	seen[HOST_TOO_NARROW].count += around->error.code == GPAL_E_ADDRESS_WIDTH_EXCEEDED;
	if (around->error.code != GPAL_E_EXHAUSTED)
		return;
	seen[NO_MMIO32].count += around->error.phase == GPAL_KIND_MMIO32;
	seen[NO_RAM].count += around->error.phase == GPAL_KIND_RAM;
	seen[NO_MMIO64].count += around->error.phase == GPAL_KIND_MMIO64;
	seen[NO_POST_MMIO].count += around->error.phase == GPAL_KIND_POST_MMIO;
}

static void check_success(const struct chain *chain, const struct oracle *oracle)
{
	const unsigned char *byte = (const unsigned char *)&chain->error;

	if (chain->code != GPAL_OK)
		fail_round(&chain->round, "expected a layout, got %s (%s)",
			   gpal_code_token(chain->code), chain->error.message);
	for (size_t i = 0; i < sizeof(chain->error); i++) {
		if (byte[i] != 0x5a)
			fail_round(&chain->round, "success, and an error was written");
	}
	compare_layout_with_oracle(&chain->round, oracle, chain->layout);
}

/* The library made a layout and returns it with the refusal. */
static void check_not_allowed(const struct chain *chain, const struct oracle *oracle, int code)
{
	if (chain->code != code || chain->error.code != code || !chain->error.message[0] ||
	    !chain->layout)
		fail_round(&chain->round, "expected %s, got %s", gpal_code_token(code),
			   gpal_code_token(chain->code));
	compare_layout_with_oracle(&chain->round, oracle, chain->layout);
}

static bool is_refused_as_removal(const struct chain *chain, const struct oracle *oracle)
{
	return !(chain->allow & GPAL_ALLOW_REMOVALS) &&
	       oracle_drops(oracle, chain->live, &chain->after->request);
}

/*
 * Checks the answer to an update for which the oracle found no layout around the ranges that stay:
 * an error, a refusal, or the layout of the request alone.
 */
static void check_resolved_afresh(const struct chain *chain, const struct oracle *around,
				  struct feature_count *seen)
{
	struct oracle *fresh = oracle_resolve(&chain->after->request);

	if (fresh->error.code != GPAL_OK) {
		if (chain->layout)
			fail_round(&chain->round, "expected %s, got a layout",
				   gpal_code_token(fresh->error.code));
		/*
		 * If the request is exhausted alone and also beside the live layout, the error is
		 * about the live layout.
		 */
		compare_error_with_oracle(&chain->round,
					  fresh->error.code == GPAL_E_EXHAUSTED &&
							  around->error.code == GPAL_E_EXHAUSTED ?
						  around :
						  fresh,
					  chain->code, &chain->error);
	} else if (is_refused_as_removal(chain, fresh)) {
		check_not_allowed(chain, fresh, GPAL_E_WOULD_REMOVE);
		seen[chain->allow & GPAL_ALLOW_MOVES ? REMOVES_AND_MAY_MOVE : REMOVES_AND_MOVES]
			.count++;
	} else if (chain->allow & GPAL_ALLOW_MOVES) {
		check_success(chain, fresh);
		seen[MADE_AFRESH].count++;
	} else {
		check_not_allowed(chain, fresh, GPAL_E_WOULD_MOVE);
		look_at_refusal(seen, chain, around);
	}
	oracle_free(fresh);
}

START_TEST(updates_as_the_naive_oracle_does)
{
	struct feature_count seen[SEEN_COUNT] = { { 0 } };

	name_features(seen);
	for (uint64_t i = 0; i < round_count(); i++) {
		struct chain chain;
		unsigned int made = 0;

		for (chain_open(&chain, first_seed() + i); chain_next(&chain);) {
			struct oracle *around =
				oracle_resolve_around(chain.live, &chain.after->request);

			if (around->error.code == GPAL_OK &&
			    is_refused_as_removal(&chain, around)) {
				check_not_allowed(&chain, around, GPAL_E_WOULD_REMOVE);
				seen[REMOVES_ALONE].count++;
			} else if (around->error.code == GPAL_OK) {
				check_success(&chain, around);
				look_at_segments(seen, chain.live, chain.layout);
				look_at_layout(seen, chain.live, chain.layout);
				look_at_windows_and_rooms(seen, &chain);
				seen[SECOND_UPDATE].count += made == 1;
				seen[THIRD_UPDATE].count += made == 2;
				made++;
			} else {
				check_resolved_afresh(&chain, around, seen);
			}
			seen[-chain.code].count++;
			oracle_free(around);
		}
	}
	check_coverage("update", seen, SEEN_COUNT);
}
END_TEST

/* Promises that need no oracle. */

static uint64_t size_of_all(const struct oracle_part *parts, size_t count, const char *tag)
{
	uint64_t size = 0;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(parts[i].tag, tag) == 0)
			size += parts[i].range.end - parts[i].range.start;
	}
	return size;
}

static void check_kept(const struct chain *chain)
{
	size_t old_count;
	size_t new_count;
	struct oracle_part *old = oracle_list_parts(chain->live, &old_count);
	struct oracle_part *new = oracle_list_parts(chain->layout, &new_count);

	for (size_t i = 0; i < old_count; i++) {
		const struct oracle_part *a = &old[i];
		const struct oracle_part *b = NULL;

		for (size_t j = 0; j < new_count; j++) {
			if (strcmp(new[j].key, a->key) == 0)
				b = &new[j];
		}
		if (!b && !(a->has_node && size_of_all(new, new_count, a->tag)) &&
		    !(chain->allow & GPAL_ALLOW_REMOVALS))
			fail_round(&chain->round, "%s was removed", a->key);
		if (chain->allow & GPAL_ALLOW_MOVES)
			continue;
		if (a->is_ecam && b && b->bus0_base != a->bus0_base)
			fail_round(&chain->round, "%s: buses moved", a->tag);
		if (b &&
		    ((a->room && a->room->node != b->room->node) ||
		     (a->cxl_window &&
		      !oracle_same_interleaving(a->cxl_window->targets, a->cxl_window->target_count,
						a->cxl_window->granularity, b->cxl_window))))
			fail_round(&chain->round, "%s: its node or its interleaving changed",
				   a->tag);
		if (a->is_ecam || (!b && !(a->has_node && size_of_all(new, new_count, a->tag))))
			continue; /* a remaining node keeps all its extents */
		if (!b || b->range.start != a->range.start || b->range.end != a->range.end)
			fail_round(&chain->round, "%s was at " RANGE " and is not there any more",
				   a->key, a->range.start, a->range.end);
		if (a->has_node &&
		    size_of_all(old, old_count, a->tag) != size_of_all(new, new_count, a->tag))
			fail_round(&chain->round, "%s has another size", a->tag);
	}
	free(old);
	free(new);
}

static void check_disjoint(const struct chain *chain)
{
	const struct gpal_map *map = &chain->layout->map;
	const struct gpal_request *request = &chain->after->request;
	uint64_t end = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct gpal_range range = map->entries[i].range;

		if (range.start < end || range.end <= range.start || range.end > GPAL_SPACE_END ||
		    range.start % GPAL_PAGE_SIZE || range.end % GPAL_PAGE_SIZE)
			fail_round(&chain->round, "%s " RANGE " overlaps or is out of order",
				   map->entries[i].tag, range.start, range.end);
		end = range.end;
		for (size_t j = 0; j < request->reserved_count; j++) {
			if (map->entries[i].kind != GPAL_KIND_RESERVED &&
			    range.start < request->reserved[j].range.end &&
			    request->reserved[j].range.start < range.end)
				fail_round(&chain->round, "%s is in the reserved range %s",
					   map->entries[i].tag, request->reserved[j].name);
		}
	}
}

START_TEST(an_update_keeps_what_it_may_not_move_or_remove_and_nothing_overlaps)
{
	for (uint64_t i = 0; i < round_count(); i++) {
		struct chain chain;

		for (chain_open(&chain, first_seed() + i); chain_next(&chain);) {
			if (chain.code != GPAL_OK)
				continue;
			check_disjoint(&chain);
			check_kept(&chain);
		}
	}
}
END_TEST

START_TEST(the_same_request_again_changes_nothing)
{
	for (uint64_t i = 0; i < round_count(); i++) {
		struct chain chain;
		struct gpal_layout *again;

		for (chain_open(&chain, first_seed() + i); chain_next(&chain);) {
			if (chain.code != GPAL_OK)
				continue;
			if (gpal_update(chain.layout, &chain.after->request, 0, &again, NULL))
				fail_round(&chain.round, "the same again is refused");
			compare_layouts(&chain.round, chain.layout, again);
			gpal_layout_free(again);
		}
	}
}
END_TEST

Suite *update_suite(void)
{
	Suite *suite = suite_create("update");
	TCase *tcase = tcase_create("update");

	tcase_set_timeout(tcase, 0);
	tcase_add_test(tcase, updates_as_the_naive_oracle_does);
	tcase_add_test(tcase, an_update_keeps_what_it_may_not_move_or_remove_and_nothing_overlaps);
	tcase_add_test(tcase, the_same_request_again_changes_nothing);
	suite_add_tcase(suite, tcase);
	return suite;
}
