/* SPDX-License-Identifier: MIT */
/*
 * A table with a row for each keyword. Schemas are looked up by name in a sorted list and patterns
 * are compiled only once, because a fuzz target validates thousands of replies a second.
 */
#include "config.h"

#include "tests/fuzz/schema.h"

#include "core/text.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <regex.h>
#include <stdbool.h>
#include <string.h>

#define REFERENCE "#/components/schemas/"
#define NAMES_MAX 512
#define PATTERNS_MAX 128

struct pattern {
	const cJSON *keyword;
	regex_t compiled;
};

static cJSON *root;
static const cJSON *names[NAMES_MAX];
static size_t name_count;
static struct pattern patterns[PATTERNS_MAX];
static size_t pattern_count;

/* The first fault in the value that is being checked. */
static char fault[256];

static bool is_valid(const cJSON *schema, const cJSON *value);

/*
 * Keywords. Each check gets the value of its keyword, the schema that contains it, and the value to
 * check.
 */

typedef bool keyword_check(const cJSON *keyword, const cJSON *schema, const cJSON *value);

static bool is_type(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	const char *type = keyword->valuestring;

	(void)schema;
	switch (type[0]) {
	case 'o':
		return cJSON_IsObject(value);
	case 'a':
		return cJSON_IsArray(value);
	case 's':
		return cJSON_IsString(value);
	case 'b':
		return cJSON_IsBool(value);
	case 'i':
		return cJSON_IsNumber(value) && floor(value->valuedouble) == value->valuedouble;
	case 'n':
		return type[2] == 'm' ? cJSON_IsNumber(value) : cJSON_IsNull(value);
	default:
		return false;
	}
}

static bool has_required(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	const cJSON *name;

	(void)schema;
	cJSON_ArrayForEach(name, keyword)
	{
		if (cJSON_IsObject(value) &&
		    !cJSON_GetObjectItemCaseSensitive(value, name->valuestring))
			return false;
	}
	return true;
}

static bool has_properties(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	const cJSON *property;

	(void)schema;
	cJSON_ArrayForEach(property, keyword)
	{
		const cJSON *member =
			cJSON_IsObject(value) ?
				cJSON_GetObjectItemCaseSensitive(value, property->string) :
				NULL;

		if (member && !is_valid(property, member))
			return false;
	}
	return true;
}

static bool has_no_others(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	const cJSON *properties = cJSON_GetObjectItemCaseSensitive(schema, "properties");
	const cJSON *member;

	if (!cJSON_IsObject(value) || cJSON_IsTrue(keyword))
		return true;
	cJSON_ArrayForEach(member, value)
	{
		if (cJSON_GetObjectItemCaseSensitive(properties, member->string))
			continue;
		if (cJSON_IsFalse(keyword) || !is_valid(keyword, member))
			return false;
	}
	return true;
}

static bool are_items(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	const cJSON *list = cJSON_IsArray(value) ? value : NULL, *element;

	(void)schema;
	cJSON_ArrayForEach(element, list)
	{
		if (!is_valid(keyword, element))
			return false;
	}
	return true;
}

static bool is_equal(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	(void)schema;
	return cJSON_Compare(keyword, value, true);
}

static bool is_one_of_values(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	const cJSON *choice;

	cJSON_ArrayForEach(choice, keyword)
	{
		if (is_equal(choice, schema, value))
			return true;
	}
	return false;
}

static bool is_one_of(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	const cJSON *choice;
	size_t count = 0;

	(void)schema;
	cJSON_ArrayForEach(choice, keyword) count += is_valid(choice, value);
	return count == 1;
}

static bool is_all_of(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	const cJSON *part;

	(void)schema;
	cJSON_ArrayForEach(part, keyword)
	{
		if (!is_valid(part, value))
			return false;
	}
	return true;
}

static bool is_if_then(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	const cJSON *then = cJSON_GetObjectItemCaseSensitive(schema, "then");

	return !is_valid(keyword, value) || is_valid(then, value);
}

static bool is_reference(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	const cJSON *target = schema_find(keyword->valuestring + strlen(REFERENCE));

	(void)schema;
	FUZZ_CHECK(target, "there is no schema %s", keyword->valuestring);
	return is_valid(target, value);
}

static bool is_minimum(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	(void)schema;
	return !cJSON_IsNumber(value) || value->valuedouble >= keyword->valuedouble;
}

static bool is_maximum(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	(void)schema;
	return !cJSON_IsNumber(value) || value->valuedouble <= keyword->valuedouble;
}

static bool has_min_items(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	(void)schema;
	return !cJSON_IsArray(value) || cJSON_GetArraySize(value) >= keyword->valueint;
}

static bool has_max_items(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	(void)schema;
	return !cJSON_IsArray(value) || cJSON_GetArraySize(value) <= keyword->valueint;
}

static bool has_min_properties(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	(void)schema;
	return !cJSON_IsObject(value) || cJSON_GetArraySize(value) >= keyword->valueint;
}

static bool is_not(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	(void)schema;
	return !is_valid(keyword, value);
}

/* Counts the characters of UTF-8. */
static size_t count_characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static bool has_max_length(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	(void)schema;
	return !cJSON_IsString(value) ||
	       count_characters(value->valuestring) <= (size_t)keyword->valueint;
}

/* Counts bytes. That is enough, because the document only asks for a length of one. */
static bool has_min_length(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	(void)schema;
	return !cJSON_IsString(value) || strlen(value->valuestring) >= (size_t)keyword->valueint;
}

static const regex_t *compile(const cJSON *keyword)
{
	struct pattern *pattern = patterns;

	while (pattern < patterns + pattern_count && pattern->keyword != keyword)
		pattern++;
	if (pattern == patterns + pattern_count) {
		FUZZ_CHECK(pattern_count++ < PATTERNS_MAX, "too many patterns");
		pattern->keyword = keyword;
		FUZZ_CHECK(regcomp(&pattern->compiled, keyword->valuestring,
				   REG_EXTENDED | REG_NOSUB) == 0,
			   "cannot compile the pattern %s", keyword->valuestring);
	}
	return &pattern->compiled;
}

/* regcomp() cannot express this class. */
#define CONTROLS "[\\u0000-\\u001f\\u007f-\\u009f]"

static bool is_pattern(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	(void)schema;
	if (strcmp(keyword->valuestring, CONTROLS) == 0)
		return !cJSON_IsString(value) || gpald_has_control(value->valuestring);
	return !cJSON_IsString(value) ||
	       regexec(compile(keyword), value->valuestring, 0, NULL, 0) == 0;
}

static bool is_anything(const cJSON *keyword, const cJSON *schema, const cJSON *value)
{
	(void)keyword, (void)schema, (void)value;
	return true;
}

static const struct {
	const char *name;
	keyword_check *check;
} keywords[] = {
	{ "$ref", is_reference },        { "additionalProperties", has_no_others },
	{ "allOf", is_all_of },          { "const", is_equal },
	{ "default", is_anything },      { "description", is_anything },
	{ "enum", is_one_of_values },    { "if", is_if_then },
	{ "items", are_items },          { "maxItems", has_max_items },
	{ "maxLength", has_max_length }, { "not", is_not },
	{ "maximum", is_maximum },       { "minItems", has_min_items },
	{ "minLength", has_min_length }, { "minProperties", has_min_properties },
	{ "minimum", is_minimum },       { "oneOf", is_one_of },
	{ "pattern", is_pattern },       { "properties", has_properties },
	{ "required", has_required },    { "then", is_anything }, /* part of if */
	{ "title", is_anything },        { "type", is_type },
};

/*
 * A keyword that was found once gets the name of its row, so that the next search compares no text.
 */
static keyword_check *find_keyword(cJSON *keyword)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (keyword->string == keywords[i].name)
			return keywords[i].check;
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (strcmp(keywords[i].name, keyword->string) != 0)
			continue;
		cJSON_free(keyword->string);
		keyword->string = (char *)keywords[i].name;
		return keywords[i].check;
	}
	fuzz_fail(__FILE__, __LINE__, "the keyword %s is not known here", keyword->string);
}

static bool is_valid(const cJSON *schema, const cJSON *value)
{
	const cJSON *keyword;

	cJSON_ArrayForEach(keyword, schema)
	{
		const bool is_first = !fault[0];

		if (find_keyword((cJSON *)keyword)(keyword, schema, value)) {
			/* The keyword may have tried schemas that the value need not match. */
			if (is_first)
				fault[0] = '\0';
			continue;
		}
		if (!fault[0])
			snprintf(fault, sizeof(fault), "%s of %s: %s",
				 value->string ? value->string : "a value",
				 schema->string ? schema->string : "a schema", keyword->string);
		return false;
	}
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

void schema_open(const char *document)
{
	const cJSON *components, *schema;

	root = cJSON_Parse(document);
	components = cJSON_GetObjectItemCaseSensitive(root, "components");
	cJSON_ArrayForEach(schema, cJSON_GetObjectItemCaseSensitive(components, "schemas"))
	{
		FUZZ_CHECK(name_count < NAMES_MAX, "too many schemas");
		names[name_count++] = schema;
	}
	FUZZ_CHECK(name_count > 0, "no schemas");
	qsort(names, name_count, sizeof(names[0]), compare_names);
}

const cJSON *schema_find(const char *name)
{
	const cJSON key = { .string = (char *)name }, *wanted = &key;
	const cJSON **found = bsearch(&wanted, names, name_count, sizeof(names[0]), compare_names);

	return found ? *found : NULL;
}

const cJSON *schema_of_result(const char *method)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(root, "methods"))
	{
		const cJSON *name = cJSON_GetObjectItemCaseSensitive(row, "name");

		if (strcmp(name->valuestring, method) == 0)
			return cJSON_GetObjectItemCaseSensitive(
				cJSON_GetObjectItemCaseSensitive(row, "result"), "schema");
	}
	return NULL;
}

void schema_check(const cJSON *schema, const cJSON *value)
{
	fault[0] = '\0';
	FUZZ_CHECK(schema && is_valid(schema, value), "not what the document says: %s", fault);
}
