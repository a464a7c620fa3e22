/* SPDX-License-Identifier: MIT */
/* The methods on live layouts. They pass params to the registry and write its results. */
#include "config.h"

#include "server/decoded_record.h"
#include "server/methods.h"

#include "registry/codec.h"
#include "wire/layout_encode.h"
#include "wire/params_decode.h"
#include "wire/request_encode.h"

#include <gpalayout/compare.h>
#include <inttypes.h>
#include <string.h>

#define LIST_DEFAULT 100 /* layouts on a page */

/* Writes the changes that an operation makes. Returns 0, or -1 with *error set. */
static int write_changes(const struct gpald_operation *operation, bool removals_only,
			 struct gpald_writer *w, struct gpald_wire_error *error)
{
	gpald_cleanup_decoded_record struct gpald_decoded_record before = { 0 }, after = { 0 };
	struct gpal_changes *changes;

	if (gpald_decode_record(&before, operation->previous, error) ||
	    gpald_decode_record(&after, operation->record, error))
		return -1;
	if (gpal_compare(&before.layout, &after.layout, &changes, NULL))
		return gpald_method_no_memory(error);
	gpald_encode_changes(w, "changes", changes, removals_only);
	gpal_changes_free(changes);
	return 0;
}

static int write_warnings(const struct gpald_operation *operation, struct gpald_writer *w,
			  struct gpald_wire_error *error)
{
	gpald_cleanup_decoded_record struct gpald_decoded_record decoded = { 0 };

	if (gpald_decode_record(&decoded, operation->record, error))
		return -1;
	gpald_encode_warnings(w, "warnings", &decoded.layout);
	return 0;
}

/*
 * Refuses a change that moves or removes ranges without permission, or that has warnings which the
 * client refuses.
 */
static int refuse_layout(const struct gpald_operation *operation, const struct gpald_writer *w,
			 struct gpald_wire_error *error)
{
	const enum gpal_code why = operation->core.code;
	struct gpald_writer list;
	int code;

	gpald_writer_begin_error_members(&list, w);
	code = why == GPAL_E_WARNING_REFUSED ?
		       write_warnings(operation, &list, error) :
		       write_changes(operation, why == GPAL_E_WOULD_REMOVE, &list, error);
	if (code || ((list.failed || w->failed) && gpald_method_no_memory(error))) {
		gpald_writer_clear(&list);
		return -1;
	}
	gpald_refuse(error, GPALD_REASON_OF(why), "%s: %s", operation->name,
		     operation->core.message);
	error->core = operation->core;
	error->members = list;
	return gpald_set_pointer(error, why == GPAL_E_WARNING_REFUSED ? "/refuse" : "/request");
}

/* Refuses an operation that was not done. */
static int refuse_operation(const struct gpald_operation *operation, const struct gpald_writer *w,
			    struct gpald_wire_error *error)
{
	switch (operation->outcome) {
	case GPALD_OUTCOME_NOT_FOUND:
		return gpald_refuse_unknown_layout(operation->name, "/name", error);
	case GPALD_OUTCOME_CONFLICT:
		gpald_refuse(error, GPALD_CONFLICT, "%s exists, but with another request",
			     operation->name);
		error->generation = operation->generation;
		return gpald_set_pointer(error, "/name");
	case GPALD_OUTCOME_NAME_TAKEN:
		gpald_refuse(error, GPALD_CONFLICT, "%s exists and belongs to uid %ld",
			     operation->name, (long)operation->owner_uid);
		error->generation = operation->generation;
		error->owner_uid = (struct gpal_optional){ true, operation->owner_uid };
		return gpald_set_pointer(error, "/name");
	case GPALD_OUTCOME_GENERATION_MISMATCH:
		gpald_refuse(error, GPALD_GENERATION_MISMATCH,
			     "%s has generation %" PRIu64 ", not %" PRIu64, operation->name,
			     operation->generation, operation->generation_wanted);
		error->generation = operation->generation;
		return gpald_set_pointer(error, "/generation");
	case GPALD_OUTCOME_DENIED:
		gpald_refuse(error, GPALD_DENIED,
			     "%s belongs to uid %ld; only that user, root and the admin group may "
			     "change it",
			     operation->name, (long)operation->owner_uid);
		error->owner_uid = (struct gpal_optional){ true, operation->owner_uid };
		return gpald_set_pointer(error, "/name");
	case GPALD_OUTCOME_OTHER_POLICY:
		gpald_refuse(
			error, GPALD_CONFLICT,
			"%s was made under %s and keeps that policy; omit the policy or name that "
			"one",
			operation->name, operation->record->policy->name);
		error->generation = operation->generation;
		return gpald_set_pointer(error, "/request/policy");
	case GPALD_OUTCOME_OTHER_ARCH:
		gpald_refuse(error, GPALD_CONFLICT,
			     "%s is for %s, and the architecture of a layout cannot change",
			     operation->name, gpal_arch_name(operation->record->arch));
		error->generation = operation->generation;
		return gpald_set_pointer(error, "/request/arch");
	case GPALD_OUTCOME_LAYOUT_REFUSED:
		return refuse_layout(operation, w, error);
	case GPALD_OUTCOME_UNRESOLVED:
		gpald_refuse_core(error, &operation->core, "/request");
		return -1;
	case GPALD_OUTCOME_TOO_MANY:
		return gpald_refuse(error, GPALD_STORE_FULL,
				    "the limit on live layouts has been reached (live_layouts); "
				    "nothing was changed");
	case GPALD_OUTCOME_OWNER_TOO_MANY:
		return gpald_refuse(error, GPALD_STORE_FULL,
				    "the limit on live layouts of one owner has been reached "
				    "(live_layouts_per_uid); nothing was changed");
	case GPALD_OUTCOME_OWNER_TOO_LARGE:
		return gpald_refuse(error, GPALD_STORE_FULL,
				    "the limit on stored bytes of one owner would be exceeded "
				    "(store_bytes_per_uid); nothing was changed");
	case GPALD_OUTCOME_STORE_FULL:
		return gpald_refuse(
			error, GPALD_STORE_FULL,
			"the store is full: it has reached store_bytes or the limit on "
			"file sizes, or its disk or quota is full; nothing was changed");
	case GPALD_OUTCOME_STORE_FAILED:
		return gpald_refuse(error, GPALD_STORE_FAILED,
				    "the store failed and the daemon exits; after its restart, "
				    "layout.get shows whether %s was changed",
				    operation->name);
	case GPALD_OUTCOME_NO_MEMORY:
	case GPALD_OUTCOME_DONE:
		break;
	}
	return gpald_method_no_memory(error);
}

/* layout.create, layout.update, layout.delete */

int gpald_serve_layout_create_begin(const void *params, struct gpald_operation *operation,
				    struct gpald_wire_error *error)
{
	const struct gpald_create_params *create = params;

	operation->kind = GPALD_OPERATION_CREATE;
	strcpy(operation->name, create->name);
	operation->refuse = create->refuse;
	if (!gpald_encode_request_blob(&create->request, &operation->request))
		return gpald_method_no_memory(error);
	return 0;
}

/* Writes the members that the answers of all changes share. */
static void write_name_and_generation(struct gpald_writer *w,
				      const struct gpald_operation *operation)
{
	gpald_write_text(w, "name", operation->name);
	gpald_write_integer(w, "generation", (int64_t)operation->generation);
}

int gpald_serve_layout_create_finish(const struct gpald_operation *operation,
				     struct gpald_writer *w, struct gpald_wire_error *error)
{
	gpald_cleanup_decoded_record struct gpald_decoded_record decoded = { 0 };

	if (operation->outcome != GPALD_OUTCOME_DONE)
		return refuse_operation(operation, w, error);
	if (gpald_decode_record(&decoded, operation->record, error))
		return -1;
	gpald_write_object(w, NULL);
	write_name_and_generation(w, operation);
	gpald_write_bool(w, "created", operation->created);
	gpald_encode_layout(w, "layout", &decoded.layout, operation->record->digest);
	gpald_write_object_end(w);
	return 0;
}

int gpald_serve_layout_update_begin(const void *params, struct gpald_operation *operation,
				    struct gpald_wire_error *error)
{
	const struct gpald_update_params *update = params;

	operation->kind = GPALD_OPERATION_UPDATE;
	strcpy(operation->name, update->name);
	operation->refuse = update->refuse;
	operation->has_generation = update->generation.set;
	operation->generation_wanted = update->generation.value;
	operation->dry_run = update->dry_run;
	operation->allow = (update->allow_moves ? GPAL_ALLOW_MOVES : 0u) |
			   (update->allow_removals ? GPAL_ALLOW_REMOVALS : 0u);
	if (!gpald_encode_request_blob(&update->request, &operation->request))
		return gpald_method_no_memory(error);
	return 0;
}

int gpald_serve_layout_update_finish(const struct gpald_operation *operation,
				     struct gpald_writer *w, struct gpald_wire_error *error)
{
	gpald_cleanup_decoded_record struct gpald_decoded_record decoded = { 0 };

	if (operation->outcome != GPALD_OUTCOME_DONE)
		return refuse_operation(operation, w, error);
	if (gpald_decode_record(&decoded, operation->record, error))
		return -1;
	gpald_write_object(w, NULL);
	write_name_and_generation(w, operation);
	gpald_encode_layout(w, "layout", &decoded.layout, operation->record->digest);
	if (write_changes(operation, false, w, error))
		return -1;
	gpald_write_object_end(w);
	return 0;
}

int gpald_serve_layout_delete_begin(const void *params, struct gpald_operation *operation,
				    struct gpald_wire_error *error)
{
	const struct gpald_name_params *remove = params;

	(void)error;
	operation->kind = GPALD_OPERATION_DELETE;
	strcpy(operation->name, remove->name);
	operation->has_generation = remove->generation.set;
	operation->generation_wanted = remove->generation.value;
	return 0;
}

int gpald_serve_layout_delete_finish(const struct gpald_operation *operation,
				     struct gpald_writer *w, struct gpald_wire_error *error)
{
	if (operation->outcome != GPALD_OUTCOME_DONE)
		return refuse_operation(operation, w, error);
	gpald_write_object(w, NULL);
	write_name_and_generation(w, operation);
	gpald_write_object_end(w);
	return 0;
}

/* layout.get, layout.list */

int gpald_serve_layout_get(const struct gpald_context *context, const void *params,
			   struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_name_params *get = params;
	gpald_cleanup_record const struct gpald_record *record =
		gpald_index_get(context->service->index, get->name);
	gpald_cleanup_decoded_record struct gpald_decoded_record decoded = { 0 };

	if (!record)
		return gpald_refuse_unknown_layout(get->name, "/name", error);
	if (!context->may_take_long && record->layout.length > GPALD_LAYOUT_BYTES_IN_TURN_MAX)
		return GPALD_TAKES_LONG;
	if (gpald_decode_record(&decoded, record, error))
		return -1;
	gpald_write_object(w, NULL);
	gpald_write_text(w, "name", record->name);
	gpald_write_integer(w, "generation", (int64_t)record->facts.generation);
	gpald_write_integer(w, "owner_uid", record->facts.owner_uid);
	gpald_write_time(w, "created_at", record->facts.created_at_ms);
	gpald_write_time(w, "updated_at", record->facts.updated_at_ms);
	gpald_encode_request(w, "request", &decoded.request);
	gpald_encode_layout(w, "layout", &decoded.layout, record->digest);
	gpald_write_object_end(w);
	return 0;
}

static void write_row(struct gpald_writer *w, const struct gpald_record *record)
{
	gpald_write_object(w, NULL);
	gpald_write_text(w, "name", record->name);
	gpald_write_integer(w, "generation", (int64_t)record->facts.generation);
	gpald_write_text(w, "arch", gpal_arch_name(record->arch));
	gpald_write_text(w, "policy", record->policy->name);
	gpald_write_hex(w, "ram_size", record->ram_size);
	gpald_write_hex(w, "top", record->top);
	gpald_write_text(w, "digest", record->digest);
	gpald_write_integer(w, "owner_uid", record->facts.owner_uid);
	gpald_write_time(w, "created_at", record->facts.created_at_ms);
	gpald_write_object_end(w);
}

#define ROWS 256              /* records that are read from the index at a time */
#define ROWS_IN_TURN_MAX 1000 /* on a page that may be written within a turn */

/*
 * A page begins after a name, not at an index, so a layout that is created or deleted does not
 * shift the next page.
 */
int gpald_serve_layout_list(const struct gpald_context *context, const void *params,
			    struct gpald_writer *w, struct gpald_wire_error *error)
{
	struct gpald_index *index = context->service->index;
	const uint64_t limit_max = context->service->limits->values[GPALD_LIMIT_LIST_PAGE];
	const struct gpald_list_params *list = params;
	const struct gpald_record *records[ROWS];
	uint64_t left = list->limit.set          ? list->limit.value :
			LIST_DEFAULT < limit_max ? LIST_DEFAULT :
						   limit_max;
	uint64_t revision;
	bool is_begun = false;
	const char *after = list->after;
	char last[GPALD_NAME_SIZE];
	size_t most, count, i;

	(void)error;
	if (!context->may_take_long && left > ROWS_IN_TURN_MAX)
		return GPALD_TAKES_LONG;
	gpald_write_object(w, NULL);
	do {
		/* One more record shows whether there is a next page. */
		most = left < ROWS ? (size_t)left + 1 : ROWS;
		count = gpald_index_list(index, after, records, most, &revision);
		if (!is_begun) {
			gpald_write_integer(w, "revision", (int64_t)revision);
			gpald_write_array(w, "layouts");
		}
		is_begun = true;
		for (i = 0; i < count && left > 0; i++, left--)
			write_row(w, records[i]);
		if (i > 0)
			after = strcpy(last, records[i - 1]->name);
		for (size_t each = 0; each < count; each++)
			gpald_record_unref(records[each]);
	} while (i == most && !w->failed);
	gpald_write_array_end(w);
	if (i < count)
		gpald_write_text(w, "next", last);
	gpald_write_object_end(w);
	return 0;
}
