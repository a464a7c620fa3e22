/* SPDX-License-Identifier: MIT */
/*
 * Runs the golden vectors of resolve.jsonl and allocate.jsonl through the library. The code of
 * src/wire decodes and encodes them, as in the daemon. Each vector is a test case, named by its id.
 */
#include "config.h"

#include "tests/tap.h"
#include "tests/wire.h"
#include "wire/request_decode.h"
#include "wire/rpc.h"

#include <cjson/cJSON.h>
#include <gpalayout/gpalayout.h>
#include <stdlib.h>
#include <string.h>

/*
 * Returns true if every member of `expected` is in `actual` with the same value. Lists must have
 * the same length.
 */
static bool contains(const cJSON *expected, const cJSON *actual)
{
	const cJSON *member;

	if (cJSON_IsObject(expected)) {
		cJSON_ArrayForEach(member, expected)
		{
			const cJSON *other =
				cJSON_GetObjectItemCaseSensitive(actual, member->string);

			if (!other || !contains(member, other))
				return false;
		}
		return cJSON_IsObject(actual);
	}
	if (cJSON_IsArray(expected)) {
		const int count = cJSON_GetArraySize(expected);

		if (!cJSON_IsArray(actual) || cJSON_GetArraySize(actual) != count)
			return false;
		for (const cJSON *a = actual->child, *e = expected->child; e;
		     a = a->next, e = e->next)
			if (!contains(e, a))
				return false;
		return true;
	}
	return cJSON_Compare(expected, actual, true);
}

/* Returns what the daemon would reply: {"result": ...} or {"error": ...}. */
static cJSON *reply_of(cJSON *result, struct gpald_wire_error *error)
{
	static const struct gpald_id none = { .kind = GPALD_ID_NULL };
	struct gpald_writer w = { 0 };
	cJSON *reply;

	if (!result) {
		gpald_json_envelope.write_error(&w, &none, error);
		return written_tree(&w);
	}
	reply = cJSON_CreateObject();
	cJSON_AddItemToObject(reply, "result", result);
	return reply;
}

static cJSON *resolve(const cJSON *params)
{
	struct gpald_wire_error error;
	struct gpald_arena *arena = gpald_arena_new(0);
	struct gpal_layout *layout = NULL;
	const struct gpald_resolve_params *resolve;
	struct gpal_error core;
	cJSON *result = NULL;

	resolve = decode_params(&gpald_resolve_params_table, params, NULL, arena, &error);
	if (resolve) {
		if (gpal_resolve(&resolve->request, &layout, &core))
			gpald_refuse_core(&error, &core, "/request");
		else
			result = layout_tree(layout);
	}
	gpal_layout_free(layout);
	gpald_arena_free(arena);
	return reply_of(result, &error);
}

static cJSON *allocate(const cJSON *params)
{
	struct gpald_wire_error error;
	struct gpald_arena *arena = gpald_arena_new(0);
	const struct gpal_alloc_input *input;
	struct gpal_map *map = NULL;
	struct gpal_error core;
	cJSON *result = NULL;

	input = decode_params(&gpald_allocate_params_table, params, NULL, arena, &error);
	if (input) {
		if (gpal_allocate(input, &map, &core))
			gpald_refuse_core(&error, &core, "");
		else
			result = map_tree(map);
	}
	gpal_map_free(map);
	gpald_arena_free(arena);
	return reply_of(result, &error);
}

static bool run_case(const cJSON *vector, bool is_resolve)
{
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(vector, "error");
	const cJSON *expected =
		cJSON_GetObjectItemCaseSensitive(vector, is_resolve ? "layout" : "map");
	cJSON *request = cJSON_GetObjectItemCaseSensitive(vector, "request");
	cJSON *params = cJSON_CreateObject();
	cJSON *reply;
	const cJSON *actual;
	bool ok;

	cJSON_AddItemReferenceToObject(params, "request", request);
	reply = is_resolve ? resolve(params) : allocate(request);
	if (error) {
		actual = cJSON_GetObjectItemCaseSensitive(
			cJSON_GetObjectItemCaseSensitive(reply, "error"), "data");
		ok = actual && contains(error, actual);
	} else {
		actual = cJSON_GetObjectItemCaseSensitive(reply, "result");
		ok = expected && actual && contains(expected, actual);
	}
	if (!ok) {
		char *text = cJSON_PrintUnformatted(reply);

		printf("# got %s\n", text);
		free(text);
	}
	cJSON_Delete(params);
	cJSON_Delete(reply);
	return ok;
}

static int run_file(struct tap *tap, const char *folder, const char *name, bool is_resolve)
{
	char path[4096], *line = NULL;
	size_t capacity = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	if (!file) {
		perror(path);
		return -1;
	}
	while (getline(&line, &capacity, file) > 0) {
		cJSON *vector = cJSON_Parse(line);
		const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(vector, "id"));

		tap_report(tap, id && run_case(vector, is_resolve), id ? id : "not a vector");
		cJSON_Delete(vector);
	}
	free(line);
	fclose(file);
	return 0;
}

int main(void)
{
	const char *source = getenv("TOP_SRCDIR");
	struct tap tap = { 0 };
	char folder[2048];

	snprintf(folder, sizeof(folder), "%s/tests/vectors", source ? source : ".");
	if (run_file(&tap, folder, "resolve.jsonl", true) ||
	    run_file(&tap, folder, "allocate.jsonl", false))
		return 1;
	return tap_finish(&tap);
}
