/* SPDX-License-Identifier: MIT */
/*
 * Finds the ends of values: a string ends at its closing quote, a list or an object where all
 * brackets are closed.
 */
#include "config.h"

#include "wire/json_raw.h"

#include <string.h>

static bool is_json_space(char c)
{
	return (unsigned char)c <= ' ';
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && is_json_space(*at))
		at++;
	return at;
}

/* Returns the end of the string that begins here. */
static const char *skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		at += *at == '\\' && at + 1 < end;
	return at < end ? at + 1 : end;
}

/* Returns the end of the value that begins here. */
static const char *skip_value(const char *at, const char *end)
{
	size_t depth = 0;

	while (at < end) {
		if (*at == '"') {
			at = skip_string(at, end);
			if (depth == 0)
				return at;
			continue;
		}
		if (depth == 0 && (is_json_space(*at) || strchr(",]}", *at)))
			return at;
		if (*at == '{' || *at == '[')
			depth++;
		else if ((*at == '}' || *at == ']') && --depth == 0)
			return at + 1;
		at++;
	}
	return end;
}

struct gpald_raw gpald_raw_value(const char *text, size_t length)
{
	const char *const end = text + length;
	const char *const start = skip_space(text, end);

	return (struct gpald_raw){ start, (size_t)(skip_value(start, end) - start) };
}

bool gpald_raw_next(struct gpald_raw *rest, struct gpald_raw *name, struct gpald_raw *value)
{
	const char *const end = rest->text + rest->length;
	const char *at = rest->text, *start;

	/* An element follows the opening bracket, or the comma after the element before. */
	if (at == end || !strchr("[{,", *at))
		return false;
	start = skip_space(at + 1, end);
	if (start == end || *start == ']' || *start == '}')
		return false;
	at = skip_value(start, end);
	if (name)
		*name = (struct gpald_raw){ start, 0 };
	rest->text = skip_space(at, end);
	if (rest->text < end && *rest->text == ':') {
		if (name)
			name->length = (size_t)(at - start);
		start = skip_space(rest->text + 1, end);
		at = skip_value(start, end);
		rest->text = skip_space(at, end);
	}
	*value = (struct gpald_raw){ start, (size_t)(at - start) };
	rest->length = (size_t)(end - rest->text);
	return true;
}

bool gpald_raw_member(struct gpald_raw object, const char *name, struct gpald_raw *member)
{
	const size_t length = strlen(name);
	struct gpald_raw found, value;

	while (gpald_raw_next(&object, &found, &value)) {
		if (found.length != length + 2 || memcmp(found.text + 1, name, length) != 0)
			continue;
		*member = value;
		return true;
	}
	return false;
}
