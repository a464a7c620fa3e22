/* SPDX-License-Identifier: MIT */
/* The table of methods, and functions that several of them use. */
#include "config.h"

#include "server/methods.h"

#include "wire/params_decode.h"
#include "wire/request_decode.h"

#include <assert.h>
#include <string.h>

#define QUERY(method, ttrpc_id, table, function)                                \
	{                                                                       \
		.name = (method), .ttrpc_name = (ttrpc_id), .on_inspect = true, \
		.params = &(table), .call = (function)                          \
	}
/* A method about the daemon itself, which must run on the thread of the loop. */
#define ON_LOOP(method, ttrpc_id, table, function)                              \
	{                                                                       \
		.name = (method), .ttrpc_name = (ttrpc_id), .on_inspect = true, \
		.params = &(table), .needs_loop = true, .call = (function)      \
	}
/* A query that is not on the inspect socket. */
#define CONTROL(method, ttrpc_id, table, function)                                                 \
	{                                                                                          \
		.name = (method), .ttrpc_name = (ttrpc_id), .params = &(table), .call = (function) \
	}
#define CHANGE(method, ttrpc_id, table, function)                               \
	{                                                                       \
		.name = (method), .ttrpc_name = (ttrpc_id), .params = &(table), \
		.begin = function##_begin, .finish = function##_finish,         \
	}

static const struct gpald_method methods[] = {
	QUERY("layout.resolve", "Resolve", gpald_resolve_params_table, gpald_serve_layout_resolve),
	QUERY("layout.allocate", "Allocate", gpald_allocate_params_table,
	      gpald_serve_layout_allocate),
	CHANGE("layout.create", "Create", gpald_create_params_table, gpald_serve_layout_create),
	QUERY("layout.get", "Get", gpald_get_params_table, gpald_serve_layout_get),
	QUERY("layout.list", "List", gpald_list_params_table, gpald_serve_layout_list),
	CHANGE("layout.delete", "Delete", gpald_delete_params_table, gpald_serve_layout_delete),
	CHANGE("layout.update", "Update", gpald_update_params_table, gpald_serve_layout_update),
	QUERY("layout.probe", "Probe", gpald_probe_params_table, gpald_serve_layout_probe),
	QUERY("layout.compare", "Compare", gpald_compare_params_table, gpald_serve_layout_compare),
	QUERY("layout.explain", "Explain", gpald_explain_params_table, gpald_serve_layout_explain),
	QUERY("layout.advise", "Advise", gpald_advise_params_table, gpald_serve_layout_advise),
	QUERY("layout.history", "History", gpald_history_params_table, gpald_serve_layout_history),
	QUERY("policy.list", "ListPolicies", gpald_no_params_table, gpald_serve_policy_list),
	{ .name = "events.subscribe",
	  .ttrpc_name = "WaitEvents",
	  .on_inspect = true,
	  .params = &gpald_subscribe_params_table,
	  .needs_loop = true,
	  .call = gpald_serve_events_subscribe,
	  .ttrpc_params = &gpald_wait_params_table,
	  .ttrpc_call = gpald_serve_events_wait },
	CONTROL("registry.backup", "Backup", gpald_backup_params_table,
		gpald_serve_registry_backup),
	ON_LOOP("daemon.info", "Info", gpald_no_params_table, gpald_serve_daemon_info),
	ON_LOOP("daemon.stats", "Stats", gpald_stats_params_table, gpald_serve_daemon_stats),
	QUERY("daemon.schema", "Schema", gpald_no_params_table, gpald_serve_daemon_schema),
};

#define METHOD_COUNT (sizeof(methods) / sizeof(methods[0]))

static_assert(METHOD_COUNT <= GPALD_METHODS_MAX, "each method has statistics");

const struct gpald_method *gpald_method_find(const char *name)
{
	for (size_t i = 0; i < METHOD_COUNT; i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

const struct gpald_method *gpald_method_find_ttrpc(const char *ttrpc_name)
{
	for (size_t i = 0; i < METHOD_COUNT; i++)
		if (strcmp(methods[i].ttrpc_name, ttrpc_name) == 0)
			return &methods[i];
	return NULL;
}

size_t gpald_method_index(const struct gpald_method *method)
{
	return (size_t)(method - methods);
}

const struct gpald_method *gpald_method_at(size_t index)
{
	return index < METHOD_COUNT ? &methods[index] : NULL;
}

int gpald_method_no_memory(struct gpald_wire_error *error)
{
	return gpald_refuse(error, GPALD_REASON_OF(GPAL_E_NO_MEMORY), "out of memory");
}

int gpald_refuse_unknown_layout(const char *name, const char *pointer,
				struct gpald_wire_error *error)
{
	gpald_refuse(error, GPALD_NOT_FOUND, "there is no layout %s", name);
	return gpald_set_pointer(error, pointer);
}

int gpald_resolve_for_method(const struct gpald_context *context,
			     const struct gpal_request *request, const char *pointer,
			     struct gpal_layout **layout, struct gpald_wire_error *error)
{
	struct gpal_error core;
	/*
	 * Without an error object, the resolver does not compute what would fit, which takes long.
	 */
	int code = gpal_resolve(request, layout, NULL);

	if (code == GPAL_OK)
		return 0;
	if ((code == GPAL_E_EXHAUSTED || code == GPAL_E_ADDRESS_WIDTH_EXCEEDED) &&
	    !context->may_take_long)
		return GPALD_TAKES_LONG;
	code = gpal_resolve(request, layout, &core);
	if (code == GPAL_OK)
		return 0;
	gpald_refuse_core(error, &core, pointer);
	return -1;
}
