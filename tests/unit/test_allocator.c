/* SPDX-License-Identifier: MIT */
/* The rules of placement in <gpalayout/allocator.h>, with a test for each promise. */
#include "config.h"

#include "tests/unit/suite.h"

#include <gpalayout/allocator.h>
#include <gpalayout/compare.h>
#include <string.h>

#define KIB UINT64_C(0x400)
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)
#define PAGE GPAL_PAGE_SIZE

#define LIST(array) (array), sizeof(array) / sizeof((array)[0])

struct placed {
	const char *tag;
	uint64_t start, end;
};

/* Allocates, and expects exactly these ranges in this order. */
static void expect_map(const struct gpal_alloc_input *input, const struct placed *expected,
		       size_t count)
{
	struct gpal_map *map;
	struct gpal_error error = { .message = "no error" };

	ck_assert_msg(gpal_allocate(input, &map, &error) == 0, "%s", error.message);
	ck_assert_uint_eq(map->count, count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_str_eq(map->entries[i].tag, expected[i].tag);
		ck_assert_uint_eq(map->entries[i].range.start, expected[i].start);
		ck_assert_uint_eq(map->entries[i].range.end, expected[i].end);
	}
	gpal_map_free(map);
}

#define EXPECT_MAP(input, ...)                                        \
	do {                                                          \
		const struct placed expected_map[] = { __VA_ARGS__ }; \
		expect_map((input), LIST(expected_map));              \
	} while (0)

static struct gpal_error expect_error(const struct gpal_alloc_input *input, int code)
{
	struct gpal_map *map = (struct gpal_map *)&map;
	struct gpal_error error;

	ck_assert_int_eq(gpal_allocate(input, &map, &error), code);
	ck_assert_ptr_null(map);
	ck_assert_int_eq(error.code, code);
	ck_assert_str_ne(error.message, "");
	/* The caller may pass NULL for the error. */
	ck_assert_int_eq(gpal_allocate(input, &map, NULL), code);
	return error;
}

START_TEST(ram_splits_around_a_fixed_hole)
{
	const struct gpal_pinned fixed[] = { { "hole", { 1 * GIB, 2 * GIB } } };
	const struct gpal_demand ram[] = { { "ram", 4 * GIB, GIB } };
	const struct gpal_alloc_input input = {
		.fixed = fixed, .fixed_count = 1, .ram = ram, .ram_count = 1
	};

	EXPECT_MAP(&input, { "ram", 0, 1 * GIB }, { "hole", 1 * GIB, 2 * GIB },
		   { "ram", 2 * GIB, 5 * GIB });
}
END_TEST

START_TEST(ram_keeps_its_alignment_above_a_small_hole)
{
	const struct gpal_pinned fixed[] = { { "hole", { GIB + MIB, GIB + 2 * MIB } } };
	const struct gpal_demand ram[] = { { "ram", 2 * GIB, GIB } };
	const struct gpal_alloc_input input = {
		.fixed = fixed, .fixed_count = 1, .ram = ram, .ram_count = 1
	};

	EXPECT_MAP(&input, { "ram", 0, 1 * GIB }, { "hole", GIB + MIB, GIB + 2 * MIB },
		   { "ram", 2 * GIB, 3 * GIB });
}
END_TEST

START_TEST(small_nodes_are_adjacent)
{
	const struct gpal_demand ram[] = { { "a", 512 * MIB, 2 * MIB },
					   { "b", 512 * MIB, 2 * MIB } };
	const struct gpal_alloc_input input = { .ram = ram, .ram_count = 2 };

	EXPECT_MAP(&input, { "a", 0, 512 * MIB }, { "b", 512 * MIB, 1 * GIB });
}
END_TEST

START_TEST(ram_never_goes_back_to_a_hole_it_passed)
{
	const struct gpal_pinned fixed[] = { { "hole", { 512 * MIB, 513 * MIB } } };
	const struct gpal_demand ram[] = { { "big", 1 * GIB, GIB }, { "small", 2 * MIB, 2 * MIB } };
	const struct gpal_alloc_input input = {
		.fixed = fixed, .fixed_count = 1, .ram = ram, .ram_count = 2
	};

	EXPECT_MAP(&input, { "hole", 512 * MIB, 513 * MIB }, { "big", 1 * GIB, 2 * GIB },
		   { "small", 2 * GIB, 2 * GIB + 2 * MIB });
}
END_TEST

START_TEST(the_last_extent_of_ram_takes_exactly_what_is_left)
{
	const struct gpal_pinned fixed[] = { { "hole", { 3 * MIB, 4 * MIB } } };
	const struct gpal_demand ram[] = { { "ram", 3 * MIB + PAGE, 2 * MIB } };
	const struct gpal_alloc_input input = {
		.fixed = fixed, .fixed_count = 1, .ram = ram, .ram_count = 1
	};

	EXPECT_MAP(&input, { "ram", 0, 2 * MIB }, { "hole", 3 * MIB, 4 * MIB },
		   { "ram", 4 * MIB, 5 * MIB + PAGE });
}
END_TEST

START_TEST(mmio32_fills_from_4_gib_down)
{
	const struct gpal_demand mmio32[] = { { "a", 64 * KIB, PAGE }, { "b", PAGE, PAGE } };
	const struct gpal_alloc_input input = { .mmio32 = mmio32, .mmio32_count = 2 };

	EXPECT_MAP(&input, { "b", 4 * GIB - 64 * KIB - PAGE, 4 * GIB - 64 * KIB },
		   { "a", 4 * GIB - 64 * KIB, 4 * GIB });
}
END_TEST

START_TEST(windows_are_placed_by_alignment_then_size_then_caller_order)
{
	const struct gpal_demand mmio64[] = {
		{ "small-a", PAGE, PAGE },
		{ "small-b", PAGE, PAGE },
		{ "large", 2 * PAGE, PAGE },
		{ "aligned", PAGE, 2 * MIB },
	};
	const struct gpal_alloc_input input = { .mmio64 = mmio64, .mmio64_count = 4 };

	EXPECT_MAP(&input, { "aligned", 4 * GIB, 4 * GIB + PAGE },
		   { "large", 4 * GIB + PAGE, 4 * GIB + 3 * PAGE },
		   { "small-a", 4 * GIB + 3 * PAGE, 4 * GIB + 4 * PAGE },
		   { "small-b", 4 * GIB + 4 * PAGE, 4 * GIB + 5 * PAGE });
}
END_TEST

START_TEST(top_down_reuses_the_tail_above_an_aligned_window)
{
	/* The space ends 12 KiB above a 16 KiB boundary. */
	const uint64_t end = 4 * GIB - PAGE;
	const struct gpal_pinned fixed[] = { { "end", { end, 4 * GIB } } };
	const struct gpal_demand mmio32[] = {
		{ "large", 16 * KIB, 16 * KIB },
		{ "tail", 12 * KIB, 16 * KIB },
		{ "below", 8 * KIB, 16 * KIB },
	};
	const struct gpal_alloc_input input = {
		.fixed = fixed, .fixed_count = 1, .mmio32 = mmio32, .mmio32_count = 3
	};

	EXPECT_MAP(&input, { "below", 4 * GIB - 48 * KIB, 4 * GIB - 40 * KIB },
		   { "large", 4 * GIB - 32 * KIB, 4 * GIB - 16 * KIB },
		   { "tail", 4 * GIB - 16 * KIB, end }, { "end", end, 4 * GIB });
}
END_TEST

START_TEST(a_free_range_across_4_gib_counts_only_below_it)
{
	const struct gpal_demand mmio32[] = { { "window", 1 * GIB, GIB } };
	const struct gpal_pinned fixed[] = { { "low", { 0, 3 * GIB } } };
	struct gpal_alloc_input input = {
		.fixed = fixed, .fixed_count = 1, .mmio32 = mmio32, .mmio32_count = 1
	};
	const struct gpal_pinned tighter[] = { { "low", { 0, 3 * GIB + PAGE } } };
	struct gpal_error error;

	EXPECT_MAP(&input, { "low", 0, 3 * GIB }, { "window", 3 * GIB, 4 * GIB });
	input.fixed = tighter;
	error = expect_error(&input, GPAL_E_EXHAUSTED);
	ck_assert_uint_eq(error.free_space, GIB - PAGE);
	ck_assert_uint_eq(error.largest_fit, 0);
}
END_TEST

START_TEST(mmio64_starts_above_ram_and_4_gib)
{
	const struct gpal_demand ram[] = { { "ram", 5 * GIB, GIB } };
	const struct gpal_demand mmio64[] = { { "window", 2 * MIB, 2 * MIB } };
	struct gpal_alloc_input input = {
		.ram = ram, .ram_count = 1, .mmio64 = mmio64, .mmio64_count = 1
	};

	EXPECT_MAP(&input, { "ram", 0, 5 * GIB }, { "window", 5 * GIB, 5 * GIB + 2 * MIB });
	input.ram_count = 0;
	EXPECT_MAP(&input, { "window", 4 * GIB, 4 * GIB + 2 * MIB });
}
END_TEST

START_TEST(post_mmio_goes_above_everything_in_caller_order)
{
	const struct gpal_pinned fixed[] = { { "high", { 16 * GIB, 17 * GIB } } };
	const struct gpal_demand post[] = { { "first", PAGE, PAGE },
					    { "second", 2 * MIB, 2 * MIB },
					    { "third", PAGE, PAGE } };
	const struct gpal_alloc_input input = {
		.fixed = fixed, .fixed_count = 1, .post_mmio = post, .post_mmio_count = 3
	};

	EXPECT_MAP(&input, { "high", 16 * GIB, 17 * GIB }, { "first", 17 * GIB, 17 * GIB + PAGE },
		   { "second", 17 * GIB + 2 * MIB, 17 * GIB + 4 * MIB },
		   { "third", 17 * GIB + 4 * MIB, 17 * GIB + 4 * MIB + PAGE });
}
END_TEST

START_TEST(a_high_reserved_hole_does_not_lift_post_mmio)
{
	const struct gpal_pinned reserved[] = { { "hole", { 1012 * GIB, 1024 * GIB } } };
	const struct gpal_demand ram[] = { { "ram", 1 * GIB, GIB } };
	const struct gpal_demand post[] = { { "post", 2 * MIB, 2 * MIB } };
	const struct gpal_alloc_input input = { .reserved = reserved,
						.reserved_count = 1,
						.ram = ram,
						.ram_count = 1,
						.post_mmio = post,
						.post_mmio_count = 1 };

	EXPECT_MAP(&input, { "ram", 0, 1 * GIB }, { "post", 1 * GIB, 1 * GIB + 2 * MIB });
}
END_TEST

START_TEST(reserved_ranges_above_the_last_real_range_are_omitted)
{
	const struct gpal_pinned reserved[] = { { "between", { 1 * GIB, 2 * GIB } },
						{ "behind", { 8 * GIB, 9 * GIB } } };
	const struct gpal_demand ram[] = { { "ram", 2 * GIB, GIB } };
	const struct gpal_alloc_input input = {
		.reserved = reserved, .reserved_count = 2, .ram = ram, .ram_count = 1
	};

	EXPECT_MAP(&input, { "ram", 0, 1 * GIB }, { "between", 1 * GIB, 2 * GIB },
		   { "ram", 2 * GIB, 3 * GIB });
}
END_TEST

START_TEST(an_empty_input_gives_an_empty_map)
{
	const struct gpal_alloc_input input = { 0 };

	expect_map(&input, NULL, 0);
}
END_TEST

START_TEST(the_whole_space_can_be_placed)
{
	const struct gpal_demand ram[] = { { "ram", GPAL_SPACE_END, PAGE } };
	const struct gpal_alloc_input input = { .ram = ram, .ram_count = 1 };

	EXPECT_MAP(&input, { "ram", 0, GPAL_SPACE_END });
}
END_TEST

START_TEST(tags_are_copied)
{
	char tag[] = "mutable";
	const struct gpal_demand ram[] = { { tag, PAGE, PAGE } };
	const struct gpal_alloc_input input = { .ram = ram, .ram_count = 1 };
	struct gpal_map *map;

	ck_assert_int_eq(gpal_allocate(&input, &map, NULL), 0);
	memset(tag, 'x', sizeof(tag) - 1);
	ck_assert_str_eq(map->entries[0].tag, "mutable");
	gpal_map_free(map);
	gpal_map_free(NULL);
}
END_TEST

/* Errors. */

START_TEST(exhausted_says_what_was_free)
{
	const struct gpal_pinned reserved[] = { { "r", { 4 * MIB, 6 * MIB } },
						{ "s", { 16 * MIB, GPAL_SPACE_END } } };
	const struct gpal_demand ram[] = { { "a", 1 * MIB, PAGE }, { "b", 15 * MIB, 2 * MIB } };
	const struct gpal_alloc_input input = {
		.reserved = reserved, .reserved_count = 2, .ram = ram, .ram_count = 2
	};
	struct gpal_error error = expect_error(&input, GPAL_E_EXHAUSTED);

	ck_assert_str_eq(error.tag, "b");
	ck_assert_uint_eq(error.size, 15 * MIB);
	ck_assert_uint_eq(error.alignment, 2 * MIB);
	ck_assert_int_eq(error.phase, GPAL_KIND_RAM);
	ck_assert_uint_eq(error.free_space, 13 * MIB);
	ck_assert_uint_eq(error.largest_fit, 10 * MIB);
	ck_assert_int_eq(error.subject, GPAL_SUBJECT_ALLOC_RAM);
	ck_assert_uint_eq(error.index, 1);
}
END_TEST

START_TEST(overlap_names_both)
{
	const struct gpal_pinned reserved[] = { { "r", { 8 * MIB, 16 * MIB } } };
	const struct gpal_pinned fixed[] = { { "far", { GIB, 2 * GIB } },
					     { "f", { 4 * MIB, 9 * MIB } } };
	const struct gpal_alloc_input input = {
		.reserved = reserved, .reserved_count = 1, .fixed = fixed, .fixed_count = 2
	};
	struct gpal_error error = expect_error(&input, GPAL_E_OVERLAP);

	ck_assert_str_eq(error.tag, "r");
	ck_assert_uint_eq(error.range.start, 8 * MIB);
	ck_assert_uint_eq(error.range.end, 16 * MIB);
	ck_assert_str_eq(error.other_tag, "f");
	ck_assert_uint_eq(error.other_range.start, 4 * MIB);
	ck_assert_uint_eq(error.other_range.end, 9 * MIB);
}
END_TEST

START_TEST(touching_ranges_do_not_overlap)
{
	const struct gpal_pinned fixed[] = { { "a", { 0, MIB } }, { "b", { MIB, 2 * MIB } } };
	const struct gpal_alloc_input input = { .fixed = fixed, .fixed_count = 2 };

	EXPECT_MAP(&input, { "a", 0, MIB }, { "b", MIB, 2 * MIB });
}
END_TEST

static const struct {
	struct gpal_range range;
	int code;
} bad_pinned[] = {
	{ { 0x1000, 0x1000 }, GPAL_E_INVALID_SIZE },
	{ { 0x2000, 0x1000 }, GPAL_E_INVALID_SIZE },
	{ { 0x1000, 0x1800 }, GPAL_E_INVALID_SIZE },
	{ { 0x1800, 0x2800 }, GPAL_E_INVALID_ALIGNMENT },
	{ { 0x1000, GPAL_SPACE_END + 1 }, GPAL_E_OUT_OF_RANGE },
	{ { 0x1000, UINT64_MAX }, GPAL_E_OUT_OF_RANGE },
};

START_TEST(bad_pinned_ranges_are_refused)
{
	const struct gpal_pinned pinned[] = { { "pin", bad_pinned[_i].range } };
	const struct gpal_alloc_input as_fixed = { .fixed = pinned, .fixed_count = 1 };
	const struct gpal_alloc_input as_reserved = { .reserved = pinned, .reserved_count = 1 };

	ck_assert_int_eq(expect_error(&as_fixed, bad_pinned[_i].code).subject,
			 GPAL_SUBJECT_ALLOC_FIXED);
	ck_assert_int_eq(expect_error(&as_reserved, bad_pinned[_i].code).subject,
			 GPAL_SUBJECT_ALLOC_RESERVED);
}
END_TEST

static const struct {
	uint64_t size, alignment;
	int code;
} bad_demands[] = {
	{ 0, PAGE, GPAL_E_INVALID_SIZE },
	{ 1, PAGE, GPAL_E_INVALID_SIZE },
	{ PAGE + 1, PAGE, GPAL_E_INVALID_SIZE },
	{ UINT64_MAX, PAGE, GPAL_E_INVALID_SIZE },
	{ PAGE, 0, GPAL_E_INVALID_ALIGNMENT },
	{ PAGE, 2048, GPAL_E_INVALID_ALIGNMENT },
	{ PAGE, 3 * PAGE, GPAL_E_INVALID_ALIGNMENT },
	{ 0, 0, GPAL_E_INVALID_SIZE },
};

START_TEST(bad_demands_are_refused_in_every_list)
{
	const struct gpal_demand demand = { "d", bad_demands[_i].size, bad_demands[_i].alignment };
	const struct gpal_alloc_input inputs[] = {
		{ .mmio32 = &demand, .mmio32_count = 1 },
		{ .ram = &demand, .ram_count = 1 },
		{ .mmio64 = &demand, .mmio64_count = 1 },
		{ .post_mmio = &demand, .post_mmio_count = 1 },
	};
	const enum gpal_subject subjects[] = {
		GPAL_SUBJECT_ALLOC_MMIO32,
		GPAL_SUBJECT_ALLOC_RAM,
		GPAL_SUBJECT_ALLOC_MMIO64,
		GPAL_SUBJECT_ALLOC_POST_MMIO,
	};

	for (int i = 0; i < COUNT_OF(inputs); i++)
		ck_assert_int_eq(expect_error(&inputs[i], bad_demands[_i].code).subject,
				 subjects[i]);
}
END_TEST

START_TEST(all_validation_precedes_all_placement)
{
	const struct gpal_demand too_large[] = { { "large", 8 * GIB, GIB } };
	const struct gpal_demand bad[] = { { "bad", 1, PAGE } };
	const struct gpal_alloc_input input = {
		.mmio32 = too_large, .mmio32_count = 1, .post_mmio = bad, .post_mmio_count = 1
	};

	ck_assert_str_eq(expect_error(&input, GPAL_E_INVALID_SIZE).tag, "bad");
}
END_TEST

START_TEST(lists_have_a_maximum_length)
{
	const struct gpal_demand demand = { "d", PAGE, PAGE };
	const struct gpal_pinned pinned = { .tag = "d" };
	const size_t count = GPAL_ALLOC_MAX + 1;
	const struct {
		struct gpal_alloc_input input;
		const char *kind;
	} cases[] = {
		{ { .reserved = &pinned, .reserved_count = count }, "reserved" },
		{ { .fixed = &pinned, .fixed_count = count }, "fixed" },
		{ { .mmio32 = &demand, .mmio32_count = count }, "mmio32" },
		{ { .ram = &demand, .ram_count = count }, "ram" },
		{ { .mmio64 = &demand, .mmio64_count = count }, "mmio64" },
		{ { .post_mmio = &demand, .post_mmio_count = count }, "post_mmio" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct gpal_error error = expect_error(&cases[i].input, GPAL_E_OUT_OF_RANGE);

		ck_assert_msg(strstr(error.message, cases[i].kind), "%s", error.message);
	}
}
END_TEST

START_TEST(every_code_has_a_token_and_a_text)
{
	for (int code = 0; code > -GPAL_CODE_COUNT; code--) {
		ck_assert_str_ne(gpal_code_token(code), "");
		ck_assert_str_ne(gpal_code_text(code), "");
	}
	ck_assert_str_eq(gpal_code_token(GPAL_OK), "ok");
	ck_assert_str_eq(gpal_code_token(GPAL_E_OVERLAP), "overlap");
	ck_assert_str_eq(gpal_code_token(1), "internal");
	ck_assert_str_eq(gpal_code_token(-GPAL_CODE_COUNT), "internal");
	ck_assert_ptr_null(gpal_kind_name(GPAL_KIND_COUNT));
	ck_assert_ptr_null(gpal_change_name(GPAL_CHANGE_COUNT));
	ck_assert_ptr_null(gpal_change_name((enum gpal_change_kind) - 1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("allocator");

	add_test(suite, "ram", ram_splits_around_a_fixed_hole);
	add_test(suite, "ram", ram_keeps_its_alignment_above_a_small_hole);
	add_test(suite, "ram", small_nodes_are_adjacent);
	add_test(suite, "ram", ram_never_goes_back_to_a_hole_it_passed);
	add_test(suite, "ram", the_last_extent_of_ram_takes_exactly_what_is_left);
	add_test(suite, "windows", mmio32_fills_from_4_gib_down);
	add_test(suite, "windows", windows_are_placed_by_alignment_then_size_then_caller_order);
	add_test(suite, "windows", top_down_reuses_the_tail_above_an_aligned_window);
	add_test(suite, "windows", a_free_range_across_4_gib_counts_only_below_it);
	add_test(suite, "windows", mmio64_starts_above_ram_and_4_gib);
	add_test(suite, "post_mmio", post_mmio_goes_above_everything_in_caller_order);
	add_test(suite, "post_mmio", a_high_reserved_hole_does_not_lift_post_mmio);
	add_test(suite, "map", reserved_ranges_above_the_last_real_range_are_omitted);
	add_test(suite, "map", an_empty_input_gives_an_empty_map);
	add_test(suite, "map", the_whole_space_can_be_placed);
	add_test(suite, "map", tags_are_copied);
	add_test(suite, "errors", exhausted_says_what_was_free);
	add_test(suite, "errors", overlap_names_both);
	add_test(suite, "errors", touching_ranges_do_not_overlap);
	add_rows(suite, "errors", bad_pinned_ranges_are_refused, COUNT_OF(bad_pinned));
	add_rows(suite, "errors", bad_demands_are_refused_in_every_list, COUNT_OF(bad_demands));
	add_test(suite, "errors", all_validation_precedes_all_placement);
	add_test(suite, "errors", lists_have_a_maximum_length);
	add_test(suite, "errors", every_code_has_a_token_and_a_text);
	return run_suite(suite);
}
