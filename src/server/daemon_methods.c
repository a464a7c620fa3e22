/* SPDX-License-Identifier: MIT */
/* The methods about the daemon itself. */
#include "config.h"

#include "server/connection.h"
#include "server/methods.h"
#include "server/metrics.h"
#include "server/options.h"

#include <string.h>
#include <uv.h>

#define PROTOCOL_VERSION "2"

int gpald_serve_daemon_info(const struct gpald_context *context, const void *params,
			    struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpal_policy *policies;
	size_t count;

	(void)params, (void)error;
	gpald_write_object(w, NULL);
	gpald_write_text(w, "version", PACKAGE_VERSION);
	gpald_write_text(w, "protocol", PROTOCOL_VERSION);
	gpald_write_text(w, "default_policy", context->service->default_policy->name);
	gpald_write_object(w, "sockets");
	gpald_write_text(w, "control", context->service->socket_path);
	if (context->service->inspect_path)
		gpald_write_text(w, "inspect", context->service->inspect_path);
	if (context->service->ttrpc_path)
		gpald_write_text(w, "ttrpc", context->service->ttrpc_path);
	gpald_write_object_end(w);
	gpald_write_array(w, "policies");
	policies = gpal_policies(&count);
	for (size_t i = 0; i < count; i++)
		gpald_write_text(w, NULL, policies[i].name);
	gpald_write_array_end(w);
	gpald_write_object(w, "limits");
	for (int i = 0; i < GPALD_LIMIT_COUNT; i++)
		gpald_write_integer(w, gpald_limit_name((enum gpald_limit)i),
				    (int64_t)context->service->limits->values[i]);
	gpald_write_object_end(w);
	gpald_options_write(context->service->options, context->service->limits, w, "options");
	gpald_write_object_end(w);
	return 0;
}

static void write_method(struct gpald_writer *w, const char *name,
			 const struct gpald_method_statistics *statistics)
{
	gpald_write_object(w, name);
	gpald_write_integer(w, "answered", (int64_t)statistics->answered);
	gpald_write_integer(w, "refused", (int64_t)statistics->refused);
	gpald_write_histogram(w, "latency", &statistics->latency);
	gpald_write_object_end(w);
}

static void write_connections(struct gpald_writer *w, const struct gpald_service *service)
{
	const size_t *open = service->connections->users.connections;

	gpald_write_object(w, "connections");
	gpald_write_integer(w, "open", (int64_t)(open[0] + open[1]));
	gpald_write_integer(w, "accepted", (int64_t)service->statistics.accepted);
	gpald_write_integer(w, "turned_away", (int64_t)service->statistics.turned_away);
	gpald_write_integer(w, "subscribers", (int64_t)service->connections->subscribers);
	gpald_write_object_end(w);
}

/* Writes how long each user has been served, so that operators see which user loads the daemon. */
static void write_users(struct gpald_writer *w, const struct gpald_users *users)
{
	const struct gpald_user *user;

	gpald_write_array(w, "users");
	LIST_FOREACH(user, &users->list, entry) {
		gpald_write_object(w, NULL);
		gpald_write_integer(w, "uid", user->uid);
		gpald_write_integer(w, "connections",
				    (int64_t)(user->connections[0] + user->connections[1]));
		gpald_write_integer(w, "served_us", (int64_t)(user->served_ns / 1000));
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}

static void write_requests(struct gpald_writer *w, const struct gpald_statistics *statistics)
{
	const struct gpald_method *method;

	gpald_write_object(w, "requests");
	for (size_t i = 0; (method = gpald_method_at(i)); i++)
		write_method(w, method->name, &statistics->methods[i]);
	write_method(w, "other", &statistics->other);
	gpald_write_object_end(w);
}

static void write_registry_statistics(struct gpald_writer *w, const struct gpald_index *index)
{
	const struct gpald_event_ring *events = &index->events;

	gpald_write_object(w, "registry");
	gpald_write_integer(w, "layouts", (int64_t)index->count);
	gpald_write_integer(w, "revision", (int64_t)events->revision);
	gpald_write_integer(w, "oldest_since", (int64_t)gpald_event_ring_oldest_since(events));
	gpald_write_object_end(w);
}

static void write_store_statistics(struct gpald_writer *w, const struct gpald_service *service)
{
	const struct gpald_registry_counters *counters = gpald_registry_counters(service->registry);

	gpald_write_object(w, "store");
	gpald_write_text(w, "kind", gpald_registry_store_kind(service->registry));
	if (service->state_path)
		gpald_write_text(w, "path", service->state_path);
	gpald_write_integer(w, "commits", (int64_t)counters->commits);
	gpald_write_integer(w, "changes", (int64_t)counters->changes);
	gpald_write_integer(w, "full", (int64_t)counters->full);
	gpald_write_histogram(w, "latency", &service->statistics.commit_durations);
	gpald_write_object_end(w);
}

static int write_metrics(const struct gpald_service *service, enum gpald_stats_format format,
			 struct gpald_writer *w, struct gpald_wire_error *error)
{
	struct gpald_writer text = { 0 };
	int code = 0;

	gpald_metrics_write(service, format, &text);
	gpald_write_bytes(&text, "", 1);
	if (text.failed) {
		code = gpald_method_no_memory(error);
	} else {
		gpald_write_object(w, NULL);
		gpald_write_text(w, "format", gpald_stats_format_name((int)format));
		gpald_write_text(w, "text", text.text.data);
		gpald_write_object_end(w);
	}
	gpald_writer_clear(&text);
	return code;
}

int gpald_serve_daemon_stats(const struct gpald_context *context, const void *params,
			     struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_service *service = context->service;
	const struct gpald_statistics *statistics = &service->statistics;
	const struct gpald_stats_params *stats = params;

	if (stats->format != GPALD_STATS_JSON)
		return write_metrics(service, stats->format, w, error);
	gpald_write_object(w, NULL);
	gpald_write_time(w, "started_at", statistics->started_at_ms);
	gpald_write_integer(w, "uptime_ms",
			    (int64_t)((uv_hrtime() - statistics->started_ns) / 1000000));
	write_connections(w, service);
	write_users(w, &service->connections->users);
	write_requests(w, statistics);
	write_registry_statistics(w, service->index);
	write_store_statistics(w, service);
	gpald_write_object_end(w);
	return 0;
}

int gpald_serve_daemon_schema(const struct gpald_context *context, const void *params,
			      struct gpald_writer *w, struct gpald_wire_error *error)
{
	const char *schema = context->service->schema;

	(void)params, (void)error;
	gpald_write_raw(w, NULL, schema, strlen(schema));
	return 0;
}
