/* SPDX-License-Identifier: MIT */
/* Tests the promises of gpal_allocate(). */
#include "property.h"

#include <string.h>

/* One round in LARGE_EVERY is large, LARGE_SCALE times as large as the others. */
#define LARGE_EVERY 50
#define LARGE_SCALE 16

enum seen {
	ALLOCATED,
	OUT_OF_RANGE,
	INVALID_SIZE,
	INVALID_ALIGNMENT_PIN,
	INVALID_ALIGNMENT_DEMAND,
	OVERLAP,
	NO_MMIO32,
	NO_RAM,
	NO_MMIO64,
	NO_POST_MMIO,
	NO_FIT_AT_ALL,
	SOME_FIT,
	RAM_LEFT_OVER,
	LONG_TAG_IN_ERROR,
	EMPTY_MAP,
	RESERVED_KEPT,
	RESERVED_DROPPED,
	RAM_SPLIT,
	RAM_SPLIT_OFTEN,
	RAM_SKIPPED_GAP,
	PIN_ACROSS_4GIB,
	RAM_ACROSS_4GIB,
	PIN_AT_SPACE_END,
	PLACED_AT_SPACE_END,
	MMIO32_IN_GAP_ACROSS_4GIB,
	MMIO32_TIE,
	MMIO64_AT_4GIB,
	MMIO64_ABOVE_RAM,
	ALIGNED_2_40,
	ALIGNED_2_63,
	PLACED_2_62,
	MANY_RANGES,
	SEEN_COUNT
};

static const struct feature_count features[SEEN_COUNT] = {
	[ALLOCATED] = { .name = "success" },
	[OUT_OF_RANGE] = { .name = "out_of_range" },
	[INVALID_SIZE] = { .name = "invalid_size" },
	[INVALID_ALIGNMENT_PIN] = { .name = "invalid_alignment of a pinned range" },
	[INVALID_ALIGNMENT_DEMAND] = { .name = "invalid_alignment of a demand" },
	[OVERLAP] = { .name = "overlap" },
	[NO_MMIO32] = { .name = "exhausted, mmio32" },
	[NO_RAM] = { .name = "exhausted, ram" },
	[NO_MMIO64] = { .name = "exhausted, mmio64" },
	[NO_POST_MMIO] = { .name = "exhausted, post_mmio" },
	[NO_FIT_AT_ALL] = { .name = "largest_fit of 0" },
	[SOME_FIT] = { .name = "largest_fit above 0" },
	[RAM_LEFT_OVER] = { .name = "ram exhausted with something left" },
	[LONG_TAG_IN_ERROR] = { .name = "error with a cut tag" },
	[EMPTY_MAP] = { .name = "empty map" },
	[RESERVED_KEPT] = { .name = "reserved range reported" },
	[RESERVED_DROPPED] = { .name = "trailing reserved range dropped" },
	[RAM_SPLIT] = { .name = "ram split" },
	[RAM_SPLIT_OFTEN] = { .name = "ram in more than 4 extents" },
	[RAM_SKIPPED_GAP] = { .name = "gap too short for ram" },
	[PIN_ACROSS_4GIB] = { .name = "pinned range across 4 GiB" },
	[RAM_ACROSS_4GIB] = { .name = "ram across 4 GiB" },
	[PIN_AT_SPACE_END] = { .name = "pinned range at the end of the space" },
	[PLACED_AT_SPACE_END] = { .name = "demand at the end of the space" },
	[MMIO32_IN_GAP_ACROSS_4GIB] = { .name = "mmio32 from a gap across 4 GiB" },
	[MMIO32_TIE] = { .name = "mmio32 demands alike" },
	[MMIO64_AT_4GIB] = { .name = "mmio64 at 4 GiB" },
	[MMIO64_ABOVE_RAM] = { .name = "mmio64 above high ram" },
	[ALIGNED_2_40] = { .name = "alignment of 2^40 or more" },
	[ALIGNED_2_63] = { .name = "alignment of 2^63" },
	[PLACED_2_62] = { .name = "size of 2^62 or more" },
	[MANY_RANGES] = { .name = "more than 100 ranges" },
};

static void look_at_error(struct feature_count *seen, const struct oracle *oracle)
{
	static const enum seen phases[GPAL_KIND_COUNT] = {
		[GPAL_KIND_MMIO32] = NO_MMIO32,
		[GPAL_KIND_RAM] = NO_RAM,
		[GPAL_KIND_MMIO64] = NO_MMIO64,
		[GPAL_KIND_POST_MMIO] = NO_POST_MMIO,
	};
	const struct gpal_error *error = &oracle->error;

	seen[LONG_TAG_IN_ERROR].count += strlen(error->tag) == GPAL_ERROR_TAG_MAX;
	switch (error->code) {
	case GPAL_E_OUT_OF_RANGE:
		seen[OUT_OF_RANGE].count++;
		break;
	case GPAL_E_INVALID_SIZE:
		seen[INVALID_SIZE].count++;
		break;
	case GPAL_E_INVALID_ALIGNMENT:
		seen[oracle->alignment_open ? INVALID_ALIGNMENT_PIN : INVALID_ALIGNMENT_DEMAND]
			.count++;
		break;
	case GPAL_E_OVERLAP:
		seen[OVERLAP].count++;
		break;
	case GPAL_E_EXHAUSTED:
		seen[phases[error->phase]].count++;
		seen[error->largest_fit ? SOME_FIT : NO_FIT_AT_ALL].count++;
		seen[RAM_LEFT_OVER].count += error->phase == GPAL_KIND_RAM &&
					     error->largest_fit > 0;
		break;
	default:
		break;
	}
}

/* Returns the requested alignment of an entry; 0 for a pinned range. */
static uint64_t alignment_of(const struct gpal_alloc_input *input,
			     const struct gpal_map_entry *entry)
{
	switch (entry->kind) {
	case GPAL_KIND_MMIO32:
		return input->mmio32[entry->index].alignment;
	case GPAL_KIND_RAM:
		return input->ram[entry->index].alignment;
	case GPAL_KIND_MMIO64:
		return input->mmio64[entry->index].alignment;
	case GPAL_KIND_POST_MMIO:
		return input->post_mmio[entry->index].alignment;
	default:
		return 0;
	}
}

static void look_at_map(struct feature_count *seen, const struct gpal_alloc_input *input,
			const struct oracle *oracle)
{
	size_t reserved = 0;
	uint64_t end_of_ram = 0;

	seen[ALLOCATED].count++;
	seen[EMPTY_MAP].count += oracle->placed_count == 0;
	seen[MANY_RANGES].count += oracle->placed_count > 100;
	for (size_t i = 0; i < oracle->placed_count; i++) {
		const struct gpal_map_entry *entry = &oracle->placed[i];
		bool pinned = entry->kind == GPAL_KIND_RESERVED || entry->kind == GPAL_KIND_FIXED;
		bool across = entry->range.start < GPAL_4GIB && entry->range.end > GPAL_4GIB;
		uint64_t alignment = alignment_of(input, entry);

		reserved += entry->kind == GPAL_KIND_RESERVED;
		seen[PIN_ACROSS_4GIB].count += pinned && across;
		seen[RAM_ACROSS_4GIB].count += entry->kind == GPAL_KIND_RAM && across;
		if (entry->range.end == GPAL_SPACE_END)
			seen[pinned ? PIN_AT_SPACE_END : PLACED_AT_SPACE_END].count++;
		seen[ALIGNED_2_40].count += alignment >= UINT64_C(1) << 40;
		seen[ALIGNED_2_63].count += alignment == UINT64_C(1) << 63;
		seen[PLACED_2_62].count += !pinned && entry->range.end - entry->range.start >=
							      UINT64_C(1) << 62;

		if (entry->kind == GPAL_KIND_RAM)
			end_of_ram = entry->range.end;
		if (entry->kind == GPAL_KIND_MMIO32 && entry->range.end == GPAL_4GIB &&
		    (i + 1 == oracle->placed_count || entry[1].range.start > GPAL_4GIB))
			seen[MMIO32_IN_GAP_ACROSS_4GIB].count++;
		if (entry->kind == GPAL_KIND_MMIO64) {
			seen[MMIO64_AT_4GIB].count += entry->range.start == GPAL_4GIB;
			seen[MMIO64_ABOVE_RAM].count += end_of_ram > GPAL_4GIB;
		}
	}
	seen[RESERVED_KEPT].count += reserved > 0;
	seen[RESERVED_DROPPED].count += reserved < input->reserved_count;

	for (size_t demand = 0; demand < input->ram_count; demand++) {
		uint64_t end = 0;
		size_t pieces = 0;
		size_t unused = 0; /* gaps since the last piece */

		for (size_t i = 0; i < oracle->placed_count; i++) {
			const struct gpal_map_entry *entry = &oracle->placed[i];
			bool piece = entry->kind == GPAL_KIND_RAM && entry->index == demand;

			unused += pieces > 0 && entry->range.start > end;
			end = entry->range.end;
			if (!piece)
				continue;
			/* Alignment may cut off one gap in front of this piece. */
			seen[RAM_SKIPPED_GAP].count += unused > 1;
			unused = 0;
			pieces++;
		}
		seen[RAM_SPLIT].count += pieces > 1;
		seen[RAM_SPLIT_OFTEN].count += pieces > 4;
	}
	for (size_t i = 1; i < input->mmio32_count; i++)
		seen[MMIO32_TIE].count += input->mmio32[i].size == input->mmio32[i - 1].size &&
					  input->mmio32[i].alignment ==
						  input->mmio32[i - 1].alignment;
}

/* Runs one input through the library and the oracle. Counts in `seen` what occurred. */
static void compare_with_oracle(uint64_t seed, unsigned int scale, struct feature_count *seen)
{
	struct alloc_case *drawn = alloc_case_draw(seed, scale);
	struct alloc_case *given = alloc_case_copy(&drawn->input);
	struct round round = { .seed = seed, .input = &drawn->input };
	struct oracle *oracle = oracle_allocate(&drawn->input);
	struct gpal_map expected = { .entries = oracle->placed, .count = oracle->placed_count };
	struct gpal_error error;
	struct gpal_map *map = NULL;
	int code;

	memset(&error, 0x5a, sizeof(error));
	code = gpal_allocate(&given->input, &map, &error);
	/* The answer owns its tags, so the input may be freed. */
	alloc_case_free(given);
	if (code == GPAL_OK && oracle->error.code == GPAL_OK) {
		compare_maps(&round, &expected, map);
		look_at_map(seen, &drawn->input, oracle);
	} else {
		if (code == GPAL_OK)
			fail_round(&round, "expected %s, got a map",
				   gpal_code_token(oracle->error.code));
		if (map)
			fail_round(&round, "an error and a map");
		compare_error_with_oracle(&round, oracle, code, &error);
		look_at_error(seen, oracle);
	}
	gpal_map_free(map);
	oracle_free(oracle);
	alloc_case_free(drawn);
}

START_TEST(allocates_as_the_naive_oracle_does)
{
	struct feature_count seen[SEEN_COUNT];

	memcpy(seen, features, sizeof(seen));
	for (uint64_t i = 0; i < round_count(); i++)
		compare_with_oracle(first_seed() + i, 1, seen);
	check_coverage("allocate", seen, SEEN_COUNT);
}
END_TEST

/* Thousands of ranges, so that tree structures get more than one level. */
START_TEST(allocates_large_inputs_as_the_naive_oracle_does)
{
	struct feature_count seen[SEEN_COUNT];
	struct feature_count large[] = {
		{ .name = "success" },
		{ .name = "more than 100 ranges" },
	};

	memcpy(seen, features, sizeof(seen));
	for (uint64_t i = 0; i < round_count(); i += LARGE_EVERY)
		compare_with_oracle(first_seed() + i, LARGE_SCALE, seen);
	large[0].count = seen[ALLOCATED].count;
	large[1].count = seen[MANY_RANGES].count;
	check_coverage("allocate, large", large, sizeof(large) / sizeof(large[0]));
}
END_TEST

START_TEST(every_range_is_disjoint_aligned_exact_and_in_its_region)
{
	for (uint64_t i = 0; i < round_count(); i++) {
		struct alloc_case *drawn = alloc_case_draw(first_seed() + i, 1);
		struct round round = { .seed = first_seed() + i, .input = &drawn->input };
		struct gpal_map *map;

		if (gpal_allocate(&drawn->input, &map, NULL) == GPAL_OK) {
			struct oracle *oracle = oracle_allocate(&drawn->input);

			if (oracle->error.code != GPAL_OK)
				fail_round(&round, "expected %s, got a map",
					   gpal_code_token(oracle->error.code));
			check_map(&round, oracle, map);
			oracle_free(oracle);
		}
		gpal_map_free(map);
		alloc_case_free(drawn);
	}
}
END_TEST

START_TEST(the_answer_depends_on_the_input_alone)
{
	for (uint64_t i = 0; i < round_count(); i++) {
		struct alloc_case *drawn = alloc_case_draw(first_seed() + i, 1);
		struct alloc_case *elsewhere = alloc_case_copy(&drawn->input);
		struct round round = { .seed = first_seed() + i, .input = &drawn->input };
		const struct gpal_alloc_input *inputs[] = { &drawn->input, &drawn->input,
							    &elsewhere->input };
		struct gpal_map *maps[3];
		struct gpal_error errors[3];
		int codes[3];

		for (size_t run = 0; run < 3; run++) {
			memset(&errors[run], (int)run, sizeof(errors[run]));
			codes[run] = gpal_allocate(inputs[run], &maps[run], &errors[run]);
			if (codes[run] != codes[0])
				fail_round(&round, "%s, then %s", gpal_code_token(codes[0]),
					   gpal_code_token(codes[run]));
			if (codes[run] == GPAL_OK) {
				compare_maps(&round, maps[0], maps[run]);
				continue;
			}
			compare_errors(&round, &errors[0], &errors[run]);
			if (strcmp(errors[0].message, errors[run].message) != 0)
				fail_round(&round, "\"%s\", then \"%s\"", errors[0].message,
					   errors[run].message);
		}
		for (size_t run = 0; run < 3; run++)
			gpal_map_free(maps[run]);
		alloc_case_free(elsewhere);
		alloc_case_free(drawn);
	}
}
END_TEST

Suite *allocate_suite(void)
{
	Suite *suite = suite_create("allocate");
	TCase *tcase = tcase_create("allocate");

	tcase_set_timeout(tcase, 0);
	tcase_add_test(tcase, allocates_as_the_naive_oracle_does);
	tcase_add_test(tcase, allocates_large_inputs_as_the_naive_oracle_does);
	tcase_add_test(tcase, every_range_is_disjoint_aligned_exact_and_in_its_region);
	tcase_add_test(tcase, the_answer_depends_on_the_input_alone);
	suite_add_tcase(suite, tcase);
	return suite;
}
