/* SPDX-License-Identifier: MIT */
/*
 * JSON as text. It is not parsed and written again, so that it keeps every digit and escape of the
 * user or the daemon: cJSON would round integers above 2^53.
 */
#ifndef GPALAYOUTCTL_JSON_TEXT_H
#define GPALAYOUTCTL_JSON_TEXT_H

#include "gpalayoutctl/buffer.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

/* Appends JSON text indented, with a final newline, and safe to show. */
void ctl_json_indent(struct gpald_bytes *out, const char *text, size_t length);

/* Appends a string, which must be UTF-8, as JSON. */
void ctl_append_json_string(struct gpald_bytes *out, const char *text);

/*
 * Add a member to an object, which must not be "{}". If the buffer is empty, it becomes an object
 * with that member.
 */
void ctl_add_member(struct gpald_bytes *object, const char *name, const char *json);
void ctl_add_text_member(struct gpald_bytes *object, const char *name, const char *text);
void ctl_add_count_member(struct gpald_bytes *object, const char *name, uint64_t count);

/* Return a member of a tree, or its text. NULL if there is none. */
static inline cJSON *ctl_member_of(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static inline const char *ctl_text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(ctl_member_of(object, name));
}

#endif
