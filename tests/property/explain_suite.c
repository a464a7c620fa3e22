/* SPDX-License-Identifier: MIT */
/*
 * Tests the promises of gpal_explain(), on fresh and on updated layouts: the steps lead to the
 * layout, and each reports every free range that it passed, unless its list was cut. The test finds
 * these ranges itself from one list of everything that is taken.
 */
#include "config.h"

#include "chain.h"
#include "wire/explain_encode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANGE "0x%" PRIx64 "-0x%" PRIx64

enum seen {
	TOO_SMALL,
	BAD_START,
	BELOW_FLOOR,
	LOST,
	SPLIT,
	KEPT,
	KEPT_AND_PLACED,
	CUT,
	LOW_WINDOW,
	SEEN_COUNT
};

/* Everything that is taken, in ascending order. */
struct taken {
	struct gpal_range *ranges;
	size_t count;
	size_t room;
};

static void take(struct taken *taken, struct gpal_range range)
{
	size_t at = taken->count++;

	if (taken->count > taken->room) {
		taken->room = 2 * taken->count;
		taken->ranges = realloc(taken->ranges, taken->room * sizeof(struct gpal_range));
		if (!taken->ranges)
			abort();
	}
	for (; at > 0 && taken->ranges[at - 1].start > range.start; at--)
		taken->ranges[at] = taken->ranges[at - 1];
	taken->ranges[at] = range;
}

/* Returns the free range number `number`: the one above taken range `number` - 1. */
static struct gpal_range gap(const struct taken *taken, size_t number)
{
	return (struct gpal_range){
		number > 0 ? taken->ranges[number - 1].end : 0,
		number < taken->count ? taken->ranges[number].start : GPAL_SPACE_END,
	};
}

struct walk {
	const struct round *round;
	const struct gpal_step *step;
	struct taken *taken;
	size_t passed; /* how many of the step's passed ranges were predicted */
	size_t chosen;
	uint64_t needed;
	struct feature_count *seen;
};

static void expect_passed(struct walk *walk, struct gpal_range free, enum gpal_pass why,
			  uint64_t missing)
{
	const struct gpal_step *step = walk->step;
	const struct gpal_passed *passed = &step->passed[walk->passed];

	if (free.start >= free.end)
		return;
	if (walk->passed == step->passed_count) {
		walk->seen[CUT].count += step->passed_cut;
		if (!step->passed_cut)
			fail_round(walk->round, "%s: free range is not reported: " RANGE, step->tag,
				   free.start, free.end);
		return;
	}
	walk->passed++;
	/* If the list was cut, it is not specified which ranges are left. */
	if (step->passed_cut)
		return;
	if (passed->free.start != free.start || passed->free.end != free.end ||
	    passed->why != why || passed->missing != missing)
		fail_round(walk->round,
			   "%s: expected " RANGE " %s 0x%" PRIx64 ", got " RANGE " %s 0x%" PRIx64,
			   step->tag, free.start, free.end, gpal_pass_token(why), missing,
			   passed->free.start, passed->free.end, gpal_pass_token(passed->why),
			   passed->missing);
	walk->seen[TOO_SMALL + why].count++;
}

static uint64_t align_up(uint64_t address, uint64_t alignment)
{
	return address % alignment ? address - address % alignment + alignment : address;
}

/* Returns the room from the first aligned address on. */
static uint64_t room(struct gpal_range free, uint64_t alignment)
{
	const uint64_t start = align_up(free.start, alignment);

	return start >= free.start && start < free.end ? free.end - start : 0;
}

static void expect_no_room(struct walk *walk, struct gpal_range free, uint64_t needed)
{
	const uint64_t size = free.end > free.start ? free.end - free.start : 0;

	if (size < needed)
		expect_passed(walk, free, GPAL_PASS_TOO_SMALL, needed - size);
	else
		expect_passed(walk, free, GPAL_PASS_ALIGNMENT,
			      needed - room(free, walk->step->alignment));
}

static void expect_chosen(struct walk *walk, struct gpal_range free, uint64_t start, uint64_t size,
			  uint64_t lost)
{
	const struct gpal_step *step = walk->step;
	const struct gpal_chosen *chosen = &step->chosen[walk->chosen];

	if (walk->chosen++ >= step->chosen_count)
		fail_round(walk->round, "%s: has no extent at 0x%" PRIx64, step->tag, start);
	if (chosen->range.start != start || chosen->range.end != start + size ||
	    chosen->free.start != free.start || chosen->free.end != free.end ||
	    chosen->lost != lost)
		fail_round(walk->round,
			   "%s: expected " RANGE " of " RANGE " less 0x%" PRIx64 ", got " RANGE
			   " of " RANGE " less 0x%" PRIx64,
			   step->tag, start, start + size, free.start, free.end, lost,
			   chosen->range.start, chosen->range.end, chosen->free.start,
			   chosen->free.end, chosen->lost);
	walk->seen[LOST].count += lost > 0;
}

static void walk_down(struct walk *walk)
{
	const struct gpal_step *step = walk->step;

	for (size_t i = walk->taken->count + 1; i-- > 0;) {
		struct gpal_range free = gap(walk->taken, i);
		uint64_t start;

		if (free.end > GPAL_4GIB)
			free.end = GPAL_4GIB;
		if (free.start >= free.end)
			continue;
		if (room(free, step->alignment) < step->size) {
			expect_no_room(walk, free, step->size);
			continue;
		}
		start = (free.end - step->size) / step->alignment * step->alignment;
		expect_chosen(walk, free, start, step->size, free.end - start - step->size);
		return;
	}
}

static void walk_up(struct walk *walk)
{
	const struct gpal_step *step = walk->step;
	uint64_t needed = step->size;

	for (size_t i = 0; i <= walk->taken->count && needed > 0; i++) {
		struct gpal_range free = gap(walk->taken, i);
		uint64_t usable, size;

		if (free.end > step->ceiling)
			free.end = step->ceiling;
		if (free.start >= free.end)
			continue;
		if (free.start < step->floor) {
			const uint64_t end = free.end < step->floor ? free.end : step->floor;

			expect_passed(walk, (struct gpal_range){ free.start, end },
				      GPAL_PASS_BELOW_FLOOR, 0);
			free.start = step->floor;
		}
		usable = room(free, step->alignment);
		size = usable >= needed             ? needed :
		       step->phase == GPAL_KIND_RAM ? usable / step->alignment * step->alignment :
						      0;
		if (size == 0) {
			expect_no_room(walk, free,
				       step->phase == GPAL_KIND_RAM && needed > step->alignment ?
					       step->alignment :
					       needed);
			continue;
		}
		needed -= size;
		expect_chosen(walk, free, free.end - usable, size,
			      free.end - free.start - usable + (needed > 0 ? usable - size : 0));
	}
}

static bool is_placed(const struct gpal_step *step)
{
	return step->rule != GPAL_RULE_GIVEN && step->rule != GPAL_RULE_KEPT &&
	       step->rule != GPAL_RULE_RECORDED;
}

static uint64_t end_of(const struct gpal_step *step)
{
	uint64_t end = 0;

	for (size_t i = 0; i < step->chosen_count; i++)
		if (step->chosen[i].range.end > end)
			end = step->chosen[i].range.end;
	return end;
}

/* Returns true if the step is about the low window of node 0, whose step comes first. */
static bool is_low_window(const struct gpal_request *request, const struct gpal_explanation *all,
			  size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(all->steps[i].tag, all->steps[index].tag) == 0)
			return false;
	return request->memory_low_window > 0 && strcmp(all->steps[index].tag, "ram0") == 0;
}

/* Computes the floor of step `index` from the steps before. */
static uint64_t floor_of(const struct gpal_explanation *all, size_t index)
{
	const struct gpal_step *step = &all->steps[index];
	uint64_t floor = step->phase == GPAL_KIND_MMIO64 ? GPAL_4GIB : 0;

	for (size_t i = 0; i < index; i++) {
		const struct gpal_step *other = &all->steps[i];
		bool counts = false;

		/* Only RAM up to this node counts: RAM of later nodes may have stayed. */
		if (step->phase == GPAL_KIND_RAM)
			counts = other->phase == GPAL_KIND_RAM &&
				 atoi(other->tag + 3) <= atoi(step->tag + 3);
		else if (step->phase == GPAL_KIND_MMIO64)
			counts = other->phase == GPAL_KIND_RAM;
		else if (step->phase == GPAL_KIND_POST_MMIO)
			counts = other->phase != GPAL_KIND_RESERVED;
		if (counts && end_of(other) > floor)
			floor = end_of(other);
	}
	return floor;
}

static void check_step(const struct round *round, const struct gpal_request *request,
		       const struct gpal_explanation *all, size_t index, struct taken *taken,
		       struct feature_count *seen)
{
	const bool low = is_low_window(request, all, index);
	const struct gpal_step *step = &all->steps[index];
	struct walk walk = { .round = round, .step = step, .taken = taken, .seen = seen };
	uint64_t size = 0;

	for (size_t i = 0; i < step->chosen_count; i++)
		size += step->chosen[i].range.end - step->chosen[i].range.start;
	if (size != step->size || step->chosen_count == 0)
		fail_round(round, "%s: 0x%" PRIx64 " of 0x%" PRIx64 " bytes have a range",
			   step->tag, size, step->size);
	if (is_placed(step)) {
		const uint64_t ceiling = low ? request->memory_low_window :
					 step->phase == GPAL_KIND_MMIO32 ? GPAL_4GIB :
									   GPAL_SPACE_END;

		if (step->floor != floor_of(all, index) || step->ceiling != ceiling)
			fail_round(round, "%s: its region is not " RANGE, step->tag, step->floor,
				   step->ceiling);
		if (step->phase == GPAL_KIND_MMIO32)
			walk_down(&walk);
		else
			walk_up(&walk);
		if (walk.passed != step->passed_count || walk.chosen != step->chosen_count)
			fail_round(round, "%s: more ranges are reported than exist", step->tag);
	}
	seen[LOW_WINDOW].count += low && is_placed(step);
	seen[SPLIT].count += step->chosen_count > 1;
	seen[KEPT].count += step->rule == GPAL_RULE_KEPT;
	for (size_t i = 0; i < step->chosen_count; i++)
		take(taken, step->chosen[i].range);
}

/* Each range of the map is a chosen range, in order from the lowest. */
static void check_result(const struct round *round, const struct taken *taken,
			 const struct gpal_layout *layout)
{
	for (size_t i = 0; i < layout->map.count; i++)
		if (i >= taken->count ||
		    layout->map.entries[i].range.start != taken->ranges[i].start ||
		    layout->map.entries[i].range.end != taken->ranges[i].end)
			fail_round(round, "the steps do not lead to %s",
				   layout->map.entries[i].tag);
}

/*
 * The explanation of a single tag has as many steps and chosen ranges as among all, the same first
 * start, and is not cut. RAM with a low RAM window has two steps with the same tag.
 */
static void check_alone(const struct round *round, const struct gpal_request *request,
			const struct gpal_layout *live, const struct gpal_explanation *all,
			size_t index)
{
	const struct gpal_step *step = &all->steps[index];
	struct gpal_explanation *alone;
	const struct gpal_step *again;
	size_t before = 0, count = 0;

	for (size_t i = 0; i < all->count; i++) {
		const bool same = strcmp(all->steps[i].tag, step->tag) == 0;

		before += same && i < index;
		count += same;
	}
	if (gpal_explain(request, live, step->tag, &alone, NULL) != GPAL_OK ||
	    alone->count != count)
		fail_round(round, "%s is not explained alone", step->tag);
	again = &alone->steps[before];
	if (again->passed_cut || again->passed_count < step->passed_count ||
	    again->chosen_count != step->chosen_count ||
	    (!step->passed_cut && again->passed_count != step->passed_count) ||
	    again->chosen[0].range.start != step->chosen[0].range.start)
		fail_round(round, "%s: its explanation alone differs", step->tag);
	gpal_explanation_free(alone);
}

/* Returns true if the map marks the range as kept by an update. */
static bool is_marked(const struct gpal_layout *layout, const struct gpal_step *step)
{
	for (size_t i = 0; i < layout->map.count; i++)
		if (layout->map.entries[i].range.start == step->chosen[0].range.start)
			return layout->map.kept && layout->map.kept[i];
	return false;
}

static void check_explanation(const struct round *round, struct random *random,
			      const struct gpal_request *request, const struct gpal_layout *live,
			      struct feature_count *seen)
{
	struct gpal_explanation *all;
	struct taken taken = { .count = 0 };
	bool kept = false, placed = false;

	if (gpal_explain(request, live, NULL, &all, NULL) != GPAL_OK)
		fail_round(round, "not explained");
	for (size_t i = 0; i < all->count; i++) {
		check_step(round, request, all, i, &taken, seen);
		if ((all->steps[i].rule == GPAL_RULE_KEPT) !=
			    (live && is_marked(live, &all->steps[i])) ||
		    all->steps[i].rule == GPAL_RULE_RECORDED)
			fail_round(round, "%s: unexpected rule: %s", all->steps[i].tag,
				   gpal_rule_text(all->steps[i].rule));
		kept |= all->steps[i].rule == GPAL_RULE_KEPT;
		placed |= is_placed(&all->steps[i]);
	}
	seen[KEPT_AND_PLACED].count += kept && placed;
	check_result(round, &taken, live ? live : all->layout);
	check_alone(round, request, live, all, random_below(random, all->count));
	free(taken.ranges);
	gpal_explanation_free(all);
}

START_TEST(reports_every_free_range_that_it_passes)
{
	struct feature_count seen[SEEN_COUNT] = {
		[TOO_SMALL] = { .name = "too small" },
		[BAD_START] = { .name = "no room after alignment" },
		[BELOW_FLOOR] = { .name = "below the floor" },
		[LOST] = { .name = "bytes lost to alignment" },
		[SPLIT] = { .name = "ram that is split" },
		[KEPT] = { .name = "kept by an update" },
		[KEPT_AND_PLACED] = { .name = "kept beside what is new" },
		[CUT] = { .name = "more free ranges than are reported" },
		[LOW_WINDOW] = { .name = "ram in a low window" },
	};

	for (uint64_t i = 0; i < round_count(); i++) {
		struct chain chain;

		for (chain_open(&chain, first_seed() + i); chain_next(&chain);) {
			struct random random = chain.random;

			if (!chain.layout)
				continue;
			if (chain.code == GPAL_OK)
				check_explanation(&chain.round, &random, &chain.after->request,
						  chain.layout, seen);
			if (chain.done == 1)
				check_explanation(&chain.round, &random, &chain.before->request,
						  chain.live, seen);
		}
	}
	check_coverage("explain", seen, SEEN_COUNT);
}
END_TEST

/*
 * An older version did not mark the ranges that an update kept. If it updated a layout, it is not
 * known which ranges were kept and which were placed.
 */
START_TEST(a_layout_without_marks_is_explained_as_recorded)
{
	const uint64_t nodes[] = { GPAL_4GIB };
	const struct gpal_root_complex windows[] = {
		{ .name = "a",
		  .has_buses = true,
		  .low_mmio = { .kind = GPAL_WINDOW_SIZE, .size = 64 << 20 } },
		{ .name = "b",
		  .has_buses = true,
		  .segment = 1,
		  .low_mmio = { .kind = GPAL_WINDOW_SIZE, .size = 128 << 20 } },
	};
	struct gpal_request request = {
		.nodes = nodes, .node_count = 1, .root_complexes = windows, .root_complex_count = 1
	};
	struct gpal_explanation *explanation;
	struct gpal_layout *live, *updated;
	struct gpald_writer w = { 0 };

	ck_assert_int_eq(gpal_resolve(&request, &live, NULL), GPAL_OK);
	request.root_complex_count = 2;
	ck_assert_int_eq(gpal_update(live, &request, 0, &updated, NULL), GPAL_OK);
	ck_assert_ptr_nonnull(updated->map.kept);
	updated->map.kept = NULL;
	ck_assert_int_eq(gpal_explain(&request, updated, NULL, &explanation, NULL), GPAL_OK);
	for (size_t i = 0; i < explanation->count; i++)
		ck_assert_int_eq(explanation->steps[i].rule,
				 explanation->steps[i].phase == GPAL_KIND_FIXED ?
					 GPAL_RULE_GIVEN :
					 GPAL_RULE_RECORDED);
	/* A range that was not placed has no search. */
	gpald_encode_steps(&w, NULL, explanation);
	ck_assert(!w.failed);
	ck_assert_ptr_nonnull(memmem(w.text.data, w.text.length, "\"chosen\"", 8));
	ck_assert_ptr_null(memmem(w.text.data, w.text.length, "\"alignment\"", 11));
	gpald_writer_clear(&w);
	gpal_explanation_free(explanation);

	/* The layout does not match any of these requests. */
	for (int i = 0; i < 4; i++) {
		const uint64_t others[] = { 2 * GPAL_4GIB };
		const struct gpal_named_range hole = { "hole", { 0x1000, 0x2000 } };
		struct gpal_request other = request;

		if (i == 0)
			other.node_count = 0;
		if (i == 1)
			other.root_complex_count = 1;
		if (i == 2)
			other.nodes = others;
		if (i == 3)
			other.reserved = &hole;
		other.reserved_count = i == 3;
		ck_assert_int_eq(gpal_explain(&other, updated, NULL, &explanation, NULL),
				 GPAL_E_INTERNAL);
		ck_assert_ptr_null(explanation);
	}
	gpal_layout_free(updated);
	gpal_layout_free(live);
}
END_TEST

/*
 * The request resolves, but to another map. gpal_explain() resolves it twice, with the marked
 * ranges kept and with all kept, and drops both results.
 */
START_TEST(a_layout_of_another_request_that_resolves_is_refused)
{
	const uint64_t nodes[] = { GPAL_4GIB };
	struct gpal_request request = { .nodes = nodes, .node_count = 1 };
	struct gpal_explanation *explanation;
	struct gpal_layout *live;
	struct gpal_error error;

	ck_assert_int_eq(gpal_resolve(&request, &live, NULL), GPAL_OK);
	request.virtio_mmio_slots = 4;
	ck_assert_int_eq(gpal_explain(&request, live, NULL, &explanation, &error), GPAL_E_INTERNAL);
	ck_assert_int_eq(error.code, GPAL_E_INTERNAL);
	ck_assert_ptr_null(explanation);
	gpal_layout_free(live);
}
END_TEST

START_TEST(a_tag_that_is_not_there_has_no_steps)
{
	const uint64_t nodes[] = { GPAL_4GIB };
	const struct gpal_request request = { .nodes = nodes, .node_count = 1 };
	struct gpal_explanation *explanation;

	ck_assert_int_eq(gpal_explain(&request, NULL, "ram1", &explanation, NULL), GPAL_OK);
	ck_assert_uint_eq(explanation->count, 0);
	gpal_explanation_free(explanation);
	gpal_explanation_free(NULL);
}
END_TEST

Suite *explain_suite(void)
{
	Suite *suite = suite_create("explain");
	TCase *tcase = tcase_create("explain");

	tcase_set_timeout(tcase, 0);
	tcase_add_test(tcase, reports_every_free_range_that_it_passes);
	tcase_add_test(tcase, a_layout_without_marks_is_explained_as_recorded);
	tcase_add_test(tcase, a_layout_of_another_request_that_resolves_is_refused);
	tcase_add_test(tcase, a_tag_that_is_not_there_has_no_steps);
	suite_add_tcase(suite, tcase);
	return suite;
}
