/* SPDX-License-Identifier: MIT */
/* The methods themselves: decode params, ask the library, encode the answer. */
#include "config.h"

#include "server/methods.h"

#include "wire/json_build.h"
#include "wire/layout_encode.h"
#include "wire/request_decode.h"

#include <string.h>

#define PROTOCOL_VERSION "1"

static int no_memory(struct gpald_wire_error *error)
{
	return gpald_refuse(error, GPALD_REASON_OF(GPAL_E_NO_MEMORY), "out of memory");
}

/* Ends a method whose result was built step by step. */
static int finish(const struct gpald_builder *b, cJSON *tree, cJSON **result,
		  struct gpald_wire_error *error)
{
	if (b->failed) {
		cJSON_Delete(tree);
		return no_memory(error);
	}
	*result = tree;
	return 0;
}

static int layout_resolve(const struct gpald_service *service, const cJSON *params, cJSON **result,
			  struct gpald_wire_error *error)
{
	struct gpald_builder b = { .failed = false };
	struct gpald_pool pool = { 0 };
	struct gpal_layout *layout = NULL;
	struct gpal_request request;
	struct gpal_error core;
	cJSON *tree;

	if (gpald_decode_resolve_params(params, service->default_policy, &pool, &request, error)) {
		gpald_pool_clear(&pool);
		return -1;
	}
	if (gpal_resolve(&request, &layout, &core)) {
		gpald_refuse_core(error, &core, "/request");
		gpald_pool_clear(&pool);
		return -1;
	}
	gpald_pool_clear(&pool);
	tree = cJSON_CreateObject();
	gpald_build_item(&b, tree, "layout", gpald_encode_layout(layout));
	gpal_layout_free(layout);
	return finish(&b, tree, result, error);
}

static int layout_allocate(const struct gpald_service *service, const cJSON *params, cJSON **result,
			   struct gpald_wire_error *error)
{
	struct gpald_builder b = { .failed = false };
	struct gpald_pool pool = { 0 };
	struct gpal_alloc_input input;
	struct gpal_map *map = NULL;
	struct gpal_error core;
	cJSON *tree;

	(void)service;
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
	return finish(&b, tree, result, error);
}

static int policy_list(const struct gpald_service *service, const cJSON *params, cJSON **result,
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
	gpald_build_text(&b, tree, "default", service->default_policy->name);
	list = gpald_build_array(&b, tree, "policies");
	for (size_t i = 0; i < count; i++)
		gpald_build_item(&b, list, NULL, gpald_encode_policy(&policies[i]));
	return finish(&b, tree, result, error);
}

static int daemon_info(const struct gpald_service *service, const cJSON *params, cJSON **result,
		       struct gpald_wire_error *error)
{
	struct gpald_builder b = { .failed = false };
	const struct gpal_policy *policies;
	cJSON *tree, *sockets, *names, *limits;
	size_t count;

	if (gpald_decode_no_params(params, error))
		return -1;
	tree = cJSON_CreateObject();
	gpald_build_text(&b, tree, "version", PACKAGE_VERSION);
	gpald_build_text(&b, tree, "protocol", PROTOCOL_VERSION);
	gpald_build_text(&b, tree, "default_policy", service->default_policy->name);
	sockets = gpald_build_object(&b, tree, "sockets");
	gpald_build_text(&b, sockets, "control", service->socket_path);
	if (service->inspect_path)
		gpald_build_text(&b, sockets, "inspect", service->inspect_path);
	names = gpald_build_array(&b, tree, "policies");
	policies = gpal_policies(&count);
	for (size_t i = 0; i < count; i++)
		gpald_build_text(&b, names, NULL, policies[i].name);
	limits = gpald_build_object(&b, tree, "limits");
	for (int i = 0; i < GPALD_LIMIT_COUNT; i++)
		gpald_build_integer(&b, limits, gpald_limit_name((enum gpald_limit)i),
				    (int64_t)service->limits->values[i]);
	return finish(&b, tree, result, error);
}

static int daemon_schema(const struct gpald_service *service, const cJSON *params, cJSON **result,
			 struct gpald_wire_error *error)
{
	if (gpald_decode_no_params(params, error))
		return -1;
	*result = cJSON_CreateRaw(service->schema);
	return *result ? 0 : no_memory(error);
}

static const struct gpald_method methods[] = {
	{ "layout.resolve", true, layout_resolve }, { "layout.allocate", true, layout_allocate },
	{ "policy.list", true, policy_list },       { "daemon.info", true, daemon_info },
	{ "daemon.schema", true, daemon_schema },
};

const struct gpald_method *gpald_method_find(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}
