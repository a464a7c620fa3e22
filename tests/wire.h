/* SPDX-License-Identifier: MIT */
/*
 * Decodes params and encodes answers in one expression. The trees are cJSON's; the caller deletes
 * them.
 */
#ifndef GPALD_TESTS_WIRE_H
#define GPALD_TESTS_WIRE_H

#include "wire/decoder.h"
#include "wire/layout_encode.h"
#include "wire/request_encode.h"

#include <assert.h>
#include <cjson/cJSON.h>

/* Decodes with this default policy, which may be NULL. */
static inline const void *decode_params(const struct gpald_params *table, const cJSON *params,
					const struct gpal_policy *policy, struct gpald_arena *arena,
					struct gpald_wire_error *error)
{
	const struct gpald_decode_context context = {
		.default_policy = policy,
		.list_page_max = 1000,
	};

	return gpald_decode_params(table, params, &context, arena, error);
}

/* Parses what was written, and clears the writer. */
static inline cJSON *written_tree(struct gpald_writer *w)
{
	cJSON *tree;

	assert(!w->failed);
	tree = cJSON_ParseWithLength(w->text.data, w->text.length);
	assert(tree);
	gpald_writer_clear(w);
	return tree;
}

static inline cJSON *layout_tree(const struct gpal_layout *layout)
{
	struct gpald_writer w = { 0 };

	gpald_encode_layout(&w, NULL, layout, NULL);
	return written_tree(&w);
}

static inline cJSON *map_tree(const struct gpal_map *map)
{
	struct gpald_writer w = { 0 };

	gpald_encode_map(&w, NULL, map);
	return written_tree(&w);
}

static inline cJSON *request_tree(const struct gpal_request *request)
{
	struct gpald_writer w = { 0 };

	gpald_encode_request(&w, NULL, request);
	return written_tree(&w);
}

#endif
