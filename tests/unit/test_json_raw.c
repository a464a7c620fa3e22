/* SPDX-License-Identifier: MIT */
/* Finds values in JSON text, and does not read past the end of a truncated text. */
#include "config.h"

#include "tests/unit/suite.h"
#include "wire/json_raw.h"

#include <stdlib.h>
#include <string.h>

static struct gpald_raw value_of(const char *text)
{
	return gpald_raw_value(text, strlen(text));
}

static void assert_raw(struct gpald_raw raw, const char *expected)
{
	ck_assert_msg(raw.length == strlen(expected) && memcmp(raw.text, expected, raw.length) == 0,
		      "%.*s, not %s", (int)raw.length, raw.text, expected);
}

/* `expected` is NULL if there is no such value. */
static const struct {
	const char *text, *name, *expected;
} members[] = {
	{ "{\"a\":1}", "a", "1" },
	{ " { \"a\" :\t1.50 , \"b\" : [ 1 , 2 ] } ", "b", "[ 1 , 2 ]" },
	{ "{\"a\":1.50,\"b\":2}", "a", "1.50" },
	{ "{\"x\":{\"a\":1},\"y\":\"a\",\"z\":[\"a\",{\"a\":2}],\"a\":[3]}", "a", "[3]" },
	{ "{\"a\":\"]}\\\\\\\"\",\"b\":null}", "a", "\"]}\\\\\\\"\"" },
	{ "{\"a\":\"]}\\\\\\\"\",\"b\":null}", "b", "null" },
	{ "{\"ab\":1,\"b\":2}", "b", "2" },
	{ "{\"a\":{}}", "a", "{}" },
	{ "{\"a\":true\n}", "a", "true" },
	{ "{\"\":7}", "", "7" },
	{ "{\"\\u0061\":1}", "a", NULL },
	{ "{\"b\":\"a\"}", "a", NULL },
	{ "{}", "a", NULL },
	{ "[\"a\",1]", "a", NULL },
	{ "\"a\"", "a", NULL },
	{ "7", "a", NULL },
};

START_TEST(a_member_is_found_with_its_exact_text)
{
	struct gpald_raw found = { NULL, 0 };
	const bool is_found =
		gpald_raw_member(value_of(members[_i].text), members[_i].name, &found);

	ck_assert_int_eq(is_found, members[_i].expected != NULL);
	if (is_found)
		assert_raw(found, members[_i].expected);
}
END_TEST

START_TEST(elements_come_in_order)
{
	struct gpald_raw rest = value_of(" [ 1, \"a,]\" ,{\"b\":[]}, [[ ]] ,null ] ");
	static const char *const expected[] = { "1", "\"a,]\"", "{\"b\":[]}", "[[ ]]", "null" };
	struct gpald_raw name, value;

	for (int i = 0; i < COUNT_OF(expected); i++) {
		ck_assert(gpald_raw_next(&rest, &name, &value));
		ck_assert_uint_eq(name.length, 0);
		assert_raw(value, expected[i]);
	}
	ck_assert(!gpald_raw_next(&rest, &name, &value));
	ck_assert(!gpald_raw_next(&rest, NULL, &value));
}
END_TEST

START_TEST(members_come_with_their_names)
{
	struct gpald_raw rest = value_of("{\"a\" : 1, \"b\\\"\":{\"c\":2},\"\":\"\"}");
	struct gpald_raw name, value;

	ck_assert(gpald_raw_next(&rest, &name, &value));
	assert_raw(name, "\"a\"");
	assert_raw(value, "1");
	ck_assert(gpald_raw_next(&rest, &name, &value));
	assert_raw(name, "\"b\\\"\"");
	assert_raw(value, "{\"c\":2}");
	ck_assert(gpald_raw_next(&rest, NULL, &value));
	assert_raw(value, "\"\"");
	ck_assert(!gpald_raw_next(&rest, &name, &value));
}
END_TEST

/* Visits a value and everything in it. All of it must lie inside the text. */
static void walk(const char *text, size_t length)
{
	struct gpald_raw open[64], rest, name, value;
	size_t depth = 1;

	open[0] = gpald_raw_value(text, length);
	while (depth > 0) {
		rest = open[--depth];
		while (gpald_raw_next(&rest, &name, &value)) {
			ck_assert(value.text >= text && value.length <= length &&
				  value.text + value.length <= text + length);
			ck_assert(name.text >= text && name.text + name.length <= text + length);
			if (depth < (size_t)COUNT_OF(open))
				open[depth++] = value;
		}
	}
}

/* Each prefix of a text, in memory of its exact length. */
START_TEST(truncated_text_is_not_read_past_its_end)
{
	static const char text[] =
		" {\"a\" : [1, {\"b\\\"\":\"c\\\\\"}, [[\"d\"]] ] , \"e\":{\"f\":-1.5e9 ,"
		"\"g\":[ ] } }\t";

	for (size_t length = 0; length < sizeof(text); length++) {
		char *copy = malloc(length + !length);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, text, length);
		walk(copy, length);
		free(copy);
	}
}
END_TEST

/* Characters of JSON and NULs in any order, in texts of each length up to 23. */
START_TEST(text_that_is_no_json_does_no_harm)
{
	static const char alphabet[] = "{}[],:\"\\ a1\n";
	uint32_t random = 1;
	char text[24];

	for (int round = 0; round < 200000; round++) {
		const size_t length = (random >> 16) % sizeof(text);

		for (size_t i = 0; i < length; i++) {
			random = random * 1103515245u + 12345u;
			text[i] = alphabet[(random >> 16) % sizeof(alphabet)];
		}
		random = random * 1103515245u + 12345u;
		walk(text, length);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json_raw");

	add_rows(suite, "member", a_member_is_found_with_its_exact_text, COUNT_OF(members));
	add_test(suite, "elements", elements_come_in_order);
	add_test(suite, "names", members_come_with_their_names);
	add_test(suite, "early end", truncated_text_is_not_read_past_its_end);
	add_test(suite, "no JSON", text_that_is_no_json_does_no_harm);
	return run_suite(suite);
}
