/* SPDX-License-Identifier: MIT */
/*
 * Draws maps without a daemon. Each line of standard input describes one drawing:
 *
 *   {"name", "request", "generation"?, "svg"?, "width"?, "colour"?, "ascii"?,
 *    "policy"?, "root_complex"?, "warnings"?, "entries"?}
 *
 * The library resolves the request. `policy` then replaces the name of the policy, `root_complex`
 * the name of the first root complex, and `warnings` ([[tag, message], ...]) the warnings, with
 * texts that no daemon sends. The program prints a line with the drawing as a JSON string, or with
 * the map to draw if `entries` is set.
 */
#include "config.h"

#include "gpalayoutctl/map/map.h"
#include "tests/wire.h"
#include "wire/request_decode.h"

#include <cjson/cJSON.h>
#include <gpalayout/gpalayout.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static unsigned int number(const cJSON *object, const char *name)
{
	const cJSON *value = member(object, name);

	return value ? (unsigned int)value->valuedouble : 0;
}

static void print(const struct gpald_bytes *drawing)
{
	cJSON *text = cJSON_CreateString(ctl_buffer_text(drawing));
	char *json = cJSON_PrintUnformatted(text);

	puts(json);
	free(json);
	cJSON_Delete(text);
}

static void draw(const cJSON *description, const struct gpal_request *request,
		 const struct gpal_layout *resolved)
{
	struct gpal_layout layout = *resolved;
	struct gpal_layout_root_complex *root_complexes =
		calloc(layout.root_complex_count + 1, sizeof(*root_complexes));
	struct gpal_warning warnings[16];
	const struct ctl_map map = {
		.name = member(description, "name")->valuestring,
		.generation = number(description, "generation"),
		.request = request,
		.layout = &layout,
	};
	const struct ctl_map_terminal terminal = {
		.width = number(description, "width"),
		.colour = cJSON_IsTrue(member(description, "colour")),
		.ascii = cJSON_IsTrue(member(description, "ascii")),
	};
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };
	const cJSON *given;

	assert(root_complexes);
	for (size_t i = 0; i < layout.root_complex_count; i++)
		root_complexes[i] = layout.root_complexes[i];
	layout.root_complexes = root_complexes;
	if (member(description, "policy"))
		layout.policy_name = member(description, "policy")->valuestring;
	if (member(description, "root_complex"))
		root_complexes[0].name = member(description, "root_complex")->valuestring;
	if (member(description, "warnings")) {
		layout.warnings = warnings;
		layout.warning_count = 0;
	}
	cJSON_ArrayForEach(given, member(description, "warnings"))
	{
		assert(layout.warning_count < 16);
		warnings[layout.warning_count++] = (struct gpal_warning){
			.tag = cJSON_GetArrayItem(given, 0)->valuestring,
			.message = cJSON_GetArrayItem(given, 1)->valuestring,
		};
	}
	if (cJSON_IsTrue(member(description, "entries"))) {
		struct gpald_writer w = { 0 };

		gpald_encode_map(&w, NULL, &layout.map);
		assert(!w.failed);
		ctl_buffer_append(&out, w.text.data, w.text.length);
		gpald_writer_clear(&w);
	} else if (cJSON_IsTrue(member(description, "svg")))
		ctl_map_append_svg(&out, &map);
	else
		ctl_map_append_terminal(&out, &map, &terminal);
	print(&out);
	free(root_complexes);
}

static void resolve_and_draw(const cJSON *description)
{
	struct gpald_arena *arena = gpald_arena_new(0);
	const struct gpald_resolve_params *resolve;
	cJSON *params = cJSON_CreateObject();
	struct gpal_layout *layout = NULL;
	struct gpald_wire_error error;
	struct gpal_error core;

	cJSON_AddItemReferenceToObject(params, "request", member(description, "request"));
	resolve = decode_params(&gpald_resolve_params_table, params, gpal_policy_default(), arena,
				&error);
	if (!resolve) {
		fprintf(stderr, "%s: %s\n", error.pointer, error.message);
		exit(2);
	}
	if (gpal_resolve(&resolve->request, &layout, &core)) {
		fprintf(stderr, "%s\n", core.message);
		exit(2);
	}
	draw(description, &resolve->request, layout);
	gpal_layout_free(layout);
	gpald_arena_free(arena);
	cJSON_Delete(params);
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		cJSON *description = cJSON_Parse(line);

		if (!description || !member(description, "request") ||
		    !member(description, "name")) {
			fprintf(stderr, "not the description of a drawing: %s", line);
			return 2;
		}
		resolve_and_draw(description);
		cJSON_Delete(description);
	}
	free(line);
	return 0;
}
