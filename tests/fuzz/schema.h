/* SPDX-License-Identifier: MIT */
/*
 * Checks that JSON matches the OpenRPC document. It supports the keywords of JSON Schema that the
 * document uses.
 */
#ifndef GPALD_TESTS_FUZZ_SCHEMA_H
#define GPALD_TESTS_FUZZ_SCHEMA_H

#include <cjson/cJSON.h>

/* Reads the document. */
void schema_open(const char *document);

/* Return the schema with a name, or of the result of a method; NULL if there is none. */
const cJSON *schema_find(const char *name);
const cJSON *schema_of_result(const char *method);

/*
 * Reports the place and aborts if `value` does not match `schema`, or if the schema has an unknown
 * keyword.
 */
void schema_check(const cJSON *schema, const cJSON *value);

#endif
