/* SPDX-License-Identifier: MIT */
/*
 * JSON as text: not rebuilt, so that what the user or the daemon wrote keeps every digit
 * and escape. cJSON would print integers above 2^53 as other ones.
 */
#ifndef GPALAYOUTCTL_JSON_TEXT_H
#define GPALAYOUTCTL_JSON_TEXT_H

#include "gpalayoutctl/buffer.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

/* Appends JSON text indented, with a final newline, and safe to show. */
void ctl_json_indent(struct gpald_bytes *out, const char *text, size_t length);

/* Appends a string as JSON. */
void ctl_append_json(struct gpald_bytes *out, const char *text);

/* Adds a member to an object, which is empty before the first. */
void ctl_member_json(struct gpald_bytes *object, const char *name, const char *json);
void ctl_member_text(struct gpald_bytes *object, const char *name, const char *text);
void ctl_member_count(struct gpald_bytes *object, const char *name, uint64_t count);

/* A member of a tree, and its text; NULL: there is none. */
static inline cJSON *ctl_member_of(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static inline const char *ctl_text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(ctl_member_of(object, name));
}

#endif
