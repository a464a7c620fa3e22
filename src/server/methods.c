/* SPDX-License-Identifier: MIT */
/* Which methods there are, and what they have in common. */
#include "config.h"

#include "server/methods.h"

#include <assert.h>
#include <string.h>

static const struct gpald_method methods[] = {
	{ .name = "layout.resolve", .on_inspect = true, .call = gpald_layout_resolve },
	{ .name = "layout.allocate", .on_inspect = true, .call = gpald_layout_allocate },
	{ .name = "layout.create",
	  .begin = gpald_layout_create_begin,
	  .finish = gpald_layout_create_finish },
	{ .name = "layout.get", .on_inspect = true, .call = gpald_layout_get },
	{ .name = "layout.list", .on_inspect = true, .call = gpald_layout_list },
	{ .name = "layout.delete",
	  .begin = gpald_layout_delete_begin,
	  .finish = gpald_layout_delete_finish },
	{ .name = "layout.update",
	  .begin = gpald_layout_update_begin,
	  .finish = gpald_layout_update_finish },
	{ .name = "layout.probe", .on_inspect = true, .call = gpald_layout_probe },
	{ .name = "layout.compare", .on_inspect = true, .call = gpald_layout_compare },
	{ .name = "layout.explain", .on_inspect = true, .call = gpald_layout_explain },
	{ .name = "policy.list", .on_inspect = true, .call = gpald_policy_list },
	{ .name = "events.subscribe", .on_inspect = true, .call = gpald_events_subscribe },
	{ .name = "daemon.info", .on_inspect = true, .call = gpald_daemon_info },
	{ .name = "daemon.stats", .on_inspect = true, .call = gpald_daemon_stats },
	{ .name = "daemon.schema", .on_inspect = true, .call = gpald_daemon_schema },
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

int gpald_method_not_found(const char *name, const char *pointer, struct gpald_wire_error *error)
{
	gpald_refuse(error, GPALD_NOT_FOUND, "there is no layout %s", name);
	return gpald_point(error, pointer);
}

int gpald_method_finish(const struct gpald_builder *b, cJSON *tree, cJSON **result,
			struct gpald_wire_error *error)
{
	if (b->failed) {
		cJSON_Delete(tree);
		return gpald_method_no_memory(error);
	}
	*result = tree;
	return 0;
}
