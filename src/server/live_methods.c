/* SPDX-License-Identifier: MIT */
/* The methods on live layouts: params in, registry, answers out. */
#include "config.h"

#include "server/methods.h"
#include "server/opened_record.h"

#include "registry/codec.h"
#include "wire/layout_encode.h"
#include "wire/registry_decode.h"
#include "wire/request_encode.h"

#include <gpalayout/compare.h>
#include <inttypes.h>
#include <string.h>

#define LIST_DEFAULT 100 /* layouts on a page */

/* What changes with an operation, as `encode` lists it. */
static int build_changes(const struct gpald_operation *operation,
			 cJSON *(*encode)(const struct gpal_changes *changes), cJSON **changes,
			 struct gpald_wire_error *error)
{
	gpald_auto_close struct gpald_opened_record before = { 0 }, after = { 0 };
	struct gpal_changes *list;

	if (gpald_open_record(&before, operation->previous, error) ||
	    gpald_open_record(&after, operation->record, error))
		return -1;
	if (gpal_compare(&before.layout, &after.layout, &list, NULL))
		return gpald_method_no_memory(error);
	*changes = encode(list);
	gpal_changes_free(list);
	return *changes ? 0 : gpald_method_no_memory(error);
}

/* An update that could be done, were it allowed. */
static int not_allowed(const struct gpald_operation *operation, struct gpald_wire_error *error)
{
	const bool removes = operation->core.code == GPAL_E_WOULD_REMOVE;
	cJSON *changes = NULL;

	if (build_changes(operation, removes ? gpald_encode_removals : gpald_encode_changes,
			  &changes, error))
		return -1;
	gpald_refuse(error, GPALD_REASON_OF(operation->core.code), "%s: %s", operation->name,
		     operation->core.message);
	error->changes = changes;
	return gpald_point(error, "/request");
}

/* What an operation that was not done is refused with. */
static int refuse(const struct gpald_operation *operation, struct gpald_wire_error *error)
{
	switch (operation->outcome) {
	case GPALD_OUTCOME_NOT_FOUND:
		return gpald_method_not_found(operation->name, "/name", error);
	case GPALD_OUTCOME_CONFLICT:
		gpald_refuse(error, GPALD_CONFLICT, "%s exists and was made of another request",
			     operation->name);
		error->generation = operation->generation;
		return gpald_point(error, "/name");
	case GPALD_OUTCOME_OTHER_OWNER:
		gpald_refuse(error, GPALD_CONFLICT, "%s exists and belongs to uid %ld",
			     operation->name, (long)operation->owner_uid);
		error->generation = operation->generation;
		error->owner_uid = (struct gpal_optional){ true, operation->owner_uid };
		return gpald_point(error, "/name");
	case GPALD_OUTCOME_GENERATION_MISMATCH:
		gpald_refuse(error, GPALD_GENERATION_MISMATCH,
			     "%s has generation %" PRIu64 ", not %" PRIu64, operation->name,
			     operation->generation, operation->generation_wanted);
		error->generation = operation->generation;
		return gpald_point(error, "/generation");
	case GPALD_OUTCOME_DENIED:
		gpald_refuse(error, GPALD_DENIED,
			     "%s belongs to uid %ld; only that user, root and the admin group may "
			     "change it",
			     operation->name, (long)operation->owner_uid);
		error->owner_uid = (struct gpal_optional){ true, operation->owner_uid };
		return gpald_point(error, "/name");
	case GPALD_OUTCOME_OTHER_POLICY:
		gpald_refuse(error, GPALD_CONFLICT,
			     "%s was made under %s and keeps that policy; leave it out, or name it",
			     operation->name, operation->record->policy->name);
		error->generation = operation->generation;
		return gpald_point(error, "/request/policy");
	case GPALD_OUTCOME_OTHER_ARCH:
		gpald_refuse(error, GPALD_CONFLICT, "%s is a VM of %s and stays one",
			     operation->name, gpal_arch_name(operation->record->arch));
		error->generation = operation->generation;
		return gpald_point(error, "/request/arch");
	case GPALD_OUTCOME_NOT_ALLOWED:
		return not_allowed(operation, error);
	case GPALD_OUTCOME_NO_LAYOUT:
		gpald_refuse_core(error, &operation->core, "/request");
		return -1;
	case GPALD_OUTCOME_TOO_MANY:
		return gpald_refuse(error, GPALD_STORE_FULL,
				    "the limit on live layouts has been reached (live_layouts); "
				    "nothing was changed");
	case GPALD_OUTCOME_STORE_FULL:
		return gpald_refuse(error, GPALD_STORE_FULL,
				    "the store has no room left; nothing was changed");
	case GPALD_OUTCOME_STORE_FAILED:
		return gpald_refuse(error, GPALD_STORE_FAILED,
				    "the store failed and the daemon stops; after its restart, "
				    "layout.get tells whether %s was changed",
				    operation->name);
	case GPALD_OUTCOME_NO_MEMORY:
	case GPALD_OUTCOME_DONE:
		break;
	}
	return gpald_method_no_memory(error);
}

/* layout.create, layout.update, layout.delete */

int gpald_layout_create_begin(const struct gpald_service *service, const cJSON *params,
			      struct gpald_operation *operation, struct gpald_wire_error *error)
{
	struct gpald_create_params create;
	struct gpald_pool pool = { 0 };
	int code;

	(void)service;
	code = gpald_decode_create_params(params, &pool, &create, error);
	if (code == 0) {
		operation->kind = GPALD_OPERATION_CREATE;
		strcpy(operation->name, create.name);
		if (!gpald_encode_request_blob(&create.request, &operation->request))
			code = gpald_method_no_memory(error);
	}
	gpald_pool_clear(&pool);
	return code;
}

int gpald_layout_create_finish(const struct gpald_operation *operation, cJSON **result,
			       struct gpald_wire_error *error)
{
	gpald_auto_close struct gpald_opened_record opened = { 0 };
	struct gpald_builder b = { .failed = false };
	cJSON *tree;

	if (operation->outcome != GPALD_OUTCOME_DONE)
		return refuse(operation, error);
	if (gpald_open_record(&opened, operation->record, error))
		return -1;
	tree = cJSON_CreateObject();
	gpald_build_text(&b, tree, "name", operation->name);
	gpald_build_integer(&b, tree, "generation", (int64_t)operation->generation);
	gpald_build_item(&b, tree, "created", cJSON_CreateBool(operation->created));
	gpald_build_item(&b, tree, "layout", gpald_encode_layout(&opened.layout));
	return gpald_method_finish(&b, tree, result, error);
}

int gpald_layout_update_begin(const struct gpald_service *service, const cJSON *params,
			      struct gpald_operation *operation, struct gpald_wire_error *error)
{
	struct gpald_update_params update;
	struct gpald_pool pool = { 0 };
	int code;

	(void)service;
	code = gpald_decode_update_params(params, &pool, &update, error);
	if (code == 0) {
		operation->kind = GPALD_OPERATION_UPDATE;
		strcpy(operation->name, update.name);
		operation->has_generation = update.generation.set;
		operation->generation_wanted = update.generation.value;
		operation->dry_run = update.dry_run;
		operation->allow = (update.allow_moves ? GPAL_ALLOW_MOVES : 0u) |
				   (update.allow_removals ? GPAL_ALLOW_REMOVALS : 0u);
		if (!gpald_encode_request_blob(&update.request, &operation->request))
			code = gpald_method_no_memory(error);
	}
	gpald_pool_clear(&pool);
	return code;
}

int gpald_layout_update_finish(const struct gpald_operation *operation, cJSON **result,
			       struct gpald_wire_error *error)
{
	gpald_auto_close struct gpald_opened_record opened = { 0 };
	struct gpald_builder b = { .failed = false };
	cJSON *tree, *changes = NULL;

	if (operation->outcome != GPALD_OUTCOME_DONE)
		return refuse(operation, error);
	if (gpald_open_record(&opened, operation->record, error) ||
	    build_changes(operation, gpald_encode_changes, &changes, error))
		return -1;
	tree = cJSON_CreateObject();
	gpald_build_text(&b, tree, "name", operation->name);
	gpald_build_integer(&b, tree, "generation", (int64_t)operation->generation);
	gpald_build_item(&b, tree, "layout", gpald_encode_layout(&opened.layout));
	gpald_build_item(&b, tree, "changes", changes);
	return gpald_method_finish(&b, tree, result, error);
}

int gpald_layout_delete_begin(const struct gpald_service *service, const cJSON *params,
			      struct gpald_operation *operation, struct gpald_wire_error *error)
{
	struct gpald_name_params remove;

	(void)service;
	if (gpald_decode_delete_params(params, &remove, error))
		return -1;
	operation->kind = GPALD_OPERATION_DELETE;
	strcpy(operation->name, remove.name);
	operation->has_generation = remove.generation.set;
	operation->generation_wanted = remove.generation.value;
	return 0;
}

int gpald_layout_delete_finish(const struct gpald_operation *operation, cJSON **result,
			       struct gpald_wire_error *error)
{
	struct gpald_builder b = { .failed = false };
	cJSON *tree;

	if (operation->outcome != GPALD_OUTCOME_DONE)
		return refuse(operation, error);
	tree = cJSON_CreateObject();
	gpald_build_text(&b, tree, "name", operation->name);
	gpald_build_integer(&b, tree, "generation", (int64_t)operation->generation);
	return gpald_method_finish(&b, tree, result, error);
}

/* layout.get, layout.list */

int gpald_layout_get(const struct gpald_context *context, const cJSON *params, cJSON **result,
		     struct gpald_wire_error *error)
{
	gpald_auto_close struct gpald_opened_record opened = { 0 };
	struct gpald_builder b = { .failed = false };
	const struct gpald_record *record;
	struct gpald_name_params get;
	cJSON *tree;

	if (gpald_decode_get_params(params, &get, error))
		return -1;
	record = gpald_registry_find(context->service->registry, get.name);
	if (!record)
		return gpald_method_not_found(get.name, "/name", error);
	if (gpald_open_record(&opened, record, error))
		return -1;
	tree = cJSON_CreateObject();
	gpald_build_text(&b, tree, "name", record->name);
	gpald_build_integer(&b, tree, "generation", (int64_t)record->facts.generation);
	gpald_build_integer(&b, tree, "owner_uid", record->facts.owner_uid);
	gpald_build_time(&b, tree, "created_at", record->facts.created_at_ms);
	gpald_build_time(&b, tree, "updated_at", record->facts.updated_at_ms);
	gpald_build_item(&b, tree, "request", gpald_encode_request(&opened.request));
	gpald_build_item(&b, tree, "layout", gpald_encode_layout(&opened.layout));
	return gpald_method_finish(&b, tree, result, error);
}

static void build_row(struct gpald_builder *b, cJSON *array, const struct gpald_record *record)
{
	cJSON *row = gpald_build_object(b, array, NULL);

	gpald_build_text(b, row, "name", record->name);
	gpald_build_integer(b, row, "generation", (int64_t)record->facts.generation);
	gpald_build_text(b, row, "arch", gpal_arch_name(record->arch));
	gpald_build_text(b, row, "policy", record->policy->name);
	gpald_build_hex(b, row, "ram_size", record->ram_size);
	gpald_build_hex(b, row, "top", record->top);
	gpald_build_text(b, row, "digest", record->digest);
	gpald_build_integer(b, row, "owner_uid", record->facts.owner_uid);
	gpald_build_time(b, row, "created_at", record->facts.created_at_ms);
}

/* A page is what follows a name, so entries that come and go move none that stay. */
int gpald_layout_list(const struct gpald_context *context, const cJSON *params, cJSON **result,
		      struct gpald_wire_error *error)
{
	const struct gpald_registry *registry = context->service->registry;
	const uint64_t limit_max = context->service->limits->values[GPALD_LIMIT_LIST_PAGE];
	struct gpald_builder b = { .failed = false };
	const struct gpald_record *record, *last = NULL;
	struct gpald_list_params list;
	cJSON *tree, *rows;
	uint64_t left;

	if (gpald_decode_list_params(params, limit_max, &list, error))
		return -1;
	left = list.limit.set           ? list.limit.value :
	       LIST_DEFAULT < limit_max ? LIST_DEFAULT :
					  limit_max;
	tree = cJSON_CreateObject();
	gpald_build_integer(&b, tree, "revision",
			    (int64_t)gpald_registry_events(registry)->revision);
	rows = gpald_build_array(&b, tree, "layouts");
	record = gpald_registry_after(registry, list.after);
	for (; record && left > 0 && !b.failed; left--) {
		build_row(&b, rows, record);
		last = record;
		record = gpald_registry_after(registry, record->name);
	}
	if (record && last)
		gpald_build_text(&b, tree, "next", last->name);
	return gpald_method_finish(&b, tree, result, error);
}

/* events.subscribe */

int gpald_events_subscribe(const struct gpald_context *context, const cJSON *params, cJSON **result,
			   struct gpald_wire_error *error)
{
	const struct gpald_event_ring *events = gpald_registry_events(context->service->registry);
	struct gpald_builder b = { .failed = false };
	struct gpald_subscribe_params subscribe;
	uint64_t since = events->revision;
	cJSON *tree;

	if (gpald_decode_subscribe_params(params, &subscribe, error))
		return -1;
	if (context->caller->is_subscribed)
		return gpald_refuse(error, GPALD_INVALID_REQUEST,
				    "this connection is subscribed already; use another one");
	if (subscribe.since.set)
		since = subscribe.since.value;
	if (since != events->revision && !gpald_event_ring_after(events, since)) {
		gpald_refuse(error, GPALD_RESYNC_REQUIRED,
			     "the events after revision %" PRIu64
			     " are not kept: list the layouts, and subscribe with the revision "
			     "of the list",
			     since);
		error->revision = events->revision;
		error->oldest_since = gpald_event_ring_oldest(events);
		return gpald_point(error, "/since");
	}
	tree = cJSON_CreateObject();
	gpald_build_integer(&b, tree, "revision", (int64_t)events->revision);
	if (gpald_method_finish(&b, tree, result, error))
		return -1;
	context->answer->subscribed = (struct gpal_optional){ true, since };
	return 0;
}
