/* SPDX-License-Identifier: MIT */
/* cJSON trees: reading members, and the request that flags build. */
#ifndef GPALAYOUTCTL_JSON_TREE_H
#define GPALAYOUTCTL_JSON_TREE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#define ctl_cleanup_json __attribute__((cleanup(ctl_json_free)))
#define ctl_cleanup_string __attribute__((cleanup(ctl_string_free)))

/* Member `name`, names compared exactly; NULL when `object` is NULL or has none. */
const cJSON *ctl_json_member(const cJSON *object, const char *name);

/* Its text when it is a string, or NULL. */
const char *ctl_json_text(const cJSON *object, const char *name);

/* Whether `value` is an integer of at least 0 that a double holds exactly, and which. */
bool ctl_json_count(const cJSON *value, uint64_t *count);

/* The tree on one line; to be freed with free(). */
char *ctl_json_print(const cJSON *tree);

/*
 * Adds under `key` to an object, or to an array where `key` is NULL. The item is the
 * tree's from then on. Without memory the program ends.
 */
cJSON *ctl_json_add(cJSON *parent, const char *key, cJSON *item);
void ctl_json_add_text(cJSON *parent, const char *key, const char *text);
void ctl_json_add_integer(cJSON *parent, const char *key, int64_t value);

/* A request under construction. */
struct ctl_request {
	cJSON *tree;
};

/* The object `group` of the request, made when it is not there; NULL: the request itself. */
cJSON *ctl_request_object(struct ctl_request *request, const char *group);

/* The list that is member `name` of that object, made when it is not there. */
cJSON *ctl_request_list(struct ctl_request *request, const char *group, const char *name);

char *ctl_string_copy(const char *text);

void ctl_json_free(cJSON **tree);
void ctl_string_free(char **text);

#endif
