/* SPDX-License-Identifier: MIT */
/* Layouts that nobody keeps: decode params, ask the library, encode the answer. */
#include "config.h"

#include "server/methods.h"

#include "wire/advice_encode.h"
#include "wire/layout_encode.h"
#include "wire/request_decode.h"

#include <gpalayout/advise.h>

static int answer_resolve(const struct gpald_resolve_params *params,
			  const struct gpal_layout *layout, cJSON **result,
			  struct gpald_wire_error *error)
{
	struct gpald_builder b = { .failed = false };
	struct gpal_advice *advice = NULL;
	cJSON *tree;

	if (params->advise && gpal_advise(&params->request, layout, &advice, NULL))
		return gpald_method_no_memory(error);
	tree = cJSON_CreateObject();
	gpald_build_item(&b, tree, "layout", gpald_encode_layout(layout));
	if (advice)
		gpald_build_item(&b, tree, "advice", gpald_encode_growths(advice));
	if (advice && advice->cut)
		gpald_build_item(&b, tree, "advice_cut", cJSON_CreateTrue());
	gpal_advice_free(advice);
	return gpald_method_finish(&b, tree, result, error);
}

int gpald_layout_resolve(const struct gpald_context *context, const cJSON *params, cJSON **result,
			 struct gpald_wire_error *error)
{
	struct gpald_pool pool = { 0 };
	struct gpald_resolve_params resolve;
	struct gpal_layout *layout = NULL;
	struct gpal_error core;
	int code = gpald_decode_resolve_params(params, context->service->default_policy, &pool,
					       &resolve, error);

	if (code == 0 && gpal_resolve(&resolve.request, &layout, &core)) {
		gpald_refuse_core(error, &core, "/request");
		code = -1;
	}
	if (code == 0)
		code = answer_resolve(&resolve, layout, result, error);
	gpal_layout_free(layout);
	gpald_pool_clear(&pool);
	return code;
}

int gpald_layout_allocate(const struct gpald_context *context, const cJSON *params, cJSON **result,
			  struct gpald_wire_error *error)
{
	struct gpald_builder b = { .failed = false };
	struct gpald_pool pool = { 0 };
	struct gpal_alloc_input input;
	struct gpal_map *map = NULL;
	struct gpal_error core;
	cJSON *tree;

	(void)context;
	if (gpald_decode_allocate_params(params, &pool, &input, error)) {
		gpald_pool_clear(&pool);
		return -1;
	}
	if (gpal_allocate(&input, &map, &core)) {
		gpald_refuse_core(error, &core, "");
		gpald_pool_clear(&pool);
		return -1;
	}
	gpald_pool_clear(&pool);
	tree = cJSON_CreateObject();
	gpald_build_item(&b, tree, "map", gpald_encode_map(map));
	gpal_map_free(map);
	return gpald_method_finish(&b, tree, result, error);
}

int gpald_policy_list(const struct gpald_context *context, const cJSON *params, cJSON **result,
		      struct gpald_wire_error *error)
{
	struct gpald_builder b = { .failed = false };
	const struct gpal_policy *policies;
	cJSON *tree, *list;
	size_t count;

	if (gpald_decode_no_params(params, error))
		return -1;
	policies = gpal_policies(&count);
	tree = cJSON_CreateObject();
	gpald_build_text(&b, tree, "default", context->service->default_policy->name);
	list = gpald_build_array(&b, tree, "policies");
	for (size_t i = 0; i < count; i++)
		gpald_build_item(&b, list, NULL, gpald_encode_policy(&policies[i]));
	return gpald_method_finish(&b, tree, result, error);
}
