/* SPDX-License-Identifier: MIT */
/* Whether JSON is what the OpenRPC document says: the keywords of JSON Schema that it uses. */
#ifndef GPALD_TESTS_FUZZ_SCHEMA_H
#define GPALD_TESTS_FUZZ_SCHEMA_H

#include <cjson/cJSON.h>

/* Reads the document; aborts if it has a keyword that is not known here. */
void schema_open(const char *document);

/* The schema of a name, or of the result of a method; NULL: there is none. */
const cJSON *schema_find(const char *name);
const cJSON *schema_of_result(const char *method);

/* Aborts, after saying where, if `value` is not what `schema` says. */
void schema_check(const cJSON *schema, const cJSON *value);

#endif
