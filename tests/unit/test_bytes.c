/* SPDX-License-Identifier: MIT */
/* How a buffer grows, and that it stays unchanged if it cannot grow. */
#include "config.h"

#include "core/bytes.h"
#include "tests/unit/suite.h"

#include <stdint.h>

static const struct {
	size_t first, more, capacity;
} steps[] = {
	{ 1, 0, 64 },   { 64, 0, 64 }, { 64, 1, 128 },
	{ 65, 0, 128 }, { 1, 63, 64 }, { 10, 1000, 1024 },
};

START_TEST(the_capacity_doubles_until_the_bytes_fit)
{
	const char text[1024] = "";
	struct gpald_bytes bytes = { 0 };

	ck_assert(gpald_bytes_append(&bytes, text, steps[_i].first, 64));
	ck_assert(gpald_bytes_append(&bytes, text, steps[_i].more, 64));
	ck_assert_uint_eq(bytes.length, steps[_i].first + steps[_i].more);
	ck_assert_uint_eq(bytes.capacity, steps[_i].capacity);
	gpald_bytes_free(&bytes);
	ck_assert_ptr_null(bytes.data);
	ck_assert_uint_eq(bytes.length + bytes.capacity, 0);
}
END_TEST

START_TEST(appended_bytes_follow_earlier_ones)
{
	struct gpald_bytes bytes = { 0 };

	ck_assert(gpald_bytes_append(&bytes, "", 0, 2));
	ck_assert_ptr_null(bytes.data);
	for (int i = 0; i < 1000; i++)
		ck_assert(gpald_bytes_append(&bytes, &"abcd"[i % 4], 1, 2));
	ck_assert(gpald_bytes_reserve(&bytes, 5000, 2));
	ck_assert_uint_eq(bytes.length, 1000);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(bytes.data[i], "abcd"[i % 4]);
	gpald_bytes_free(&bytes);
}
END_TEST

static const size_t rooms[] = { SIZE_MAX, SIZE_MAX - 3, SIZE_MAX / 2, SIZE_MAX / 4 };

START_TEST(a_size_beyond_memory_is_refused)
{
	struct gpald_bytes bytes = { 0 };

	ck_assert(gpald_bytes_append(&bytes, "abc", 3, 16));
	ck_assert(!gpald_bytes_reserve(&bytes, rooms[_i], 16));
	ck_assert_uint_eq(bytes.length, 3);
	ck_assert_uint_eq(bytes.capacity, 16);
	ck_assert_mem_eq(bytes.data, "abc", 3);
	gpald_bytes_free(&bytes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bytes");

	add_rows(suite, "growth", the_capacity_doubles_until_the_bytes_fit, COUNT_OF(steps));
	add_test(suite, "growth", appended_bytes_follow_earlier_ones);
	add_rows(suite, "growth", a_size_beyond_memory_is_refused, COUNT_OF(rooms));
	return run_suite(suite);
}
