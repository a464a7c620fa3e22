/* SPDX-License-Identifier: MIT */
/* The requests of resolve.jsonl, a file of golden vectors, as params of layout.resolve. */
#ifndef GPALD_TESTS_UNIT_VECTORS_H
#define GPALD_TESTS_UNIT_VECTORS_H

#include "tests/unit/suite.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Calls `visit` with {"request": ...} for each line of resolve.jsonl. Returns their number. */
static inline size_t for_each_vector(void (*visit)(const cJSON *params))
{
	const char *source = getenv("TOP_SRCDIR");
	char path[4096], *line = NULL;
	size_t capacity = 0, count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/vectors/resolve.jsonl", source ? source : ".");
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s cannot be opened", path);
	while (getline(&line, &capacity, file) > 0) {
		cJSON *vector = cJSON_Parse(line), *params = cJSON_CreateObject();
		cJSON *request = cJSON_DetachItemFromObjectCaseSensitive(vector, "request");

		ck_assert_ptr_nonnull(request);
		cJSON_AddItemToObject(params, "request", request);
		visit(params);
		cJSON_Delete(params);
		cJSON_Delete(vector);
		count++;
	}
	free(line);
	fclose(file);
	return count;
}

#endif
