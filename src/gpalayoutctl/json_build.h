/* SPDX-License-Identifier: MIT */
/*
 * Building a request as a cJSON tree. cJSON reports a lack of memory at every
 * step; these end the program instead, so that callers read as what they build.
 */
#ifndef GPALAYOUTCTL_JSON_BUILD_H
#define GPALAYOUTCTL_JSON_BUILD_H

#include <cjson/cJSON.h>
#include <stdint.h>

#define ctl_cleanup_json __attribute__((cleanup(ctl_json_free)))
#define ctl_cleanup_string __attribute__((cleanup(ctl_string_free)))

cJSON *ctl_json_new_object(void);

/* The object or array that is member `name` of `parent`, made when it is not there. */
cJSON *ctl_json_object_at(cJSON *parent, const char *name);
cJSON *ctl_json_array_at(cJSON *parent, const char *name);

/* Append to an object (name not NULL) or an array (name NULL). */
void ctl_json_add_text(cJSON *parent, const char *name, const char *text);
void ctl_json_add_count(cJSON *parent, const char *name, uint64_t count);
void ctl_json_add_address(cJSON *parent, const char *name, uint64_t address);
cJSON *ctl_json_add_object(cJSON *parent, const char *name);

/* Member `name`, names compared exactly; NULL when `object` is NULL or has none. */
const cJSON *ctl_json_member(const cJSON *object, const char *name);

/* Its text when it is a string, or NULL. */
const char *ctl_json_text(const cJSON *object, const char *name);

/* The tree on one line; to be freed with free(). */
char *ctl_json_print(const cJSON *tree);

char *ctl_string_copy(const char *text);

void ctl_json_free(cJSON **tree);
void ctl_string_free(char **text);

#endif
