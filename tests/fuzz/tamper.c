/* SPDX-License-Identifier: MIT */
/* Removes, repeats, replaces and changes values, one at a time. */
#include "config.h"

#include "tests/fuzz/tamper.h"

#include "tests/fuzz/draw.h"
#include "wire/size.h"

#include <string.h>

static size_t count_values(const cJSON *value)
{
	size_t count = 1;
	const cJSON *inner;

	cJSON_ArrayForEach(inner, value) count += count_values(inner);
	return count;
}

/* Returns value number *index, in the order of the text. */
static cJSON *find_value(cJSON *value, size_t *index)
{
	cJSON *inner, *found = NULL;

	if ((*index)-- == 0)
		return value;
	for (inner = value->child; inner && !found; inner = inner->next)
		found = find_value(inner, index);
	return found;
}

/* Returns any value except the root, which must contain some. */
static cJSON *pick(cJSON *root, struct fuzz_bytes *bytes)
{
	size_t index = 1 + fuzz_number(bytes, 2) % (count_values(root) - 1);

	return find_value(root, &index);
}

static cJSON *parent_of(cJSON *value, const cJSON *wanted)
{
	cJSON *inner, *found;

	cJSON_ArrayForEach(inner, value)
	{
		if (inner == wanted)
			return value;
		found = parent_of(inner, wanted);
		if (found)
			return found;
	}
	return NULL;
}

/*
 * Changes every copy of the text, because a layout in full has an address in more than one place.
 */
static void change_text(cJSON *value, const char *from, const char *to)
{
	cJSON *inner;

	if (cJSON_IsString(value) && strcmp(value->valuestring, from) == 0)
		cJSON_SetValuestring(value, to);
	cJSON_ArrayForEach(inner, value) change_text(inner, from, to);
}

static void change_address(cJSON *root, cJSON *value, uint64_t from, uint8_t how,
			   struct fuzz_bytes *bytes)
{
	char old[GPALD_HEX_SIZE], text[GPALD_HEX_SIZE];

	gpald_hex_format(how & 1 ? draw_size(bytes) : from + (how >> 2) * GPAL_PAGE_SIZE, text);
	gpald_hex_format(from, old);
	if (how & 2)
		change_text(root, old, text);
	else
		cJSON_SetValuestring(value, text);
}

static void change_value(cJSON *root, cJSON *value, struct fuzz_bytes *bytes)
{
	static const char *const texts[] = { "ram0", "ram1", "rc0", "rc1",    "mmio64", "fixed",
					     "vm-1", "2GiB", "0",   "0x1000", "" };
	const uint8_t how = fuzz_u8(bytes);
	uint64_t number;

	if (cJSON_IsNumber(value))
		cJSON_SetNumberValue(value, how);
	else if (cJSON_IsString(value) &&
		 gpald_size_parse(value->valuestring, &number) == GPALD_SIZE_OK)
		change_address(root, value, number, how, bytes);
	else if (cJSON_IsString(value))
		cJSON_SetValuestring(value, texts[how % (sizeof(texts) / sizeof(texts[0]))]);
}

/* Replaces a value with a copy of another one. */
static void replace_value(cJSON *root, cJSON *value, const cJSON *other)
{
	cJSON *parent = parent_of(root, value);
	cJSON *copy = cJSON_Duplicate(other, true);

	if (cJSON_IsObject(parent)) {
		char *name = strdup(value->string);

		cJSON_ReplaceItemInObjectCaseSensitive(parent, name, copy);
		free(name);
	} else {
		cJSON_ReplaceItemViaPointer(parent, value, copy);
	}
}

void tamper(cJSON *root, struct fuzz_bytes *bytes)
{
	cJSON *value;

	if (!root->child)
		return;
	value = pick(root, bytes);
	switch (fuzz_u8(bytes) % 5) {
	case 0:
		cJSON_Delete(cJSON_DetachItemViaPointer(parent_of(root, value), value));
		break;
	case 1:
		if (cJSON_IsArray(value) && value->child)
			cJSON_AddItemToArray(value, cJSON_Duplicate(value->child, true));
		break;
	case 2:
		replace_value(root, value, pick(root, bytes));
		break;
	default:
		change_value(root, value, bytes);
		break;
	}
}
