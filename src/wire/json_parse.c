/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * The parser is a loop over tokens with a stack of at most 32 open containers. Each value becomes a
 * node, linked to the one before it. A decoded string is never longer than its text, so one
 * block of memory of the length of the text has room for all strings.
 *
 * A container notes which of 64 kinds of key it has seen; the kind of a key depends on its length
 * and on its first and last byte. When the container closes, the keys are sorted and compared, but
 * only if a kind occurs twice. So finding duplicates costs at most n log n, whatever keys an
 * attacker chooses; a hash table cannot promise that.
 */
#include "config.h"

#include "wire/json_parse.h"

#include "wire/json_scan.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A longer number is refused. The protocol needs 16 digits. */
#define NUMBER_LENGTH_MAX 63

/* A double represents every integer of up to this many digits exactly. */
#define EXACT_DIGITS 15

/* A node, and the offset of its key in the text: that of the opening quote. */
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
	uint64_t kinds;      /* a bit for each kind of key seen */
	bool has_kind_twice; /* so two keys may be equal */
	bool is_object;
};

struct parser {
	struct gpald_json_scanner scan;
	struct gpald_arena *arena;
	char *strings;      /* where the next string goes */
	struct node *keyed; /* a node that has its key and waits for its value */
	const cJSON *root;
	size_t values_left;
	size_t depth;
	struct container stack[GPALD_JSON_DEPTH_MAX];
};

static int no_memory(struct parser *p)
{
	return gpald_refuse(p->scan.error, GPALD_REASON_OF(GPAL_E_NO_MEMORY), "out of memory");
}

/*
 * Reads an integer of at most EXACT_DIGITS digits, as most numbers are. Returns false for any other
 * number.
 */
static bool read_integer_digits(const unsigned char *text, size_t length, double *value)
{
	const bool is_negative = text[0] == '-';
	uint64_t integer = 0;

	if (length - is_negative > EXACT_DIGITS)
		return false;
	for (size_t i = is_negative; i < length; i++) {
		if (!gpald_is_digit(text[i]))
			return false;
		integer = integer * 10 + (uint64_t)(text[i] - '0');
	}
	*value = is_negative ? -(double)integer : (double)integer;
	return true;
}

static int read_number(struct parser *p, double *value)
{
	const size_t start = p->scan.at;
	char copy[NUMBER_LENGTH_MAX + 1];

	if (gpald_scan_number(&p->scan))
		return -1;
	if (read_integer_digits(p->scan.text + start, p->scan.at - start, value))
		return 0;
	if (p->scan.at - start > NUMBER_LENGTH_MAX)
		return gpald_scan_fail_at(&p->scan, start, GPALD_INVALID_JSON, "number too long");
	memcpy(copy, p->scan.text + start, p->scan.at - start);
	copy[p->scan.at - start] = '\0';
	*value = strtod(copy, NULL);
	if (isinf(*value))
		return gpald_scan_fail_at(&p->scan, start, GPALD_INVALID_JSON, "number too large");
	return 0;
}

static int read_word(struct parser *p, int *type)
{
	if (gpald_scan_literal(&p->scan, "true", 4))
		*type = cJSON_True;
	else if (gpald_scan_literal(&p->scan, "false", 5))
		*type = cJSON_False;
	else if (gpald_scan_literal(&p->scan, "null", 4))
		*type = cJSON_NULL;
	else
		return gpald_scan_fail(&p->scan, "expected a JSON value");
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

/* Decodes a checked string with escapes. The result is never longer. Returns its end. */
static char *decode_string(const struct parser *p, struct gpald_json_span span, char *out)
{
	static const char escapes[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";

	for (size_t i = span.start; i < span.end; i++) {
		if (p->scan.text[i] != '\\') {
			*out++ = (char)p->scan.text[i];
		} else if (p->scan.text[++i] != 'u') {
			*out++ = meanings[strchr(escapes, p->scan.text[i]) - escapes];
		} else {
			int unit = gpald_scan_hex4(&p->scan, i + 1);

			i += 4;
			if (gpald_is_high_surrogate(unit)) {
				int low = gpald_scan_hex4(&p->scan, i + 3);

				unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
				i += 6;
			}
			append_utf8(&out, unit);
		}
	}
	return out;
}

/* Reads the string at the cursor. The copy has no quotes, so there is room for its NUL. */
static char *read_string(struct parser *p)
{
	char *string = p->strings, *end;
	struct gpald_json_span span;

	if (gpald_scan_string(&p->scan, &span))
		return NULL;
	if (span.has_escapes) {
		end = decode_string(p, span, string);
	} else {
		end = string + (span.end - span.start);
		memcpy(string, p->scan.text + span.start, span.end - span.start);
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
	const size_t start = p->scan.at;
	size_t length;
	uint64_t kind;
	char *key;

	if (gpald_scan_peek(&p->scan) != '"')
		return gpald_scan_fail(&p->scan, "expected a key in quotes");
	key = read_string(p);
	p->keyed = key ? new_node(p) : NULL;
	if (!p->keyed)
		return -1;
	p->keyed->item.string = key;
	p->keyed->key_at = start;
	length = (size_t)(p->strings - key) - 1;
	kind = UINT64_C(1) << ((length * 5 + (size_t)(unsigned char)key[0] * 3 +
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

/* Refuses equal keys in the object that is being closed, which is on top of the stack. */
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
				       gpald_scan_fail_at(&p->scan, duplicate, GPALD_DUPLICATE_KEY,
							  "duplicate key");
}

/* Values. */

/* Adds a value to the open container, or makes it the root. */
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
		return gpald_scan_fail_at(&p->scan, p->scan.at, GPALD_TOO_DEEP,
					  "more than 32 levels of nesting");
	item->type = is_object ? cJSON_Object : cJSON_Array;
	p->stack[p->depth++] = (struct container){ .item = item, .is_object = is_object };
	*expect = is_object ? EXPECT_FIRST_KEY : EXPECT_FIRST_ELEMENT;
	p->scan.at++;
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
	/* As in cJSON, the `prev` of the first element is the last. */
	if (container->last)
		container->item->child->prev = container->last;
	p->depth--;
	p->scan.at++;
	*expect = after_value(p);
	return 0;
}

static int read_json_value(struct parser *p, enum expect *expect)
{
	const int byte = gpald_scan_peek(&p->scan);
	struct node *node;
	cJSON *item;

	if (p->values_left-- == 0)
		return gpald_scan_fail_at(&p->scan, p->scan.at, GPALD_TOO_MANY_VALUES,
					  "more than 65536 values");
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
	if (byte == '-' || gpald_is_digit(byte)) {
		item->type = cJSON_Number;
		return read_number(p, &item->valuedouble);
	}
	return read_word(p, &item->type);
}

static int read_token(struct parser *p, enum expect *expect)
{
	const int byte = gpald_scan_peek(&p->scan);
	const bool in_object = p->depth > 0 && p->stack[p->depth - 1].is_object;

	switch (*expect) {
	case EXPECT_FIRST_ELEMENT:
		if (byte == ']')
			return close_container(p, expect);
		return read_json_value(p, expect);
	case EXPECT_VALUE:
		return read_json_value(p, expect);
	case EXPECT_FIRST_KEY:
		if (byte == '}')
			return close_container(p, expect);
		return read_key(p, expect);
	case EXPECT_KEY:
		return read_key(p, expect);
	case EXPECT_COLON:
		if (byte != ':')
			return gpald_scan_fail(&p->scan, "expected a colon");
		p->scan.at++;
		*expect = EXPECT_VALUE;
		return 0;
	case EXPECT_COMMA_OR_END:
		if (byte == (in_object ? '}' : ']'))
			return close_container(p, expect);
		if (byte != ',')
			return gpald_scan_fail(&p->scan, in_object ? "expected a comma or }" :
								     "expected a comma or ]");
		p->scan.at++;
		*expect = in_object ? EXPECT_KEY : EXPECT_VALUE;
		return 0;
	case EXPECT_NOTHING:
		break;
	}
	return gpald_scan_fail(&p->scan, "more bytes after the JSON value");
}

static int parse_document(const char *text, size_t length, size_t values_max,
			  struct gpald_arena *arena, const cJSON **value,
			  struct gpald_wire_error *error)
{
	enum expect expect = EXPECT_VALUE;
	struct parser p;

	/* No initializer: the stack is large, and each entry is written before it is read. */
	p.scan = (struct gpald_json_scanner){ (const unsigned char *)text, length, 0, error };
	p.arena = arena;
	p.strings = gpald_arena_alloc(arena, 1, length);
	p.keyed = NULL;
	p.root = NULL;
	p.values_left = values_max;
	p.depth = 0;
	if (!p.strings)
		return no_memory(&p);
	for (;;) {
		gpald_scan_space(&p.scan);
		if (expect == EXPECT_NOTHING && p.scan.at == p.scan.length)
			break;
		if (read_token(&p, &expect))
			return -1;
	}
	*value = p.root;
	return 0;
}

int gpald_json_parse(const char *text, size_t length, struct gpald_arena *arena,
		     const cJSON **value, struct gpald_wire_error *error)
{
	return parse_document(text, length, GPALD_JSON_VALUES_MAX, arena, value, error);
}

int gpald_json_parse_reply(const char *text, size_t length, struct gpald_arena *arena,
			   const cJSON **value, struct gpald_wire_error *error)
{
	return parse_document(text, length, SIZE_MAX, arena, value, error);
}
