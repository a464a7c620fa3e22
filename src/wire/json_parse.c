/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * A loop over tokens with a stack of open containers, at most 32 deep. Each value
 * becomes a node, linked to the one before it; decoded strings, which are never
 * longer than their text, lie one after another in one piece of memory.
 *
 * A container notes which of 64 kinds of key it has had, by length and two letters.
 * Only where a kind comes twice are the keys sorted and compared when it closes. So
 * finding duplicates costs n log n at most, whatever keys an attacker chooses, which
 * a hash table cannot promise.
 */
#include "config.h"

#include "wire/json_parse.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* cJSON reads no more of a number; all the protocol needs has 16 digits. */
#define NUMBER_MAX 63

/* So many digits are a double whatever they are. */
#define EXACT_DIGITS 15

/* A node, and where in the text its key begins, with the quote. */
struct node {
	cJSON item; /* first */
	size_t key_at;
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
	cJSON *item;
	cJSON *last; /* NULL: it is empty */
	size_t count;
	uint64_t kinds;      /* of keys it has */
	bool has_kind_twice; /* two keys may be equal */
	bool is_object;
};

struct parser {
	const unsigned char *text;
	size_t length;
	size_t at;
	struct gpald_wire_error *error;

	struct gpald_arena *arena;
	char *strings;      /* where the next one goes */
	struct node *keyed; /* has its key, and waits for its value */
	const cJSON *root;
	size_t values;
	size_t depth;
	struct container stack[GPALD_JSON_DEPTH_MAX];
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
/*@ predicate in_text(struct parser *p) =
      \valid(p) && 0 <= p->at <= p->length <= 0x7fffffff &&
      \valid_read(p->text + (0 .. p->length - 1)) &&
      \separated(p, p->text + (0 .. p->length - 1)); */

/*@ assigns \nothing; ensures \result == -1; */
static int fail_at(struct parser *p, size_t offset, enum gpald_reason reason, const char *what)
{
	gpald_refuse(p->error, reason, "%s at byte %zu", what, offset);
	p->error->offset = offset;
	return -1;
}

/*@ requires in_text(p); assigns \nothing; ensures \result == -1; */
static int fail(struct parser *p, const char *what)
{
	if (p->at >= p->length)
		return fail_at(p, p->length, GPALD_INVALID_JSON, "input ends too early");
	return fail_at(p, p->at, GPALD_INVALID_JSON, what);
}

static int no_memory(struct parser *p)
{
	return gpald_refuse(p->error, GPALD_REASON_OF(GPAL_E_NO_MEMORY), "out of memory");
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
/*@ requires in_text(p); assigns \nothing;
    ensures \result == (p->at < p->length ? p->text[p->at] : -1); */
static int peek(const struct parser *p)
{
	return p->at < p->length ? p->text[p->at] : -1;
}

/*@ requires in_text(p); assigns p->at; ensures in_text(p); */
static void skip_space(struct parser *p)
{
	/*@ loop invariant in_text(p); loop assigns p->at; */
	while (is_space(peek(p)))
		p->at++;
}

/* The length of the UTF-8 sequence at the cursor, or 0: not well formed (Unicode, table 3-7). */
/*@ requires in_text(p) && p->at < p->length; assigns \nothing;
    ensures \result <= p->length - p->at; */
static size_t utf8_length(const struct parser *p)
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
	const unsigned char *s = p->text + p->at;
	size_t left = p->length - p->at;

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
/*@ requires in_text(p) && at <= p->length; assigns \nothing;
    ensures \result >= 0 ==> at + 4 <= p->length; */
static int hex4(const struct parser *p, size_t at)
{
	int value = 0;

	if (p->length - at < 4)
		return -1;
	/*@ loop invariant 0 <= i <= 4 && 0 <= value < 65536 && (i == 0 ==> value == 0) &&
	      (i == 1 ==> value < 16) && (i == 2 ==> value < 256) && (i == 3 ==> value < 4096);
	    loop assigns i, value; */
	for (size_t i = 0; i < 4; i++) {
		unsigned char c = p->text[at + i];
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
/*@ requires in_text(p) && p->at < p->length; assigns p->at; ensures in_text(p); */
static int check_escape(struct parser *p)
{
	const size_t start = p->at++;
	int byte = peek(p), unit;

	if (byte < 0)
		return fail(p, "");
	if (byte != 'u') {
		if (!is_escape(byte))
			return fail_at(p, start, GPALD_INVALID_JSON, "unknown escape");
		p->at++;
		return 0;
	}
	unit = hex4(p, p->at + 1);
	if (unit < 0)
		return fail_at(p, start, GPALD_INVALID_JSON, "\\u without four hex digits");
	if (unit == 0)
		return fail_at(p, start, GPALD_INVALID_JSON, "\\u0000 is not allowed");
	p->at += 5;
	if (is_low_surrogate(unit))
		return fail_at(p, start, GPALD_INVALID_UTF8, "surrogate without its first half");
	if (!is_high_surrogate(unit))
		return 0;
	if (p->length - p->at < 6 || p->text[p->at] != '\\' || p->text[p->at + 1] != 'u' ||
	    !is_low_surrogate(hex4(p, p->at + 2)))
		return fail_at(p, start, GPALD_INVALID_UTF8, "surrogate without its second half");
	p->at += 6;
	return 0;
}

/* The cursor is on the opening quote; moves it past the closing one. */
/*@ requires in_text(p) && p->at < p->length && \valid(span) &&
      \separated(span, p, p->text + (0 .. p->length - 1));
    assigns p->at, *span; ensures in_text(p); */
static int check_string(struct parser *p, struct span *span)
{
	p->at++;
	*span = (struct span){ .start = p->at };
	/*@ loop invariant in_text(p); loop assigns p->at, *span; */
	for (;;) {
		int byte = peek(p);

		if (byte < 0)
			return fail(p, "");
		if (byte == '"')
			break;
		if (byte >= 0x20 && byte < 0x80 && byte != '\\') {
			p->at++;
		} else if (byte == '\\') {
			span->has_escapes = true;
			if (check_escape(p))
				return -1;
		} else if (byte < 0x20) {
			return fail(p, "control character in a string");
		} else {
			size_t length = utf8_length(p);

			if (length == 0)
				return fail_at(p, p->at, GPALD_INVALID_UTF8, "invalid UTF-8");
			p->at += length;
		}
	}
	span->end = p->at++;
	return 0;
}

/*@ requires in_text(p); assigns p->at; ensures in_text(p);
    ensures \result == p->at - \old(p->at); */
static size_t skip_digits(struct parser *p)
{
	size_t start = p->at;

	/*@ loop invariant in_text(p) && start <= p->at; loop assigns p->at; */
	while (is_digit(peek(p)))
		p->at++;
	return p->at - start;
}

/* Moves the cursor past the number it is on. */
/*@ requires in_text(p); assigns p->at; ensures in_text(p); */
static int scan_number(struct parser *p)
{
	const size_t start = p->at;

	if (peek(p) == '-')
		p->at++;
	if (peek(p) == '0') {
		p->at++;
		if (is_digit(peek(p)))
			return fail_at(p, start, GPALD_INVALID_JSON, "number with a leading zero");
	} else if (skip_digits(p) == 0) {
		return fail(p, "expected a digit");
	}
	if (peek(p) == '.') {
		p->at++;
		if (skip_digits(p) == 0)
			return fail(p, "expected a digit after the decimal point");
	}
	if (peek(p) == 'e' || peek(p) == 'E') {
		p->at++;
		if (peek(p) == '+' || peek(p) == '-')
			p->at++;
		if (skip_digits(p) == 0)
			return fail(p, "expected a digit in the exponent");
	}
	return 0;
}

/* The value of a number of few digits and nothing else, as most are. */
static bool read_integer(const unsigned char *text, size_t length, double *value)
{
	const bool is_negative = text[0] == '-';
	uint64_t integer = 0;

	if (length - is_negative > EXACT_DIGITS)
		return false;
	for (size_t i = is_negative; i < length; i++) {
		if (!is_digit(text[i]))
			return false;
		integer = integer * 10 + (uint64_t)(text[i] - '0');
	}
	*value = is_negative ? -(double)integer : (double)integer;
	return true;
}

static int read_number(struct parser *p, double *value)
{
	const size_t start = p->at;
	char copy[NUMBER_MAX + 1];

	if (scan_number(p))
		return -1;
	if (read_integer(p->text + start, p->at - start, value))
		return 0;
	if (p->at - start > NUMBER_MAX)
		return fail_at(p, start, GPALD_INVALID_JSON, "number too long");
	memcpy(copy, p->text + start, p->at - start);
	copy[p->at - start] = '\0';
	*value = strtod(copy, NULL);
	if (isinf(*value))
		return fail_at(p, start, GPALD_INVALID_JSON, "number too large");
	return 0;
}

/* Moves the cursor past a word, if it is on it. */
/*@ requires in_text(p) && \valid_read(word + (0 .. length - 1)) &&
      \separated(p, word + (0 .. length - 1));
    assigns p->at; ensures in_text(p); */
static bool skip_word(struct parser *p, const char *word, size_t length)
{
	if (p->length - p->at < length)
		return false;
	/*@ loop invariant 0 <= i <= length; loop assigns i; */
	for (size_t i = 0; i < length; i++)
		if (p->text[p->at + i] != (unsigned char)word[i])
			return false;
	p->at += length;
	return true;
}

static int read_word(struct parser *p, int *type)
{
	if (skip_word(p, "true", 4))
		*type = cJSON_True;
	else if (skip_word(p, "false", 5))
		*type = cJSON_False;
	else if (skip_word(p, "null", 4))
		*type = cJSON_NULL;
	else
		return fail(p, "expected a JSON value");
	return 0;
}

/* Strings and keys. */

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

/* Decodes a checked string with escapes, which never grows by it; returns where it ends. */
static char *decode(const struct parser *p, struct span span, char *out)
{
	static const char escapes[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";

	for (size_t i = span.start; i < span.end; i++) {
		if (p->text[i] != '\\') {
			*out++ = (char)p->text[i];
		} else if (p->text[++i] != 'u') {
			*out++ = meanings[strchr(escapes, p->text[i]) - escapes];
		} else {
			int unit = hex4(p, i + 1);

			i += 4;
			if (is_high_surrogate(unit)) {
				int low = hex4(p, i + 3);

				unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
				i += 6;
			}
			append_utf8(&out, unit);
		}
	}
	return out;
}

/* Reads the string the cursor is on; its quotes make room for its NUL. */
static char *read_string(struct parser *p)
{
	char *string = p->strings, *end;
	struct span span;

	if (check_string(p, &span))
		return NULL;
	if (span.has_escapes) {
		end = decode(p, span, string);
	} else {
		end = string + (span.end - span.start);
		memcpy(string, p->text + span.start, span.end - span.start);
	}
	*end++ = '\0';
	p->strings = end;
	return string;
}

static struct node *new_node(struct parser *p)
{
	struct node *node = gpald_arena_alloc(p->arena, 1, sizeof(*node));

	if (node)
		*node = (struct node){ 0 };
	else
		no_memory(p);
	return node;
}

static int read_key(struct parser *p, enum expect *expect)
{
	struct container *object = &p->stack[p->depth - 1];
	const size_t start = p->at;
	size_t length;
	uint64_t kind;
	char *key;

	if (peek(p) != '"')
		return fail(p, "expected a key in quotes");
	key = read_string(p);
	p->keyed = key ? new_node(p) : NULL;
	if (!p->keyed)
		return -1;
	p->keyed->item.string = key;
	p->keyed->key_at = start;
	length = (size_t)(p->strings - key) - 1;
	kind = UINT64_C(1) << ((length * 5 + (unsigned char)key[0] * 3 +
				(length > 0 ? (unsigned char)key[length - 1] : 0u)) %
			       64);
	object->has_kind_twice |= (object->kinds & kind) != 0;
	object->kinds |= kind;
	*expect = EXPECT_COLON;
	return 0;
}

static int compare_keys(const void *left, const void *right)
{
	const struct node *a = *(const struct node *const *)left;
	const struct node *b = *(const struct node *const *)right;
	const int order = strcmp(a->item.string, b->item.string);

	return order ? order : (a->key_at > b->key_at) - (a->key_at < b->key_at);
}

/* The object on top of the stack closes: no two of its keys may be equal. */
static int check_keys(struct parser *p)
{
	const struct container *object = &p->stack[p->depth - 1];
	size_t duplicate = SIZE_MAX, count = 0;
	const struct node **nodes;

	if (!object->has_kind_twice)
		return 0;
	nodes = gpald_arena_alloc(p->arena, object->count, sizeof(const struct node *));
	if (!nodes)
		return no_memory(p);
	for (const cJSON *item = object->item->child; item; item = item->next)
		nodes[count++] = (const struct node *)item;
	qsort(nodes, count, sizeof(const struct node *), compare_keys);
	for (size_t i = 1; i < count; i++)
		if (strcmp(nodes[i]->item.string, nodes[i - 1]->item.string) == 0 &&
		    nodes[i]->key_at < duplicate)
			duplicate = nodes[i]->key_at;
	return duplicate == SIZE_MAX ? 0 :
				       fail_at(p, duplicate, GPALD_DUPLICATE_KEY, "duplicate key");
}

/* Values. */

/* Puts a value where it belongs: into the open container, or at the root. */
static void link_item(struct parser *p, cJSON *item)
{
	struct container *container;

	if (p->depth == 0) {
		p->root = item;
		return;
	}
	container = &p->stack[p->depth - 1];
	container->count++;
	item->prev = container->last;
	if (container->last)
		container->last->next = item;
	else
		container->item->child = item;
	container->last = item;
}

static int open_container(struct parser *p, cJSON *item, bool is_object, enum expect *expect)
{
	if (p->depth == GPALD_JSON_DEPTH_MAX)
		return fail_at(p, p->at, GPALD_TOO_DEEP, "more than 32 levels of nesting");
	item->type = is_object ? cJSON_Object : cJSON_Array;
	p->stack[p->depth++] = (struct container){ .item = item, .is_object = is_object };
	*expect = is_object ? EXPECT_FIRST_KEY : EXPECT_FIRST_ELEMENT;
	p->at++;
	return 0;
}

static enum expect after_value(const struct parser *p)
{
	return p->depth > 0 ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
}

static int close_container(struct parser *p, enum expect *expect)
{
	const struct container *container = &p->stack[p->depth - 1];

	if (container->is_object && check_keys(p))
		return -1;
	/* As cJSON has it: the first leads back to the last. */
	if (container->last)
		container->item->child->prev = container->last;
	p->depth--;
	p->at++;
	*expect = after_value(p);
	return 0;
}

static int read_value(struct parser *p, enum expect *expect)
{
	const int byte = peek(p);
	struct node *node;
	cJSON *item;

	if (++p->values > GPALD_JSON_VALUES_MAX)
		return fail_at(p, p->at, GPALD_TOO_MANY_VALUES, "more than 65536 values");
	node = p->keyed ? p->keyed : new_node(p);
	if (!node)
		return -1;
	p->keyed = NULL;
	item = &node->item;
	link_item(p, item);
	if (byte == '{' || byte == '[')
		return open_container(p, item, byte == '{', expect);
	*expect = after_value(p);
	if (byte == '"') {
		item->type = cJSON_String;
		item->valuestring = read_string(p);
		return item->valuestring ? 0 : -1;
	}
	if (byte == '-' || is_digit(byte)) {
		item->type = cJSON_Number;
		return read_number(p, &item->valuedouble);
	}
	return read_word(p, &item->type);
}

static int read_token(struct parser *p, enum expect *expect)
{
	const int byte = peek(p);
	const bool in_object = p->depth > 0 && p->stack[p->depth - 1].is_object;

	switch (*expect) {
	case EXPECT_FIRST_ELEMENT:
		if (byte == ']')
			return close_container(p, expect);
		return read_value(p, expect);
	case EXPECT_VALUE:
		return read_value(p, expect);
	case EXPECT_FIRST_KEY:
		if (byte == '}')
			return close_container(p, expect);
		return read_key(p, expect);
	case EXPECT_KEY:
		return read_key(p, expect);
	case EXPECT_COLON:
		if (byte != ':')
			return fail(p, "expected a colon");
		p->at++;
		*expect = EXPECT_VALUE;
		return 0;
	case EXPECT_COMMA_OR_END:
		if (byte == (in_object ? '}' : ']'))
			return close_container(p, expect);
		if (byte != ',')
			return fail(p,
				    in_object ? "expected a comma or }" : "expected a comma or ]");
		p->at++;
		*expect = in_object ? EXPECT_KEY : EXPECT_VALUE;
		return 0;
	case EXPECT_NOTHING:
		break;
	}
	return fail(p, "more bytes after the JSON value");
}

int gpald_json_parse(const char *text, size_t length, struct gpald_arena *arena,
		     const cJSON **value, struct gpald_wire_error *error)
{
	enum expect expect = EXPECT_VALUE;
	struct parser p;

	/* The stack is written before it is read. */
	p.text = (const unsigned char *)text;
	p.length = length;
	p.at = 0;
	p.error = error;
	p.arena = arena;
	p.strings = gpald_arena_alloc(arena, 1, length);
	p.keyed = NULL;
	p.root = NULL;
	p.values = p.depth = 0;
	if (!p.strings)
		return no_memory(&p);
	for (;;) {
		skip_space(&p);
		if (expect == EXPECT_NOTHING && p.at == p.length)
			break;
		if (read_token(&p, &expect))
			return -1;
	}
	*value = p.root;
	return 0;
}
