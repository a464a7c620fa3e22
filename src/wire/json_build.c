/* SPDX-License-Identifier: MIT */
/* Thin over cJSON. Keys are string literals, so cJSON need not copy them. */
#include "config.h"

#include "wire/json_build.h"

#include "wire/size.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define YEAR_9999_END_MS INT64_C(253402300799999)

cJSON *gpald_build_item(struct gpald_builder *b, cJSON *parent, const char *key, cJSON *item)
{
	bool added = item && parent &&
		     (key ? cJSON_AddItemToObjectCS(parent, key, item) :
			    cJSON_AddItemToArray(parent, item));

	if (added)
		return item;
	cJSON_Delete(item);
	b->failed = true;
	return NULL;
}

cJSON *gpald_build_object(struct gpald_builder *b, cJSON *parent, const char *key)
{
	return gpald_build_item(b, parent, key, cJSON_CreateObject());
}

cJSON *gpald_build_array(struct gpald_builder *b, cJSON *parent, const char *key)
{
	return gpald_build_item(b, parent, key, cJSON_CreateArray());
}

void gpald_build_text(struct gpald_builder *b, cJSON *parent, const char *key, const char *text)
{
	gpald_build_item(b, parent, key, cJSON_CreateString(text));
}

void gpald_build_integer(struct gpald_builder *b, cJSON *parent, const char *key, int64_t value)
{
	char text[24];

	/* Raw, because cJSON prints large numbers with an exponent. */
	snprintf(text, sizeof(text), "%" PRId64, value);
	gpald_build_item(b, parent, key, cJSON_CreateRaw(text));
}

void gpald_build_hex(struct gpald_builder *b, cJSON *parent, const char *key, uint64_t value)
{
	char text[GPALD_HEX_SIZE];

	gpald_hex_format(value, text);
	gpald_build_text(b, parent, key, text);
}

void gpald_build_time(struct gpald_builder *b, cJSON *parent, const char *key, int64_t ms)
{
	const int64_t shown = ms < 0 ? 0 : ms > YEAR_9999_END_MS ? YEAR_9999_END_MS : ms;
	const time_t seconds = (time_t)(shown / 1000);
	char text[32];
	struct tm utc;
	size_t length;

	gmtime_r(&seconds, &utc);
	length = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + length, sizeof(text) - length, ".%03dZ", (int)(shown % 1000));
	gpald_build_text(b, parent, key, text);
}

void gpald_build_bounds(struct gpald_builder *b, cJSON *object, struct gpal_range range)
{
	gpald_build_hex(b, object, "start", range.start);
	gpald_build_hex(b, object, "end", range.end);
}

void gpald_build_range(struct gpald_builder *b, cJSON *parent, const char *key,
		       struct gpal_range range)
{
	gpald_build_bounds(b, gpald_build_object(b, parent, key), range);
}

void gpald_build_range_if(struct gpald_builder *b, cJSON *parent, const char *key,
			  struct gpal_range range)
{
	if (!gpal_range_is_empty(range))
		gpald_build_range(b, parent, key, range);
}
