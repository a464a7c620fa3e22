/* SPDX-License-Identifier: MIT */
/*
 * Building and reading cJSON trees without an error path per step.
 */
#include "config.h"

#include "json_build.h"

#include "message.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *must(cJSON *item)
{
	if (!item)
		ctl_out_of_memory();
	return item;
}

static cJSON *attach(cJSON *parent, const char *name, cJSON *item)
{
	must(item);
	if (!(name ? cJSON_AddItemToObject(parent, name, item) :
		     cJSON_AddItemToArray(parent, item)))
		ctl_out_of_memory();
	return item;
}

cJSON *ctl_json_new_object(void)
{
	return must(cJSON_CreateObject());
}

cJSON *ctl_json_object_at(cJSON *parent, const char *name)
{
	cJSON *item = cJSON_GetObjectItemCaseSensitive(parent, name);

	return item ? item : attach(parent, name, cJSON_CreateObject());
}

cJSON *ctl_json_array_at(cJSON *parent, const char *name)
{
	cJSON *item = cJSON_GetObjectItemCaseSensitive(parent, name);

	return item ? item : attach(parent, name, cJSON_CreateArray());
}

void ctl_json_add_text(cJSON *parent, const char *name, const char *text)
{
	attach(parent, name, cJSON_CreateString(text));
}

void ctl_json_add_count(cJSON *parent, const char *name, uint64_t count)
{
	char text[24];

	/* cJSON would write large numbers with an exponent. */
	snprintf(text, sizeof(text), "%" PRIu64, count);
	attach(parent, name, cJSON_CreateRaw(text));
}

void ctl_json_add_address(cJSON *parent, const char *name, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	attach(parent, name, cJSON_CreateString(text));
}

cJSON *ctl_json_add_object(cJSON *parent, const char *name)
{
	return attach(parent, name, cJSON_CreateObject());
}

const cJSON *ctl_json_member(const cJSON *object, const char *name)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const char *ctl_json_text(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(ctl_json_member(object, name));
}

char *ctl_json_print(const cJSON *tree)
{
	char *text = cJSON_PrintUnformatted(tree);

	if (!text)
		ctl_out_of_memory();
	return text;
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
