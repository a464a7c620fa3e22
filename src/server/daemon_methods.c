/* SPDX-License-Identifier: MIT */
/* What the daemon tells of itself. */
#include "config.h"

#include "server/connection.h"
#include "server/methods.h"
#include "wire/request_decode.h"

#include <uv.h>

#define PROTOCOL_VERSION "2"

int gpald_daemon_info(const struct gpald_context *context, const cJSON *params, cJSON **result,
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
	gpald_build_text(&b, tree, "default_policy", context->service->default_policy->name);
	sockets = gpald_build_object(&b, tree, "sockets");
	gpald_build_text(&b, sockets, "control", context->service->socket_path);
	if (context->service->inspect_path)
		gpald_build_text(&b, sockets, "inspect", context->service->inspect_path);
	names = gpald_build_array(&b, tree, "policies");
	policies = gpal_policies(&count);
	for (size_t i = 0; i < count; i++)
		gpald_build_text(&b, names, NULL, policies[i].name);
	limits = gpald_build_object(&b, tree, "limits");
	for (int i = 0; i < GPALD_LIMIT_COUNT; i++)
		gpald_build_integer(&b, limits, gpald_limit_name((enum gpald_limit)i),
				    (int64_t)context->service->limits->values[i]);
	return gpald_method_finish(&b, tree, result, error);
}

static void build_method(struct gpald_builder *b, cJSON *object, const char *name,
			 const struct gpald_method_statistics *statistics)
{
	cJSON *method = gpald_build_object(b, object, name);

	gpald_build_integer(b, method, "answered", (int64_t)statistics->answered);
	gpald_build_integer(b, method, "refused", (int64_t)statistics->refused);
	gpald_build_histogram(b, method, "latency", &statistics->latency);
}

static void build_registry(struct gpald_builder *b, cJSON *tree,
			   const struct gpald_registry *registry)
{
	const struct gpald_event_ring *events = gpald_registry_events(registry);
	cJSON *object = gpald_build_object(b, tree, "registry");

	gpald_build_integer(b, object, "layouts", (int64_t)gpald_registry_count(registry));
	gpald_build_integer(b, object, "revision", (int64_t)events->revision);
	gpald_build_integer(b, object, "oldest_since", (int64_t)gpald_event_ring_oldest(events));
}

static void build_store(struct gpald_builder *b, cJSON *tree, const struct gpald_service *service)
{
	const struct gpald_registry_counters *counters = gpald_registry_counters(service->registry);
	cJSON *object = gpald_build_object(b, tree, "store");

	gpald_build_text(b, object, "kind", gpald_registry_store_kind(service->registry));
	if (service->state_path)
		gpald_build_text(b, object, "path", service->state_path);
	gpald_build_integer(b, object, "commits", (int64_t)counters->commits);
	gpald_build_integer(b, object, "changes", (int64_t)counters->changes);
	gpald_build_integer(b, object, "full", (int64_t)counters->full);
	gpald_build_histogram(b, object, "latency", &service->statistics.commits);
}

int gpald_daemon_stats(const struct gpald_context *context, const cJSON *params, cJSON **result,
		       struct gpald_wire_error *error)
{
	const struct gpald_service *service = context->service;
	const struct gpald_statistics *statistics = &service->statistics;
	struct gpald_builder b = { .failed = false };
	const struct gpald_method *method;
	cJSON *tree, *connections, *requests;

	if (gpald_decode_no_params(params, error))
		return -1;
	tree = cJSON_CreateObject();
	gpald_build_time(&b, tree, "started_at", statistics->started_at_ms);
	gpald_build_integer(&b, tree, "uptime_ms",
			    (int64_t)((uv_hrtime() - statistics->started_ns) / 1000000));
	connections = gpald_build_object(&b, tree, "connections");
	gpald_build_integer(&b, connections, "open", (int64_t)service->clients->users.connections);
	gpald_build_integer(&b, connections, "accepted", (int64_t)statistics->accepted);
	gpald_build_integer(&b, connections, "turned_away", (int64_t)statistics->turned_away);
	gpald_build_integer(&b, connections, "subscribers", (int64_t)service->clients->subscribers);
	requests = gpald_build_object(&b, tree, "requests");
	for (size_t i = 0; (method = gpald_method_at(i)); i++)
		build_method(&b, requests, method->name, &statistics->methods[i]);
	build_method(&b, requests, "other", &statistics->other);
	build_registry(&b, tree, service->registry);
	build_store(&b, tree, service);
	return gpald_method_finish(&b, tree, result, error);
}

int gpald_daemon_schema(const struct gpald_context *context, const cJSON *params, cJSON **result,
			struct gpald_wire_error *error)
{
	if (gpald_decode_no_params(params, error))
		return -1;
	*result = cJSON_CreateRaw(context->service->schema);
	return *result ? 0 : gpald_method_no_memory(error);
}
