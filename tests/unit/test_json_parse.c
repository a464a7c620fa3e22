/* SPDX-License-Identifier: MIT */
/*
 * Which texts are JSON, and where the others are wrong. Each case that cJSON gets wrong has a row.
 */
#include "config.h"

#include "tests/unit/json_cases.h"
#include "tests/unit/suite.h"
#include "wire/json_parse.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const good[] = {
	"null",
	"true",
	"false",
	"0",
	"-0",
	"-12.5e+3",
	"1E-2",
	"1e308",
	"-999999999999999",
	"9007199254740993",
	"-12345678901234567890",
	"\"\"",
	"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"",
	"\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \x7f\"",
	"\"\xf4\x8f\xbf\xbf\xee\x80\x80\xed\x9f\xbf\"",
	"[]",
	"{}",
	" \t\r\n[ 1 , [ ] , { } , \"a\" ] \n",
	"{\"a\":1,\"A\":2,\"b\":{\"a\":3},\"c\":[{\"a\":4},{\"a\":5}]}",
	"{\"\":0,\"\\u0061b\":1,\"a\":2}",
	"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	"999999999999999999999999999999999999999999999999999999999999999",
};

/* Recurses no deeper than texts may be nested. */
static void assert_same(const cJSON *mine, const cJSON *expected)
{
	const cJSON *a = mine->child, *b = expected->child;

	ck_assert_int_eq(mine->type, expected->type);
	if (mine->string || expected->string)
		ck_assert_str_eq(mine->string, expected->string);
	if (cJSON_IsString(mine))
		ck_assert_str_eq(mine->valuestring, expected->valuestring);
	if (cJSON_IsNumber(mine))
		ck_assert_mem_eq(&mine->valuedouble, &expected->valuedouble, sizeof(double));
	if (a)
		ck_assert_ptr_null(a->prev->next);
	while (a && b) {
		assert_same(a, b);
		ck_assert(!a->next || a->next->prev == a);
		a = a->next;
		b = b->next;
	}
	ck_assert(!a && !b);
}

/*
 * Returns 0 if the text is accepted, otherwise -1. The tree of an accepted text must be the same as
 * cJSON's, link by link.
 */
static int parse(const char *text, size_t length, struct gpald_wire_error *error)
{
	struct gpald_arena *arena = gpald_arena_new(0);
	const cJSON *tree = NULL;
	const int code = gpald_json_parse(text, length, arena, &tree, error);

	if (code == 0) {
		cJSON *expected = cJSON_ParseWithLength(text, length);

		assert_same(tree, expected);
		cJSON_Delete(expected);
	}
	gpald_arena_free(arena);
	return code;
}

START_TEST(json_is_accepted)
{
	struct gpald_wire_error error = { .message = "" };

	ck_assert_msg(parse(good[_i], strlen(good[_i]), &error) == 0, "%s: %s", good[_i],
		      error.message);
}
END_TEST

/* All escapes are in one string, so that each must end where the next begins. */
START_TEST(escaped_characters_are_read)
{
	char *text = malloc(1 << 20), *at = text;
	struct gpald_wire_error error;

	ck_assert_ptr_nonnull(text);
	*at++ = '"';
	for (int c = 1; c <= 0xffff; c++)
		if (c < 0xd800 || c > 0xdfff)
			at += sprintf(at, "\\u%04x", c);
	for (int c = 0x10000; c <= 0x10ffff; c += 33)
		at += sprintf(at, "\\u%04X\\u%04X", 0xd800 + ((c - 0x10000) >> 10),
			      0xdc00 + ((c - 0x10000) & 0x3ff));
	*at++ = '"';
	ck_assert_int_eq(parse(text, (size_t)(at - text), &error), 0);
	free(text);
}
END_TEST

static const struct {
	const char *text;
	enum gpald_reason reason;
	size_t offset;
} bad[] = {
	/* Keys. */
	{ "{\"a\":1,\"a\":2}", GPALD_DUPLICATE_KEY, 7 },
	{ "{\"a\":1,\"b\":2,\"\\u0061\":3}", GPALD_DUPLICATE_KEY, 13 },
	{ "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}", GPALD_DUPLICATE_KEY, 18 },
	{ "{\"\\n\":1,\"\\u000a\":2}", GPALD_DUPLICATE_KEY, 8 },
	{ "[{\"x\":{\"k\":1,\"k\":1}}]", GPALD_DUPLICATE_KEY, 13 },
	{ "{\"a\":1,\"a\":2,\"a\":3}", GPALD_DUPLICATE_KEY, 7 },
	{ "{\"\":1,\"\":2}", GPALD_DUPLICATE_KEY, 6 },
	/*
	 * The parser reports the first of several duplicates in the text, whatever their order by
	 * name.
	 */
	{ "{\"b\":1,\"a\":2,\"b\":3,\"a\":4}", GPALD_DUPLICATE_KEY, 13 },
	{ "{\"a\":1,\"b\":2,\"b\":3,\"a\":4}", GPALD_DUPLICATE_KEY, 13 },
	{ "{a:1}", GPALD_INVALID_JSON, 1 },
	{ "{1:1}", GPALD_INVALID_JSON, 1 },
	{ "{\"a\" 1}", GPALD_INVALID_JSON, 5 },
	{ "{\"a\":1,}", GPALD_INVALID_JSON, 7 },
	{ "{,}", GPALD_INVALID_JSON, 1 },
	{ "{\"a\":1 \"b\":2}", GPALD_INVALID_JSON, 7 },
	/* UTF-8. */
	{ "\"\x80\"", GPALD_INVALID_UTF8, 1 },
	{ "\"a\xc3\"", GPALD_INVALID_UTF8, 2 },
	{ "\"\xc0\xaf\"", GPALD_INVALID_UTF8, 1 },
	{ "\"\xe0\x80\xaf\"", GPALD_INVALID_UTF8, 1 },
	{ "\"\xed\xa0\x80\"", GPALD_INVALID_UTF8, 1 },
	{ "\"\xf0\x80\x80\xaf\"", GPALD_INVALID_UTF8, 1 },
	{ "\"\xf4\x90\x80\x80\"", GPALD_INVALID_UTF8, 1 },
	{ "\"\xf5\x80\x80\x80\"", GPALD_INVALID_UTF8, 1 },
	{ "\"\xff\"", GPALD_INVALID_UTF8, 1 },
	{ "\"\xe2\x82", GPALD_INVALID_UTF8, 1 },
	{ "\"\xe2\x82\x41\"", GPALD_INVALID_UTF8, 1 },
	{ "\"\xf0\x9f\x98\x41\"", GPALD_INVALID_UTF8, 1 },
	{ "\"\xf0\x9f\x41\x98\"", GPALD_INVALID_UTF8, 1 },
	{ "{\"\xff\":1}", GPALD_INVALID_UTF8, 2 },
	{ "\"\\ud800\"", GPALD_INVALID_UTF8, 1 },
	{ "\"\\ud800\\u0041\"", GPALD_INVALID_UTF8, 1 },
	{ "\"\\ud800x\"", GPALD_INVALID_UTF8, 1 },
	{ "\"\\udc00\"", GPALD_INVALID_UTF8, 1 },
	/* Strings. */
	{ "\"a\nb\"", GPALD_INVALID_JSON, 2 },
	{ "\"\t\"", GPALD_INVALID_JSON, 1 },
	{ "\"\x1f\"", GPALD_INVALID_JSON, 1 },
	{ "\"a\\u0000b\"", GPALD_INVALID_JSON, 2 },
	{ "{\"a\\u0000\":1}", GPALD_INVALID_JSON, 3 },
	{ "\"\\x41\"", GPALD_INVALID_JSON, 1 },
	{ "\"\\'\"", GPALD_INVALID_JSON, 1 },
	{ "\"\\u12\"", GPALD_INVALID_JSON, 1 },
	{ "\"\\u12g4\"", GPALD_INVALID_JSON, 1 },
	{ "\"\\u", GPALD_INVALID_JSON, 1 },
	{ "\"\\", GPALD_INVALID_JSON, 2 },
	{ "\"abc", GPALD_INVALID_JSON, 4 },
	{ "'a'", GPALD_INVALID_JSON, 0 },
	/* Numbers. */
	{ "01", GPALD_INVALID_JSON, 0 },
	{ "-01", GPALD_INVALID_JSON, 0 },
	{ "00", GPALD_INVALID_JSON, 0 },
	{ "1.", GPALD_INVALID_JSON, 2 },
	{ "[1.]", GPALD_INVALID_JSON, 3 },
	{ ".5", GPALD_INVALID_JSON, 0 },
	{ "+1", GPALD_INVALID_JSON, 0 },
	{ "-", GPALD_INVALID_JSON, 1 },
	{ "-a", GPALD_INVALID_JSON, 1 },
	{ "1e", GPALD_INVALID_JSON, 2 },
	{ "1e+", GPALD_INVALID_JSON, 3 },
	{ "1e400", GPALD_INVALID_JSON, 0 },
	{ "[0,-1e400]", GPALD_INVALID_JSON, 3 },
	{ "0x10", GPALD_INVALID_JSON, 1 },
	{ "1_000", GPALD_INVALID_JSON, 1 },
	{ "NaN", GPALD_INVALID_JSON, 0 },
	{ "Infinity", GPALD_INVALID_JSON, 0 },
	{ "9999999999999999999999999999999999999999999999999999999999999999", GPALD_INVALID_JSON,
	  0 },
	/* The rest. */
	{ "", GPALD_INVALID_JSON, 0 },
	{ "   ", GPALD_INVALID_JSON, 3 },
	{ "\xef\xbb\xbf{}", GPALD_INVALID_JSON, 0 },
	{ "{} x", GPALD_INVALID_JSON, 3 },
	{ "{}{}", GPALD_INVALID_JSON, 2 },
	{ "1 2", GPALD_INVALID_JSON, 2 },
	{ "[1,]", GPALD_INVALID_JSON, 3 },
	{ "[,1]", GPALD_INVALID_JSON, 1 },
	{ "[1 2]", GPALD_INVALID_JSON, 3 },
	{ "[1", GPALD_INVALID_JSON, 2 },
	{ "[1}", GPALD_INVALID_JSON, 2 },
	{ "{\"a\":1]", GPALD_INVALID_JSON, 6 },
	{ "]", GPALD_INVALID_JSON, 0 },
	{ "tru", GPALD_INVALID_JSON, 0 },
	{ "True", GPALD_INVALID_JSON, 0 },
	{ "truex", GPALD_INVALID_JSON, 4 },
	{ "nul", GPALD_INVALID_JSON, 0 },
	{ "/* c */ 1", GPALD_INVALID_JSON, 0 },
	{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", GPALD_TOO_DEEP,
	  32 },
};

/*
 * Copies the text to memory of its exact length, so that a sanitizer sees a read past the end. The
 * caller frees it.
 */
static char *exact_copy(const char *text, size_t length)
{
	char *copy = malloc(length ? length : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, length);
	return copy;
}

static void expect_bad(const char *text, size_t length, enum gpald_reason reason, size_t offset)
{
	char *copy = exact_copy(text, length);
	struct gpald_wire_error error = { .message = "" };
	const int code = parse(copy, length, &error);

	free(copy);
	ck_assert_msg(code == -1, "%s was accepted", text);
	ck_assert_msg(error.reason == reason && error.offset == offset, "%s: %s at %zu: %s", text,
		      gpald_reason_token(error.reason), error.offset, error.message);
	/* The message says what is wrong, and not only where. */
	ck_assert_int_ne(error.message[0], ' ');
}

START_TEST(invalid_json_is_refused_with_its_offset)
{
	expect_bad(bad[_i].text, strlen(bad[_i].text), bad[_i].reason, bad[_i].offset);
}
END_TEST

START_TEST(each_case_is_accepted_or_refused)
{
	const struct json_case *row = &json_cases[_i];
	struct gpald_wire_error error = { .message = "" };
	char *copy = exact_copy(row->text, row->length);
	const int code = parse(copy, row->length, &error);

	ck_assert_msg((code == 0) == (row->reason == VALID), "%s: %s", row->name,
		      code ? error.message : "accepted");
	if (code)
		ck_assert_msg(error.reason == row->reason && error.offset <= row->length,
			      "%s: %s at %zu", row->name, gpald_reason_token(error.reason),
			      error.offset);
	free(copy);
}
END_TEST

START_TEST(a_raw_nul_is_refused)
{
	expect_bad("[1\0]", 4, GPALD_INVALID_JSON, 2);
	expect_bad("\"a\0b\"", 5, GPALD_INVALID_JSON, 2);
	expect_bad("\"a\\\0b\"", 6, GPALD_INVALID_JSON, 2);
	expect_bad("{}\0", 3, GPALD_INVALID_JSON, 2);
}
END_TEST

/* Every prefix of a document is incomplete. The parser refuses it without reading beyond it. */
START_TEST(no_prefix_is_json)
{
	static const char document[] = "{\"a\":[1.5e3,\"\\u00e9\\ud83d\\ude00\",true,null],"
				       "\"\xe2\x82\xac\":{\"\\u0062\":-0}}";

	for (size_t length = 0; length < sizeof(document) - 1; length++) {
		char *copy = exact_copy(document, length);
		struct gpald_wire_error error;

		ck_assert_int_eq(parse(copy, length, &error), -1);
		free(copy);
	}
}
END_TEST

/* Returns "[0,0,...,0]" with `count` zeros. The caller frees it. */
static char *zeros(size_t count, size_t *length)
{
	char *text = malloc(2 * count + 2);

	ck_assert_ptr_nonnull(text);
	text[0] = '[';
	for (size_t i = 0; i < count; i++) {
		text[2 * i + 1] = '0';
		text[2 * i + 2] = i + 1 < count ? ',' : ']';
	}
	*length = 2 * count + 1;
	return text;
}

START_TEST(values_are_limited)
{
	struct gpald_wire_error error;
	size_t length;
	char *text = zeros(GPALD_JSON_VALUES_MAX - 1, &length);

	ck_assert_int_eq(parse(text, length, &error), 0);
	free(text);
	text = zeros(GPALD_JSON_VALUES_MAX, &length);
	ck_assert_int_eq(parse(text, length, &error), -1);
	ck_assert_int_eq(error.reason, GPALD_TOO_MANY_VALUES);
	free(text);
}
END_TEST

START_TEST(a_duplicate_among_many_keys_is_found)
{
	enum {
		KEYS = 60000
	};
	char *text = malloc(KEYS * 12 + 16), *at = text;
	struct gpald_wire_error error;

	ck_assert_ptr_nonnull(text);
	*at++ = '{';
	for (int i = 0; i < KEYS; i++)
		at += sprintf(at, "\"%05d\":0,", i);
	strcpy(at, "\"x\":0}");
	ck_assert_int_eq(parse(text, strlen(text), &error), 0);
	strcpy(at, "\"12345\":0}");
	ck_assert_int_eq(parse(text, strlen(text), &error), -1);
	ck_assert_int_eq(error.reason, GPALD_DUPLICATE_KEY);
	ck_assert_uint_eq(error.offset, (size_t)(at - text));
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json_parse");

	add_rows(suite, "good", json_is_accepted, COUNT_OF(good));
	add_test(suite, "good", escaped_characters_are_read);
	add_rows(suite, "bad", invalid_json_is_refused_with_its_offset, COUNT_OF(bad));
	add_rows(suite, "cases", each_case_is_accepted_or_refused, COUNT_OF(json_cases));
	add_test(suite, "bad", a_raw_nul_is_refused);
	add_test(suite, "bad", no_prefix_is_json);
	add_test(suite, "limits", values_are_limited);
	add_test(suite, "limits", a_duplicate_among_many_keys_is_found);
	return run_suite(suite);
}
