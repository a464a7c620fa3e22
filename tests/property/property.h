/* SPDX-License-Identifier: MIT */
/*
 * What the suites of the property test share: rounds and their seeds, failing
 * with the input at hand, comparing answers, and counting what has occurred.
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

/* PROPERTY_SEED and PROPERTY_ROUNDS of the environment; round i has seed + i. */
uint64_t first_seed(void);
uint64_t round_count(void);

/* From this many rounds on, everything a suite names has to have occurred. */
#define ROUNDS_FOR_COVERAGE 20000

/* The input a round is about; what does not apply is NULL. For fail_round() alone. */
struct round {
	uint64_t seed;
	const struct gpal_alloc_input *input;
	const struct gpal_request *request;
	const struct gpal_request *before; /* of an update: what the live layout was made of */
};

/* Prints the seed and the input on stderr and ends the test. */
void fail_round(const struct round *round, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* Each fails the round if the two differ in anything but their addresses. */
void compare_maps(const struct round *round, const struct gpal_map *expected,
		  const struct gpal_map *actual);
void compare_layouts(const struct round *round, const struct gpal_layout *expected,
		     const struct gpal_layout *actual);
void compare_errors(const struct round *round, const struct gpal_error *expected,
		    const struct gpal_error *actual);

/* As compare_layouts(), and digest and warnings of a request that the oracle has resolved. */
void compare_layout_with_oracle(const struct round *round, const struct oracle *oracle,
				const struct gpal_layout *actual);

/* As the oracle foretells, with what it leaves open checked against the input. */
void compare_error_with_oracle(const struct round *round, const struct oracle *oracle, int code,
			       const struct gpal_error *actual);

/*
 * The promises of the allocator that need no second opinion: nothing overlaps,
 * everything is aligned and in the region of its phase, RAM is exact and in
 * order, the map is sorted and ends with a range that is not reserved.
 */
void check_map(const struct round *round, const struct oracle *items, const struct gpal_map *map);

/* One thing that has to occur, and how often it did. */
struct sight {
	const char *name;
	size_t count;
};

/* Fails the test if one of them never occurred in a run long enough to expect it. */
void check_coverage(const char *what, const struct sight *sights, size_t count);

Suite *allocate_suite(void);
Suite *resolve_suite(void);
Suite *update_suite(void);
Suite *compare_suite(void);
Suite *explain_suite(void);
Suite *sizing_suite(void);

#endif
