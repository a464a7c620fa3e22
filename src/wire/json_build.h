/* SPDX-License-Identifier: MIT */
/*
 * Building cJSON trees without a check at every step: a builder remembers whether
 * any step failed, which only happens when memory runs out. A failed step is
 * harmless and what follows it too. Each function adds under `key` to an object,
 * or to an array where `key` is NULL.
 */
#ifndef GPALD_WIRE_JSON_BUILD_H
#define GPALD_WIRE_JSON_BUILD_H

#include <cjson/cJSON.h>
#include <gpalayout/range.h>
#include <stdbool.h>
#include <stdint.h>

struct gpald_builder {
	bool failed;
};

/* Adds `item`, which the tree now owns; on failure it is deleted. Returns it, or NULL. */
cJSON *gpald_build_item(struct gpald_builder *b, cJSON *parent, const char *key, cJSON *item);

cJSON *gpald_build_object(struct gpald_builder *b, cJSON *parent, const char *key);
cJSON *gpald_build_array(struct gpald_builder *b, cJSON *parent, const char *key);
void gpald_build_text(struct gpald_builder *b, cJSON *parent, const char *key, const char *text);
void gpald_build_integer(struct gpald_builder *b, cJSON *parent, const char *key, int64_t value);

/* An address or a size: "0x..." */
void gpald_build_hex(struct gpald_builder *b, cJSON *parent, const char *key, uint64_t value);

/*
 * A time in milliseconds since 1970-01-01 UTC: "2026-11-22T15:04:05.123Z". One that
 * is not in the years 1970 to 9999 is written as the nearest that is.
 */
void gpald_build_time(struct gpald_builder *b, cJSON *parent, const char *key, int64_t ms);

/* {"start", "end"} */
void gpald_build_range(struct gpald_builder *b, cJSON *parent, const char *key,
		       struct gpal_range range);

/* The same, left out where the range is empty. */
void gpald_build_range_if(struct gpald_builder *b, cJSON *parent, const char *key,
			  struct gpal_range range);

/* The members of a range, into an object that has others. */
void gpald_build_bounds(struct gpald_builder *b, cJSON *object, struct gpal_range range);

#endif
