/* SPDX-License-Identifier: MIT */
/* Runs the suite of a unit test program, with TAP on standard output. A run without tests fails. */
#ifndef GPALD_TESTS_UNIT_SUITE_H
#define GPALD_TESTS_UNIT_SUITE_H

#include "wire/json_write.h"

#include <check.h>

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner) > 0 || srunner_ntests_run(runner) == 0;
	srunner_free(runner);
	return failed;
}

/* Adds a test case that runs `function` once for each row; the row is _i. */
static inline void add_rows(Suite *suite, const char *name, const TTest *function, int rows)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 0);
	tcase_add_loop_test(tcase, function, 0, rows);
	suite_add_tcase(suite, tcase);
}

static inline void add_test(Suite *suite, const char *name, const TTest *function)
{
	add_rows(suite, name, function, 1);
}

/* Compares what was written, and clears the writer. */
static inline void assert_written(struct gpald_writer *w, const char *expected)
{
	ck_assert(!w->failed);
	ck_assert_uint_eq(w->text.length, strlen(expected));
	ck_assert_mem_eq(w->text.data, expected, w->text.length);
	gpald_writer_clear(w);
}

#endif
