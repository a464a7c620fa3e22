/* SPDX-License-Identifier: MIT */
/*
 * The line buffer and the JSON parser.
 *
 * Input: a byte for the longest line, one for the sizes of chunks, then the stream. The lines must
 * not depend on the chunks. Each line then goes to the parser and to jansson. If the parser accepts
 * it, jansson must accept it with the same values. If jansson accepts it, the parser must accept
 * it, except for the cases below.
 */
#include "config.h"

#include "server/line_buffer.h"
#include "tests/fuzz/fuzz.h"
#include "wire/json_parse.h"

#include <cjson/cJSON.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

const char fuzz_target[] = "json";

/* Comparing both trees. */

static void compare(const cJSON *mine, const json_t *other);

static void compare_objects(const cJSON *mine, const json_t *other)
{
	const cJSON *member;
	size_t count = 0;

	cJSON_ArrayForEach(member, mine)
	{
		const json_t *found = json_object_get(other, member->string);

		FUZZ_CHECK(found, "jansson does not read the key %s", member->string);
		compare(member, found);
		count++;
	}
	FUZZ_CHECK(count == json_object_size(other),
		   "the parser reads %zu members, but jansson reads %zu", count,
		   json_object_size(other));
}

static void compare_arrays(const cJSON *mine, const json_t *other)
{
	const cJSON *element;
	size_t count = 0;

	cJSON_ArrayForEach(element, mine)
	{
		FUZZ_CHECK(count < json_array_size(other), "more elements than jansson reads");
		compare(element, json_array_get(other, count++));
	}
	FUZZ_CHECK(count == json_array_size(other), "fewer elements than jansson reads");
}

/* Recurses no deeper than the parser allows. */
static void compare(const cJSON *mine, const json_t *other)
{
	switch (json_typeof(other)) {
	case JSON_OBJECT:
		FUZZ_CHECK(cJSON_IsObject(mine), "only jansson reads an object");
		compare_objects(mine, other);
		break;
	case JSON_ARRAY:
		FUZZ_CHECK(cJSON_IsArray(mine), "only jansson reads an array");
		compare_arrays(mine, other);
		break;
	case JSON_STRING:
		FUZZ_CHECK(cJSON_IsString(mine), "only jansson reads a string");
		FUZZ_CHECK(strlen(mine->valuestring) == json_string_length(other) &&
				   strcmp(mine->valuestring, json_string_value(other)) == 0,
			   "the parser reads '%s', but jansson reads '%s'", mine->valuestring,
			   json_string_value(other));
		break;
	case JSON_REAL:
		FUZZ_CHECK(cJSON_IsNumber(mine), "only jansson reads a number");
		FUZZ_CHECK(mine->valuedouble == json_real_value(other),
			   "the parser reads %.17g, but jansson reads %.17g", mine->valuedouble,
			   json_real_value(other));
		break;
	case JSON_TRUE:
		FUZZ_CHECK(cJSON_IsTrue(mine), "only jansson reads true");
		break;
	case JSON_FALSE:
		FUZZ_CHECK(cJSON_IsFalse(mine), "only jansson reads false");
		break;
	case JSON_NULL:
		FUZZ_CHECK(cJSON_IsNull(mine), "only jansson reads null");
		break;
	case JSON_INTEGER:
		FUZZ_CHECK(false, "integers are read as reals");
	}
}

/* Exceptions: JSON that the parser refuses. Each is checked on jansson's tree or on the text. */

static size_t depth_of(const json_t *value)
{
	size_t deepest = 0, depth, i;
	const json_t *inner;
	const char *key;

	if (json_is_object(value)) {
		json_object_foreach((json_t *)value, key, inner)
		{
			depth = depth_of(inner);
			deepest = depth > deepest ? depth : deepest;
		}
		return deepest + 1;
	}
	if (!json_is_array(value))
		return 0;
	json_array_foreach(value, i, inner)
	{
		depth = depth_of(inner);
		deepest = depth > deepest ? depth : deepest;
	}
	return deepest + 1;
}

static size_t values_in(const json_t *value)
{
	size_t count = 1, i;
	const json_t *inner;
	const char *key;

	if (json_is_object(value)) {
		json_object_foreach((json_t *)value, key, inner) count += values_in(inner);
	} else {
		json_array_foreach(value, i, inner) count += values_in(inner);
	}
	return count;
}

static size_t number_length(const char *text, size_t length, size_t at)
{
	const size_t start = at;

	while (at < length && text[at] != '\0' && strchr("+-.0123456789Ee", text[at]))
		at++;
	return at - start;
}

static void check_exception(const char *line, size_t length, const json_t *other,
			    const struct gpald_wire_error *error)
{
	switch (error->reason) {
	case GPALD_TOO_DEEP:
		FUZZ_CHECK(depth_of(other) > GPALD_JSON_DEPTH_MAX,
			   "too_deep, but the nesting is within the limit");
		break;
	case GPALD_TOO_MANY_VALUES:
		FUZZ_CHECK(values_in(other) > GPALD_JSON_VALUES_MAX,
			   "too_many_values, but their number is within the limit");
		break;
	default:
		/* jansson stops at a NUL. */
		if (error->offset < length && line[error->offset] == '\0')
			break;
		/* Like cJSON, the parser reads no number of more than 63 bytes. */
		FUZZ_CHECK(error->reason == GPALD_INVALID_JSON &&
				   number_length(line, length, error->offset) > 63,
			   "only the parser refuses it: %s", error->message);
		break;
	}
}

static void check_line(const char *text, size_t length)
{
	/* The allocation has the exact length of the line. */
	char *line = malloc(length);
	struct gpald_arena *arena = gpald_arena_new(0);
	struct gpald_wire_error error;
	json_error_t why;
	const cJSON *mine;
	json_t *other;

	FUZZ_CHECK(line && arena, "out of memory");
	memcpy(line, text, length);
	other = json_loadb(line, length,
			   JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES,
			   &why);
	if (gpald_json_parse(line, length, arena, &mine, &error)) {
		FUZZ_CHECK(error.offset <= length, "the fault is outside the line");
		if (other)
			check_exception(line, length, other, &error);
	} else {
		FUZZ_CHECK(other, "only the parser accepts it: %s", why.text);
		compare(mine, other);
	}
	json_decref(other);
	gpald_arena_free(arena);
	free(line);
}

/* The expected lines, found by looking at the whole stream. */

struct stream {
	const char *data;
	size_t size;
	size_t most;
	size_t at;
};

/* A NUL follows the stream and stops strspn(). */
static bool is_blank(const char *line, size_t length)
{
	return strspn(line, " \t\r") >= length;
}

static enum gpald_line next_line(struct stream *s, const char **line, size_t *length,
				 uint64_t *offset)
{
	while (s->at < s->size) {
		const char *start = s->data + s->at;
		const char *lf = memchr(start, '\n', s->size - s->at);
		size_t whole = lf ? (size_t)(lf - start) : s->size - s->at;

		*line = start;
		*offset = s->at;
		s->at += whole + (lf != NULL);
		/* There may be a CR. */
		if (whole > s->most + 1)
			return GPALD_LINE_TOO_LONG;
		if (is_blank(start, whole))
			continue;
		*length = whole - (start[whole - 1] == '\r');
		return *length > s->most ? GPALD_LINE_TOO_LONG : GPALD_LINE_WHOLE;
	}
	return GPALD_LINE_NONE;
}

static void expect(struct stream *s, enum gpald_line kind, const char *line, size_t length,
		   uint64_t offset)
{
	const char *wanted;
	size_t wanted_length;
	uint64_t wanted_offset;

	FUZZ_CHECK(next_line(s, &wanted, &wanted_length, &wanted_offset) == kind,
		   "wrong kind of line at %llu", (unsigned long long)offset);
	FUZZ_CHECK(offset == wanted_offset, "a line at %llu, not at %llu",
		   (unsigned long long)offset, (unsigned long long)wanted_offset);
	if (kind != GPALD_LINE_WHOLE)
		return;
	FUZZ_CHECK(length == wanted_length && memcmp(line, wanted, length) == 0,
		   "wrong bytes of a line");
	check_line(line, length);
}

static void take_lines(struct gpald_line_buffer *buffer, struct stream *s)
{
	enum gpald_line kind;
	const char *line;
	size_t length;
	uint64_t offset;

	while ((kind = gpald_line_buffer_next(buffer, &line, &length, &offset)) != GPALD_LINE_NONE)
		expect(s, kind, line, length, offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = { data, data + size };
	struct gpald_line_buffer buffer;
	const uint8_t longest = fuzz_u8(&bytes);
	unsigned int chunk = fuzz_u8(&bytes);
	struct stream s = { .size = (size_t)(bytes.end - bytes.next),
			    .most = longest ? longest : 1 << 20 };
	char *copy = malloc(s.size + 1);
	enum gpald_line kind;
	const char *line;
	size_t length, given = 0;
	uint64_t offset;

	FUZZ_CHECK(copy, "out of memory");
	memcpy(copy, bytes.next, s.size);
	copy[s.size] = '\0';
	s.data = copy;
	gpald_line_buffer_init(&buffer, s.most, false);
	while (given < s.size) {
		size_t more = chunk ? 1 + chunk % 61 : s.size;

		more = more < s.size - given ? more : s.size - given;
		FUZZ_CHECK(gpald_line_buffer_append(&buffer, copy + given, more), "out of memory");
		given += more;
		chunk = chunk * 1103515245u + (chunk ? 12345u : 0);
		take_lines(&buffer, &s);
		FUZZ_CHECK(!gpald_line_buffer_has_line(&buffer), "a line is left");
		gpald_line_buffer_trim(&buffer);
		FUZZ_CHECK(gpald_line_buffer_received(&buffer) == given, "bytes were lost");
	}
	kind = gpald_line_buffer_last(&buffer, &line, &length, &offset);
	if (kind != GPALD_LINE_NONE)
		expect(&s, kind, line, length, offset);
	FUZZ_CHECK(next_line(&s, &line, &length, &offset) == GPALD_LINE_NONE, "a line is missing");
	gpald_line_buffer_clear(&buffer);
	free(copy);
	return 0;
}
