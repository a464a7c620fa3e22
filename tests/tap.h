/* SPDX-License-Identifier: MIT */
/*
 * Test Anything Protocol for tests that are not check suites, because their test cases come from
 * data files.
 */
#ifndef GPALD_TESTS_TAP_H
#define GPALD_TESTS_TAP_H

#include <stdbool.h>
#include <stdio.h>

struct tap {
	unsigned int run;
	unsigned int failed;
};

static inline void tap_report(struct tap *tap, bool ok, const char *name)
{
	tap->run++;
	tap->failed += !ok;
	printf("%s %u - %s\n", ok ? "ok" : "not ok", tap->run, name);
}

/* Prints the plan and returns the exit status. A run without test cases fails. */
static inline int tap_finish(const struct tap *tap)
{
	printf("1..%u\n", tap->run);
	return tap->failed > 0 || tap->run == 0;
}

#endif
