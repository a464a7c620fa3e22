/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * A loop over tokens with a stack of open containers, at most 32 deep. The keys
 * of all open objects lie on one stack too; when an object closes, its keys are
 * sorted and compared, and taken off. So the cost of finding duplicates is
 * n log n whatever keys an attacker chooses, which a hash table cannot promise.
 */
#include "config.h"

#include "wire/json_guard.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* cJSON reads no more of a number; all the protocol needs has 16 digits. */
#define NUMBER_MAX 63

struct key {
	const char *bytes; /* in the text, or in decoded memory where it has escapes */
	size_t length;
	size_t offset; /* in the text, of its opening quote */
	char *decoded; /* owned; NULL without escapes */
};

enum expect {
	EXPECT_VALUE,
	EXPECT_FIRST_ELEMENT, /* or ] */
	EXPECT_FIRST_KEY,     /* or } */
	EXPECT_KEY,
	EXPECT_COLON,
	EXPECT_COMMA_OR_END,
	EXPECT_NOTHING,
};

struct container {
	bool is_object;
	size_t first_key; /* on the key stack */
};

struct guard {
	const unsigned char *text;
	size_t length;
	size_t at;
	struct gpald_wire_error *error;

	struct container stack[GPALD_JSON_DEPTH_MAX];
	size_t depth;
	size_t values;

	struct key *keys;
	size_t key_count;
	size_t key_capacity;
};

/* A string's place in the text, quotes excluded. */
struct span {
	size_t start;
	size_t end;
	bool has_escapes;
};

/*
 * The annotations of the byte scanners, up to skip_word(), are for frama-c, which proves
 * with them that none of them reads past the end of the text (`make prove`). It takes for
 * granted that a refusal changes nothing that a scanner reads.
 */
/*@ predicate in_text(struct guard *g) =
      \valid(g) && 0 <= g->at <= g->length <= 0x7fffffff &&
      \valid_read(g->text + (0 .. g->length - 1)) &&
      \separated(g, g->text + (0 .. g->length - 1)); */

/*@ assigns \nothing; ensures \result == -1; */
static int fail_at(struct guard *g, size_t offset, enum gpald_reason reason, const char *what)
{
	gpald_refuse(g->error, reason, "%s at byte %zu", what, offset);
	g->error->offset = offset;
	return -1;
}

/*@ requires in_text(g); assigns \nothing; ensures \result == -1; */
static int fail(struct guard *g, const char *what)
{
	if (g->at >= g->length)
		return fail_at(g, g->length, GPALD_INVALID_JSON, "input ends too early");
	return fail_at(g, g->at, GPALD_INVALID_JSON, what);
}

static int no_memory(struct guard *g)
{
	return gpald_refuse(g->error, GPALD_REASON_OF(GPAL_E_NO_MEMORY), "out of memory");
}

/*@ assigns \nothing; ensures \result <==> '0' <= byte <= '9'; */
static bool is_digit(int byte)
{
	return byte >= '0' && byte <= '9';
}

/*@ assigns \nothing; ensures byte < 0 ==> !\result; */
static bool is_space(int byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* What may stand after a backslash, but for u. */
/*@ assigns \nothing; */
static bool is_escape(int byte)
{
	return byte > 0 && strchr("\"\\/bfnrt", byte);
}

/* The byte at the cursor, or -1 at the end. */
/*@ requires in_text(g); assigns \nothing;
    ensures \result == (g->at < g->length ? g->text[g->at] : -1); */
static int peek(const struct guard *g)
{
	return g->at < g->length ? g->text[g->at] : -1;
}

/*@ requires in_text(g); assigns g->at; ensures in_text(g); */
static void skip_space(struct guard *g)
{
	/*@ loop invariant in_text(g); loop assigns g->at; */
	while (is_space(peek(g)))
		g->at++;
}

/* The length of the UTF-8 sequence at the cursor, or 0: not well formed (Unicode, table 3-7). */
/*@ requires in_text(g) && g->at < g->length; assigns \nothing;
    ensures \result <= g->length - g->at; */
static size_t utf8_length(const struct guard *g)
{
	static const struct {
		unsigned char first_low, first_high, second_low, second_high;
		size_t length;
	} rows[] = {
		{ 0x20, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *s = g->text + g->at;
	size_t left = g->length - g->at;

	/*@ loop assigns i; */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (s[0] < rows[i].first_low || s[0] > rows[i].first_high)
			continue;
		if (left < rows[i].length)
			return 0;
		if (rows[i].length > 1 && (s[1] < rows[i].second_low || s[1] > rows[i].second_high))
			return 0;
		/*@ loop assigns b; */
		for (size_t b = 2; b < rows[i].length; b++)
			if (s[b] < 0x80 || s[b] > 0xbf)
				return 0;
		return rows[i].length;
	}
	return 0;
}

/* The value of four hex digits at `at`, or -1. */
/*@ requires in_text(g) && at <= g->length; assigns \nothing;
    ensures \result >= 0 ==> at + 4 <= g->length; */
static int hex4(const struct guard *g, size_t at)
{
	int value = 0;

	if (g->length - at < 4)
		return -1;
	/*@ loop invariant 0 <= i <= 4 && 0 <= value < 65536 && (i == 0 ==> value == 0) &&
	      (i == 1 ==> value < 16) && (i == 2 ==> value < 256) && (i == 3 ==> value < 4096);
	    loop assigns i, value; */
	for (size_t i = 0; i < 4; i++) {
		unsigned char c = g->text[at + i];
		int digit;

		if (is_digit(c))
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			digit = c - 'A' + 10;
		else
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/*@ assigns \nothing; */
static bool is_high_surrogate(int unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

/*@ assigns \nothing; ensures \result ==> unit >= 0; */
static bool is_low_surrogate(int unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* The cursor is on a backslash; moves it past the escape. */
/*@ requires in_text(g) && g->at < g->length; assigns g->at; ensures in_text(g); */
static int check_escape(struct guard *g)
{
	const size_t start = g->at++;
	int byte = peek(g), unit;

	if (byte < 0)
		return fail(g, "");
	if (byte != 'u') {
		if (!is_escape(byte))
			return fail_at(g, start, GPALD_INVALID_JSON, "unknown escape");
		g->at++;
		return 0;
	}
	unit = hex4(g, g->at + 1);
	if (unit < 0)
		return fail_at(g, start, GPALD_INVALID_JSON, "\\u without four hex digits");
	if (unit == 0)
		return fail_at(g, start, GPALD_INVALID_JSON, "\\u0000 is not allowed");
	g->at += 5;
	if (is_low_surrogate(unit))
		return fail_at(g, start, GPALD_INVALID_UTF8, "surrogate without its first half");
	if (!is_high_surrogate(unit))
		return 0;
	if (g->length - g->at < 6 || g->text[g->at] != '\\' || g->text[g->at + 1] != 'u' ||
	    !is_low_surrogate(hex4(g, g->at + 2)))
		return fail_at(g, start, GPALD_INVALID_UTF8, "surrogate without its second half");
	g->at += 6;
	return 0;
}

/* The cursor is on the opening quote; moves it past the closing one. */
/*@ requires in_text(g) && g->at < g->length && \valid(span) &&
      \separated(span, g, g->text + (0 .. g->length - 1));
    assigns g->at, *span; ensures in_text(g); */
static int check_string(struct guard *g, struct span *span)
{
	g->at++;
	*span = (struct span){ .start = g->at };
	/*@ loop invariant in_text(g); loop assigns g->at, *span; */
	for (;;) {
		int byte = peek(g);

		if (byte < 0)
			return fail(g, "");
		if (byte == '"')
			break;
		if (byte == '\\') {
			span->has_escapes = true;
			if (check_escape(g))
				return -1;
		} else if (byte < 0x20) {
			return fail(g, "control character in a string");
		} else {
			size_t length = utf8_length(g);

			if (length == 0)
				return fail_at(g, g->at, GPALD_INVALID_UTF8, "invalid UTF-8");
			g->at += length;
		}
	}
	span->end = g->at++;
	return 0;
}

/*@ requires in_text(g); assigns g->at; ensures in_text(g);
    ensures \result == g->at - \old(g->at); */
static size_t skip_digits(struct guard *g)
{
	size_t start = g->at;

	/*@ loop invariant in_text(g) && start <= g->at; loop assigns g->at; */
	while (is_digit(peek(g)))
		g->at++;
	return g->at - start;
}

/* Moves the cursor past the number it is on. */
/*@ requires in_text(g); assigns g->at; ensures in_text(g); */
static int scan_number(struct guard *g)
{
	const size_t start = g->at;

	if (peek(g) == '-')
		g->at++;
	if (peek(g) == '0') {
		g->at++;
		if (is_digit(peek(g)))
			return fail_at(g, start, GPALD_INVALID_JSON, "number with a leading zero");
	} else if (skip_digits(g) == 0) {
		return fail(g, "expected a digit");
	}
	if (peek(g) == '.') {
		g->at++;
		if (skip_digits(g) == 0)
			return fail(g, "expected a digit after the decimal point");
	}
	if (peek(g) == 'e' || peek(g) == 'E') {
		g->at++;
		if (peek(g) == '+' || peek(g) == '-')
			g->at++;
		if (skip_digits(g) == 0)
			return fail(g, "expected a digit in the exponent");
	}
	return 0;
}

static int check_number(struct guard *g)
{
	const size_t start = g->at;
	char copy[NUMBER_MAX + 1];

	if (scan_number(g))
		return -1;
	if (g->at - start > NUMBER_MAX)
		return fail_at(g, start, GPALD_INVALID_JSON, "number too long");
	memcpy(copy, g->text + start, g->at - start);
	copy[g->at - start] = '\0';
	if (isinf(strtod(copy, NULL)))
		return fail_at(g, start, GPALD_INVALID_JSON, "number too large");
	return 0;
}

/* Moves the cursor past a word, if it is on it. */
/*@ requires in_text(g) && \valid_read(word + (0 .. length - 1)) &&
      \separated(g, word + (0 .. length - 1));
    assigns g->at; ensures in_text(g); */
static bool skip_word(struct guard *g, const char *word, size_t length)
{
	if (g->length - g->at < length)
		return false;
	/*@ loop invariant 0 <= i <= length; loop assigns i; */
	for (size_t i = 0; i < length; i++)
		if (g->text[g->at + i] != (unsigned char)word[i])
			return false;
	g->at += length;
	return true;
}

static int check_word(struct guard *g)
{
	if (skip_word(g, "true", 4) || skip_word(g, "false", 5) || skip_word(g, "null", 4))
		return 0;
	return fail(g, "expected a JSON value");
}

/* Keys. */

static void append_utf8(char **at, int code_point)
{
	char *out = *at;

	if (code_point < 0x80) {
		*out++ = (char)code_point;
	} else if (code_point < 0x800) {
		*out++ = (char)(0xc0 | (code_point >> 6));
		*out++ = (char)(0x80 | (code_point & 0x3f));
	} else if (code_point < 0x10000) {
		*out++ = (char)(0xe0 | (code_point >> 12));
		*out++ = (char)(0x80 | ((code_point >> 6) & 0x3f));
		*out++ = (char)(0x80 | (code_point & 0x3f));
	} else {
		*out++ = (char)(0xf0 | (code_point >> 18));
		*out++ = (char)(0x80 | ((code_point >> 12) & 0x3f));
		*out++ = (char)(0x80 | ((code_point >> 6) & 0x3f));
		*out++ = (char)(0x80 | (code_point & 0x3f));
	}
	*at = out;
}

/* Decodes a checked string with escapes, which never grows by it. */
static bool decode_key(const struct guard *g, struct span span, struct key *key)
{
	static const char escapes[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	char *out = malloc(span.end - span.start + 1);

	if (!out)
		return false;
	key->decoded = out;
	for (size_t i = span.start; i < span.end; i++) {
		if (g->text[i] != '\\') {
			*out++ = (char)g->text[i];
		} else if (g->text[++i] != 'u') {
			*out++ = meanings[strchr(escapes, g->text[i]) - escapes];
		} else {
			int unit = hex4(g, i + 1);

			i += 4;
			if (is_high_surrogate(unit)) {
				int low = hex4(g, i + 3);

				unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
				i += 6;
			}
			append_utf8(&out, unit);
		}
	}
	key->bytes = key->decoded;
	key->length = (size_t)(out - key->decoded);
	return true;
}

static int push_key(struct guard *g, struct span span)
{
	struct key key = {
		.bytes = (const char *)g->text + span.start,
		.length = span.end - span.start,
		.offset = span.start - 1,
	};

	if (g->key_count == g->key_capacity) {
		size_t capacity = g->key_capacity ? 2 * g->key_capacity : 64;
		struct key *keys = realloc(g->keys, capacity * sizeof(*keys));

		if (!keys)
			return no_memory(g);
		g->keys = keys;
		g->key_capacity = capacity;
	}
	if (span.has_escapes && !decode_key(g, span, &key))
		return no_memory(g);
	g->keys[g->key_count++] = key;
	return 0;
}

static void drop_keys(struct guard *g, size_t first)
{
	while (g->key_count > first)
		free(g->keys[--g->key_count].decoded);
}

static int compare_keys(const void *left, const void *right)
{
	const struct key *a = left, *b = right;
	int order;

	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	order = memcmp(a->bytes, b->bytes, a->length);
	return order ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

/* The object on top of the stack closes: no two of its keys may be equal. */
static int check_keys(struct guard *g)
{
	const size_t first = g->stack[g->depth - 1].first_key;
	const size_t count = g->key_count - first;
	size_t duplicate = SIZE_MAX;
	struct key *keys;

	/* No object has had a key yet. */
	if (!g->keys)
		return 0;
	keys = g->keys + first;
	if (count > 1)
		qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < count; i++)
		if (keys[i].length == keys[i - 1].length &&
		    memcmp(keys[i].bytes, keys[i - 1].bytes, keys[i].length) == 0 &&
		    keys[i].offset < duplicate)
			duplicate = keys[i].offset;
	drop_keys(g, first);
	return duplicate == SIZE_MAX ? 0 :
				       fail_at(g, duplicate, GPALD_DUPLICATE_KEY, "duplicate key");
}

/* Containers. */

static int open_container(struct guard *g, bool is_object, enum expect *expect)
{
	if (g->depth == GPALD_JSON_DEPTH_MAX)
		return fail_at(g, g->at, GPALD_TOO_DEEP, "more than 32 levels of nesting");
	g->stack[g->depth++] = (struct container){ is_object, g->key_count };
	*expect = is_object ? EXPECT_FIRST_KEY : EXPECT_FIRST_ELEMENT;
	g->at++;
	return 0;
}

static enum expect after_value(const struct guard *g)
{
	return g->depth > 0 ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
}

static int close_container(struct guard *g, enum expect *expect)
{
	if (g->stack[g->depth - 1].is_object && check_keys(g))
		return -1;
	g->depth--;
	g->at++;
	*expect = after_value(g);
	return 0;
}

static int check_value(struct guard *g, enum expect *expect)
{
	const int byte = peek(g);
	struct span span;
	int result;

	if (++g->values > GPALD_JSON_VALUES_MAX)
		return fail_at(g, g->at, GPALD_TOO_MANY_VALUES, "more than 65536 values");
	if (byte == '{' || byte == '[')
		return open_container(g, byte == '{', expect);
	if (byte == '"')
		result = check_string(g, &span);
	else if (byte == '-' || is_digit(byte))
		result = check_number(g);
	else
		result = check_word(g);
	*expect = after_value(g);
	return result;
}

static int check_key(struct guard *g, enum expect *expect)
{
	struct span span;

	if (peek(g) != '"')
		return fail(g, "expected a key in quotes");
	*expect = EXPECT_COLON;
	return check_string(g, &span) || push_key(g, span) ? -1 : 0;
}

static int check_token(struct guard *g, enum expect *expect)
{
	const int byte = peek(g);
	const bool in_object = g->depth > 0 && g->stack[g->depth - 1].is_object;

	switch (*expect) {
	case EXPECT_FIRST_ELEMENT:
		if (byte == ']')
			return close_container(g, expect);
		return check_value(g, expect);
	case EXPECT_VALUE:
		return check_value(g, expect);
	case EXPECT_FIRST_KEY:
		if (byte == '}')
			return close_container(g, expect);
		return check_key(g, expect);
	case EXPECT_KEY:
		return check_key(g, expect);
	case EXPECT_COLON:
		if (byte != ':')
			return fail(g, "expected a colon");
		g->at++;
		*expect = EXPECT_VALUE;
		return 0;
	case EXPECT_COMMA_OR_END:
		if (byte == (in_object ? '}' : ']'))
			return close_container(g, expect);
		if (byte != ',')
			return fail(g,
				    in_object ? "expected a comma or }" : "expected a comma or ]");
		g->at++;
		*expect = in_object ? EXPECT_KEY : EXPECT_VALUE;
		return 0;
	case EXPECT_NOTHING:
		break;
	}
	return fail(g, "more bytes after the JSON value");
}

int gpald_json_guard(const char *text, size_t length, struct gpald_wire_error *error)
{
	struct guard g = { .text = (const unsigned char *)text, .length = length, .error = error };
	enum expect expect = EXPECT_VALUE;
	int result = 0;

	for (;;) {
		skip_space(&g);
		if (expect == EXPECT_NOTHING && g.at == g.length)
			break;
		result = check_token(&g, &expect);
		if (result)
			break;
	}
	drop_keys(&g, 0);
	free(g.keys);
	return result;
}
