/* SPDX-License-Identifier: MIT */
/*
 * Shared by the suites of the property test: rounds and their seeds, failures that print the input,
 * comparison of answers, and counts of what has occurred.
 */
#ifndef PROPERTY_PROPERTY_H
#define PROPERTY_PROPERTY_H

#include "inputs.h"
#include "oracle.h"

#include <check.h>
#include <gpalayout/gpalayout.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* PROPERTY_SEED and PROPERTY_ROUNDS from the environment. Round i has the seed first_seed() + i. */
uint64_t first_seed(void);
uint64_t round_count(void);

/* From this many rounds on, every feature that a suite names must occur. */
#define ROUNDS_FOR_COVERAGE 20000

/* The input of a round, for fail_round(). Members that do not apply are NULL. */
struct round {
	uint64_t seed;
	const struct gpal_alloc_input *input;
	const struct gpal_request *request;
	const struct gpal_request *before; /* of an update: the request of the live layout */
};

/* Prints the seed and the input on stderr, and fails the test. */
void fail_round(const struct round *round, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/*
 * Each fails the round if the two differ. None compares `kept` of a map. compare_layouts() skips
 * the warnings. compare_errors() skips the code, the message, and the members fit, below, above,
 * largest_size, largest_size_of, alignment_gap and equal_share.
 */
void compare_maps(const struct round *round, const struct gpal_map *expected,
		  const struct gpal_map *actual);
void compare_layouts(const struct round *round, const struct gpal_layout *expected,
		     const struct gpal_layout *actual);
void compare_errors(const struct round *round, const struct gpal_error *expected,
		    const struct gpal_error *actual);

/*
 * Does what compare_layouts() does for a request that the oracle has resolved, and also compares
 * the digest and the warnings.
 */
void compare_layout_with_oracle(const struct round *round, const struct oracle *oracle,
				const struct gpal_layout *actual);

/*
 * Compares an error with the oracle's prediction, and with the input where the oracle leaves the
 * error open.
 */
void compare_error_with_oracle(const struct round *round, const struct oracle *oracle, int code,
			       const struct gpal_error *actual);

/*
 * The promises of the allocator that need no oracle: nothing overlaps, everything is aligned and in
 * the region of its phase, RAM is exact and in order, the map is sorted and ends with a range that
 * is not reserved.
 */
void check_map(const struct round *round, const struct oracle *items, const struct gpal_map *map);

/* A feature that must occur, and how often it did. */
struct feature_count {
	const char *name;
	size_t count;
};

/* Fails the test if a feature never occurred in a run that is long enough. */
void check_coverage(const char *what, const struct feature_count *features, size_t count);

Suite *allocate_suite(void);
Suite *resolve_suite(void);
Suite *update_suite(void);
Suite *compare_suite(void);
Suite *explain_suite(void);
Suite *sizing_suite(void);

#endif
