/* SPDX-License-Identifier: MIT */
/* The bucket that counts a time, and the form of a histogram. */
#include "config.h"

#include "server/statistics.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

static const struct {
	uint64_t us;
	unsigned int bucket;
} times[] = {
	{ 0, 0 },
	{ 1, 0 },
	{ 2, 1 },
	{ 3, 2 },
	{ 4, 2 },
	{ 5, 3 },
	{ 8, 3 },
	{ 9, 4 },
	{ 1024, 10 },
	{ 1025, 11 },
	{ UINT64_C(1) << 30, 30 },
	{ (UINT64_C(1) << 30) + 1, 31 },
	{ UINT64_C(1) << 31, 31 },
	/* The last bucket also counts all longer times. */
	{ (UINT64_C(1) << 31) + 1, 31 },
	{ UINT64_C(1) << 32, 31 },
	{ (UINT64_C(1) << 63) + 1, 31 },
	{ UINT64_MAX, 31 },
};

START_TEST(a_time_counts_in_the_least_bucket_that_holds_it)
{
	struct gpald_histogram histogram = { 0 };

	gpald_histogram_add(&histogram, times[_i].us);
	for (unsigned int i = 0; i < GPALD_HISTOGRAM_BUCKETS; i++)
		ck_assert_uint_eq(histogram.buckets[i], i == times[_i].bucket);
	ck_assert_uint_eq(histogram.count, 1);
	ck_assert_uint_eq(histogram.sum, times[_i].us);
	ck_assert_uint_eq(histogram.max, times[_i].us);
}
END_TEST

START_TEST(times_add_up)
{
	struct gpald_histogram histogram = { 0 };

	for (uint64_t us = 0; us <= 100; us++)
		gpald_histogram_add(&histogram, 100 - us);
	ck_assert_uint_eq(histogram.count, 101);
	ck_assert_uint_eq(histogram.sum, 5050);
	ck_assert_uint_eq(histogram.max, 100);
	ck_assert_uint_eq(histogram.buckets[0], 2);
	ck_assert_uint_eq(histogram.buckets[1], 1);
	ck_assert_uint_eq(histogram.buckets[2], 2);
	ck_assert_uint_eq(histogram.buckets[6], 32);
	ck_assert_uint_eq(histogram.buckets[7], 36);
	ck_assert_uint_eq(histogram.buckets[8], 0);
}
END_TEST

static void assert_histogram_written(const struct gpald_histogram *histogram, const char *expected)
{
	struct gpald_writer w = { 0 };

	gpald_write_object(&w, NULL);
	gpald_write_histogram(&w, "h", histogram);
	gpald_write_object_end(&w);
	assert_written(&w, expected);
}

START_TEST(empty_buckets_are_left_out)
{
	struct gpald_histogram histogram = { 0 };

	assert_histogram_written(&histogram,
				 "{\"h\":{\"count\":0,\"sum_us\":0,\"max_us\":0,\"buckets\":[]}}");
	gpald_histogram_add(&histogram, 0);
	gpald_histogram_add(&histogram, 3);
	gpald_histogram_add(&histogram, 4);
	gpald_histogram_add(&histogram, UINT64_C(1) << 31);
	assert_histogram_written(
		&histogram,
		"{\"h\":{\"count\":4,\"sum_us\":2147483655,\"max_us\":2147483648,\"buckets\":["
		"{\"le_us\":1,\"count\":1},{\"le_us\":4,\"count\":2},"
		"{\"le_us\":2147483648,\"count\":1}]}}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("statistics");

	add_rows(suite, "histogram", a_time_counts_in_the_least_bucket_that_holds_it,
		 COUNT_OF(times));
	add_test(suite, "histogram", times_add_up);
	add_test(suite, "histogram", empty_buckets_are_left_out);
	return run_suite(suite);
}
