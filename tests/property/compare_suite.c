/* SPDX-License-Identifier: MIT */
/* Tests the promises of gpal_compare() and gpal_layout_probe() on updated layouts. */
#include "chain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RANGE "0x%" PRIx64 "-0x%" PRIx64

enum {
	INCOMPATIBLE = GPAL_CHANGE_COUNT,
	COMPATIBLE,
	SHRINKS_BY_REMOVAL,
	EXTENT_LOST,
	SERVES_OTHERS,
};

static void check_changes(const struct chain *chain, const struct gpal_layout *from,
			  const struct gpal_layout *to, struct feature_count *seen)
{
	struct gpal_changes *changes;
	size_t count;
	bool compatible;
	bool removes = false;
	struct oracle_change *expected = oracle_compare(from, to, &count, &compatible);

	if (gpal_compare(from, to, &changes, NULL) != GPAL_OK)
		fail_round(&chain->round, "no comparison");
	if (changes->compatible != compatible || changes->count != count)
		fail_round(&chain->round, "expected %zu changes, compatible %d; got %zu, %d", count,
			   compatible, changes->count, changes->compatible);
	for (size_t i = 0; i < count; i++) {
		const struct gpal_change *change = &changes->changes[i];

		if (change->kind != expected[i].kind || strcmp(change->tag, expected[i].tag) != 0 ||
		    change->from.start != expected[i].from.start ||
		    change->from.end != expected[i].from.end ||
		    change->to.start != expected[i].to.start ||
		    change->to.end != expected[i].to.end ||
		    change->is_removal != expected[i].is_removal)
			fail_round(&chain->round, "change %zu: expected %s %s, got %s %s", i,
				   gpal_change_name(expected[i].kind), expected[i].tag,
				   gpal_change_name(change->kind), change->tag);
		seen[change->kind].count++;
		seen[SHRINKS_BY_REMOVAL].count += change->kind == GPAL_CHANGE_RESIZED &&
						  change->is_removal;
		seen[EXTENT_LOST].count += change->kind == GPAL_CHANGE_REMOVED &&
					   !change->is_removal;
		seen[SERVES_OTHERS].count += change->kind == GPAL_CHANGE_MOVED &&
					     change->from.start == change->to.start &&
					     (strncmp(change->tag, "hotplug-", 8) == 0 ||
					      strncmp(change->tag, "cxl-window-", 11) == 0);
		removes |= expected[i].is_removal;
	}
	if (changes->removes != removes)
		fail_round(&chain->round, "`removes` should be %s", removes ? "true" : "false");
	seen[INCOMPATIBLE + compatible].count++;
	gpal_changes_free(changes);
	free(expected);
}

START_TEST(compares_as_the_naive_oracle_does)
{
	struct feature_count seen[] = {
		{ .name = "moved" },
		{ .name = "resized" },
		{ .name = "added" },
		{ .name = "removed" },
		{ .name = "incompatible" },
		{ .name = "compatible" },
		{ .name = "ecam smaller without a root complex" },
		{ .name = "ram extent gone and node not" },
		{ .name = "room or cxl window that stays but serves others" },
	};

	for (uint64_t i = 0; i < round_count(); i++) {
		struct chain chain;

		for (chain_open(&chain, first_seed() + i); chain_next(&chain);) {
			struct gpal_layout *fresh = NULL;

			if (!chain.layout)
				continue;
			check_changes(&chain, chain.live, chain.layout, seen);
			check_changes(&chain, chain.layout, chain.live, seen);
			check_changes(&chain, chain.layout, chain.layout, seen);
			if (gpal_resolve(&chain.after->request, &fresh, NULL) == GPAL_OK)
				check_changes(&chain, chain.layout, fresh, seen);
			gpal_layout_free(fresh);
		}
	}
	check_coverage("compare", seen, sizeof(seen) / sizeof(seen[0]));
}
END_TEST

/* Probing. */

static uint64_t draw_address(const struct chain *chain, struct random *random)
{
	static const uint64_t ends[] = { 0, GPAL_SPACE_END - 1, GPAL_SPACE_END, UINT64_MAX };
	const struct gpal_map *map = &chain->layout->map;
	const struct gpal_request *request = &chain->after->request;
	struct gpal_range range = map->entries[random_below(random, map->count)].range;

	if (request->reserved_count > 0 && random_once_in(random, 4))
		range = request->reserved[random_below(random, request->reserved_count)].range;
	switch (random_below(random, 8)) {
	case 0:
		return ends[random_below(random, sizeof(ends) / sizeof(ends[0]))];
	case 1:
		return random_next(random) >> random_below(random, 40);
	case 2:
		return range.start - 1;
	case 3:
		return range.start;
	case 4:
		return range.end - 1;
	case 5:
		return range.end;
	default:
		return range.start + random_below(random, range.end - range.start);
	}
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void check_probe(const struct chain *chain, struct random *random,
			const struct gpal_request *request, struct feature_count *seen)
{
	const uint64_t address = draw_address(chain, random);
	const struct gpal_probe expected = oracle_probe(chain->layout, request, address);
	struct gpal_probe probe;
	struct gpal_error error;
	const int code = gpal_layout_probe(chain->layout, request, address, &probe, &error);

	if (code != (address >= GPAL_SPACE_END ? GPAL_E_OUT_OF_RANGE : GPAL_OK))
		fail_round(&chain->round, "0x%" PRIx64 ": %s", address, gpal_code_token(code));
	seen[0].count += code != GPAL_OK;
	if (code != GPAL_OK)
		return;
	if (probe.is_free != expected.is_free || probe.range.start != expected.range.start ||
	    probe.range.end != expected.range.end || strcmp(probe.tag, expected.tag) != 0 ||
	    probe.kind != expected.kind || probe.offset != expected.offset)
		fail_round(&chain->round,
			   "0x%" PRIx64 ": expected %s " RANGE " + 0x%" PRIx64 ", got %s " RANGE
			   " + 0x%" PRIx64,
			   address, expected.tag, expected.range.start, expected.range.end,
			   expected.offset, probe.tag, probe.range.start, probe.range.end,
			   probe.offset);
	if (probe.has_node != expected.has_node || probe.node != expected.node ||
	    probe.has_slot != expected.has_slot || probe.slot != expected.slot ||
	    !same_text(probe.root_complex, expected.root_complex))
		fail_round(&chain->round, "0x%" PRIx64 ": wrong owner of %s", address, probe.tag);
	seen[1].count += probe.is_free;
	seen[2].count += probe.kind == GPAL_KIND_RESERVED &&
			 probe.range.start >= chain->layout->top;
	seen[3].count += probe.has_node;
	seen[4].count += probe.has_slot;
	seen[5].count += probe.root_complex != NULL;
	seen[6].count += !probe.root_complex && strstr(probe.tag, "-ecam");
	seen[7].count += strncmp(probe.tag, "hotplug-", 8) == 0;
	seen[8].count += strncmp(probe.tag, "cxl-window-", 11) == 0;
}

START_TEST(probes_as_the_naive_oracle_does)
{
	struct feature_count seen[] = {
		{ .name = "address beyond the space" },
		{ .name = "free" },
		{ .name = "reserved, above the top" },
		{ .name = "ram of a node" },
		{ .name = "virtio-mmio slot" },
		{ .name = "of a root complex" },
		{ .name = "ecam of no root complex" },
		{ .name = "room" },
		{ .name = "cxl window" },
	};

	for (uint64_t i = 0; i < round_count(); i++) {
		struct chain chain;

		for (chain_open(&chain, first_seed() + i); chain_next(&chain);) {
			struct random random = chain.random;

			for (int probes = 0; chain.layout && probes < 8; probes++)
				check_probe(&chain, &random, probes ? &chain.after->request : NULL,
					    seen);
		}
	}
	check_coverage("probe", seen, sizeof(seen) / sizeof(seen[0]));
}
END_TEST

Suite *compare_suite(void)
{
	Suite *suite = suite_create("compare");
	TCase *tcase = tcase_create("compare");

	tcase_set_timeout(tcase, 0);
	tcase_add_test(tcase, compares_as_the_naive_oracle_does);
	tcase_add_test(tcase, probes_as_the_naive_oracle_does);
	suite_add_tcase(suite, tcase);
	return suite;
}
