/* SPDX-License-Identifier: MIT */
/*
 * JSON as text. A tokenizer checks each token strictly; cJSON then checks how
 * they are put together. Cutting and indenting walk the same tokens.
 */
#include "config.h"

#include "json_text.h"

#include "message.h"
#include "terminal_text.h"

#include <string.h>

static const char whitespace[] = " \t\r\n";
static const char *const literals[] = { "true", "false", "null" };

struct tokens {
	const char *text;
	size_t len;
	size_t position; /* behind the current token, or at the fault */
	size_t start;    /* of the current token */
	const char *fault;
};

static bool at_any(const struct tokens *t, const char *set)
{
	char c = t->position < t->len ? t->text[t->position] : '\0';

	return c && strchr(set, c);
}

static bool accept_any(struct tokens *t, const char *set)
{
	bool found = at_any(t, set);

	t->position += found;
	return found;
}

static bool accept_digits(struct tokens *t)
{
	size_t start = t->position;

	while (accept_any(t, "0123456789"))
		;
	return t->position != start;
}

static const char *number_fault(struct tokens *t)
{
	accept_any(t, "-");
	if (accept_any(t, "0")) {
		if (at_any(t, "0123456789"))
			return "a number does not start with 0";
	} else if (!accept_digits(t)) {
		return "a digit is missing";
	}
	if (accept_any(t, ".") && !accept_digits(t))
		return "a digit is missing behind the point";
	if (accept_any(t, "eE")) {
		accept_any(t, "+-");
		if (!accept_digits(t))
			return "a digit is missing in the exponent";
	}
	return NULL;
}

static const char *escape_fault(struct tokens *t)
{
	if (accept_any(t, "u")) {
		for (int i = 0; i < 4; i++) {
			if (!accept_any(t, "0123456789abcdefABCDEF"))
				return "\\u needs four hexadecimal digits";
		}
		return NULL;
	}
	return accept_any(t, "\"\\/bfnrt") ? NULL : "no such escape";
}

static const char *string_fault(struct tokens *t)
{
	t->position++;
	while (t->position < t->len && t->text[t->position] != '"') {
		const char *fault = NULL;
		uint32_t code_point;
		size_t bytes =
			ctl_utf8_decode(t->text + t->position, t->len - t->position, &code_point);

		if (!bytes)
			return "not UTF-8";
		if (code_point < 0x20)
			return "a control character inside a string";
		t->position += bytes;
		if (code_point == '\\')
			fault = escape_fault(t);
		if (fault)
			return fault;
	}
	return accept_any(t, "\"") ? NULL : "a string is not closed";
}

static const char *literal_fault(struct tokens *t)
{
	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		size_t len = strlen(literals[i]);

		if (t->len - t->position >= len &&
		    memcmp(t->text + t->position, literals[i], len) == 0) {
			t->position += len;
			return NULL;
		}
	}
	return "neither a value nor punctuation";
}

/* Moves to the next token; false at the end of the text or at a fault. */
static bool next_token(struct tokens *t)
{
	while (accept_any(t, whitespace))
		;
	t->start = t->position;
	if (t->position == t->len)
		return false;
	if (at_any(t, "\""))
		t->fault = string_fault(t);
	else if (at_any(t, "-0123456789"))
		t->fault = number_fault(t);
	else if (!accept_any(t, "{}[]:,"))
		t->fault = literal_fault(t);
	return !t->fault;
}

cJSON *ctl_json_parse(const struct ctl_buffer *text, struct ctl_json_fault *fault)
{
	struct tokens t = { .text = ctl_buffer_text(text), .len = text->len };
	const char *stop = t.text;
	size_t count = 0;
	cJSON *tree;

	while (next_token(&t))
		count++;
	if (t.fault || !count) {
		*fault = (struct ctl_json_fault){ t.position,
						  t.fault ? t.fault : "there is nothing" };
		return NULL;
	}
	tree = cJSON_ParseWithLengthOpts(t.text, t.len + 1, &stop, 1);
	if (!tree) {
		size_t offset = (size_t)(stop - t.text);

		*fault = (struct ctl_json_fault){ offset < t.len ? offset : t.len,
						  offset < t.len ? "not what may stand here" :
								   "the text ends too early" };
	}
	return tree;
}

static int depth_change(char c)
{
	return (c == '{' || c == '[') - (c == '}' || c == ']');
}

bool ctl_json_member_text(const struct ctl_buffer *text, const char *name, const char **start,
			  size_t *len)
{
	struct tokens t = { .text = ctl_buffer_text(text), .len = text->len };
	size_t name_len = strlen(name);
	const char *value = NULL;
	bool is_name = true; /* the next string at depth 1 names a member */
	int depth = 0;

	while (next_token(&t)) {
		const char *token = t.text + t.start;
		size_t token_len = t.position - t.start;

		depth += depth_change(*token);
		if (value && ((depth == 1 && *token == ',') || depth == 0)) {
			*start = value;
			return true;
		}
		if (value) {
			*len = (size_t)(t.text + t.position - value);
		} else if (is_name && *token == '"' && token_len == name_len + 2 &&
			   memcmp(token + 1, name, name_len) == 0) {
			next_token(&t); /* the colon */
			while (at_any(&t, whitespace))
				t.position++;
			value = t.text + t.position;
		}
		if (depth == 1)
			is_name = *token == ',' || *token == '{';
	}
	return false;
}

static void new_line(struct ctl_buffer *out, int depth)
{
	ctl_buffer_printf(out, "\n%*s", depth * 2, "");
}

void ctl_json_indent(struct ctl_buffer *out, const char *text, size_t len)
{
	struct tokens t = { .text = text, .len = len };
	char previous = '\0';
	int depth = 0;

	while (next_token(&t)) {
		char c = text[t.start];
		int change = depth_change(c);
		bool empty = change < 0 && (previous == '{' || previous == '[');

		if (change < 0)
			depth--;
		if (!empty && (change < 0 || previous == '{' || previous == '[' || previous == ','))
			new_line(out, depth);
		ctl_append_safe(out, text + t.start, t.position - t.start, "");
		if (c == ':')
			ctl_buffer_puts(out, " ");
		if (change > 0)
			depth++;
		previous = c;
	}
	ctl_buffer_puts(out, "\n");
}
