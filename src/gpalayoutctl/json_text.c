/* SPDX-License-Identifier: MIT */
/*
 * JSON as text. The tokens have the bounds cJSON gives them: a string ends at its
 * closing quote, and every byte up to the space is white space.
 */
#include "config.h"

#include "json_text.h"

#include "terminal_text.h"

#include <string.h>

struct tokens {
	const char *text;
	size_t len;
	size_t position; /* behind the current token */
	size_t start;    /* of the current token */
};

static bool is_space(char c)
{
	return (unsigned char)c <= ' ';
}

static bool is_punctuation(char c)
{
	return c && strchr("{}[]:,", c);
}

/* Moves to the next token; false at the end of the text. */
static bool next_token(struct tokens *t)
{
	while (t->position < t->len && is_space(t->text[t->position]))
		t->position++;
	t->start = t->position;
	if (t->position == t->len)
		return false;
	if (t->text[t->start] == '"') {
		do
			t->position += t->text[t->position] == '\\' ? 2 : 1;
		while (t->position < t->len && t->text[t->position] != '"');
	} else if (!is_punctuation(t->text[t->start])) {
		while (t->position + 1 < t->len && !is_space(t->text[t->position + 1]) &&
		       !is_punctuation(t->text[t->position + 1]))
			t->position++;
	}
	t->position = t->position < t->len ? t->position + 1 : t->len;
	return true;
}

static int depth_change(const struct tokens *t)
{
	char c = t->text[t->start];

	return (c == '{' || c == '[') - (c == '}' || c == ']');
}

static bool is_string(const struct tokens *t, const char *value)
{
	size_t len = strlen(value);

	return t->text[t->start] == '"' && t->position - t->start == len + 2 &&
	       memcmp(t->text + t->start + 1, value, len) == 0;
}

bool ctl_json_cut(const char **text, size_t *len, const char *name)
{
	struct tokens t = { .text = *text, .len = *len };
	size_t start;
	int depth = 0;

	while (next_token(&t)) {
		bool matches = depth == 1 && is_string(&t, name);

		depth += depth_change(&t);
		/* A string that no colon follows is a value. */
		if (!matches || !next_token(&t) || t.text[t.start] != ':' || !next_token(&t))
			continue;
		start = t.start;
		depth = depth_change(&t);
		while (depth > 0 && next_token(&t))
			depth += depth_change(&t);
		*text = t.text + start;
		*len = t.position - start;
		return true;
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
		int change = depth_change(&t);
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
