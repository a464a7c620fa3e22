/* SPDX-License-Identifier: MIT */
/* Thin over cJSON. Keys are string literals, so cJSON need not copy them. */
#include "config.h"

#include "json_tree.h"

#include "message.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const cJSON *ctl_json_member(const cJSON *object, const char *name)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const char *ctl_json_text(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(ctl_json_member(object, name));
}

bool ctl_json_count(const cJSON *value, uint64_t *count)
{
	double number;

	if (!cJSON_IsNumber(value))
		return false;
	number = value->valuedouble;
	/* Every integer up to 2^53 is a double; a NaN fails the comparison. */
	if (!(number >= 0 && number < 9007199254740992.0))
		return false;
	*count = (uint64_t)number;
	return !(number > (double)*count);
}

char *ctl_json_print(const cJSON *tree)
{
	char *text = cJSON_PrintUnformatted(tree);

	if (!text)
		ctl_out_of_memory();
	return text;
}

cJSON *ctl_json_add(cJSON *parent, const char *key, cJSON *item)
{
	if (!item || !(key ? cJSON_AddItemToObjectCS(parent, key, item) :
			     cJSON_AddItemToArray(parent, item)))
		ctl_out_of_memory();
	return item;
}

void ctl_json_add_text(cJSON *parent, const char *key, const char *text)
{
	ctl_json_add(parent, key, cJSON_CreateString(text));
}

void ctl_json_add_integer(cJSON *parent, const char *key, int64_t value)
{
	char text[24];

	/* Raw, because cJSON prints large numbers with an exponent. */
	snprintf(text, sizeof(text), "%" PRId64, value);
	ctl_json_add(parent, key, cJSON_CreateRaw(text));
}

cJSON *ctl_request_object(struct ctl_request *request, const char *group)
{
	cJSON *object = request->tree;

	if (group)
		object = cJSON_GetObjectItemCaseSensitive(request->tree, group);
	return object ? object : ctl_json_add(request->tree, group, cJSON_CreateObject());
}

cJSON *ctl_request_list(struct ctl_request *request, const char *group, const char *name)
{
	cJSON *object = ctl_request_object(request, group);
	cJSON *list = cJSON_GetObjectItemCaseSensitive(object, name);

	return list ? list : ctl_json_add(object, name, cJSON_CreateArray());
}

char *ctl_string_copy(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		ctl_out_of_memory();
	return copy;
}

void ctl_json_free(cJSON **tree)
{
	cJSON_Delete(*tree);
	*tree = NULL;
}

void ctl_string_free(char **text)
{
	free(*text);
	*text = NULL;
}
