/* SPDX-License-Identifier: MIT */
/*
 * Calls any method except events.subscribe: each function writes the params and reads the result.
 */
#include "config.h"

#include "client/client_state.h"
#include "wire/json_raw.h"
#include "wire/layout_encode.h"
#include "wire/request_encode.h"
#include "wire/results.h"

#include <stdlib.h>
#include <string.h>

/* Most replies take about this much memory when they are decoded. */
#define ARENA_HINT(length) (4 * (length) + 1024)

/* A call: the method, the writer of its params, and the kind of its result. */
struct call {
	const char *method;
	gpald_write_params *write; /* NULL: no params */
	const void *args;
	const struct gpald_result *result;
};

/* Fills in the error for a reply that could not be decoded. */
static int fail_undecodable(const struct call *call, const struct gpald_wire_error *fault,
			    struct gpal_client_error *error)
{
	if (fault->reason == GPALD_REASON_OF(GPAL_E_NO_MEMORY))
		return gpald_client_fail(error, GPAL_E_NO_MEMORY, "out of memory");
	return gpald_client_fail(error, GPAL_E_PROTOCOL, "invalid reply to %s: %s%s%s",
				 call->method, fault->message, fault->has_pointer ? " at " : "",
				 fault->has_pointer ? fault->pointer : "");
}

static int decode_call_result(const struct call *call, const struct gpald_result *result,
			      const cJSON *value, void *object, struct gpald_arena *arena,
			      struct gpal_client_error *error)
{
	struct gpald_wire_error fault;

	if (gpald_decode_result(result, value, object, arena, &fault))
		return fail_undecodable(call, &fault, error);
	return 0;
}

/*
 * Calls a method and sets *object to a new object with the decoded result. If the call fails,
 * *object is NULL, unless `refusal_result` is not NULL and the refusal has changes: then the object
 * has the decoded data of the refusal.
 */
static int make_call(struct gpal_client *client, const struct call *call,
		     const struct gpald_result *refusal_result, const void **object,
		     struct gpal_client_error *error)
{
	struct gpald_arena *arena;
	struct gpald_client_reply reply;
	const char *line;
	size_t length;
	void *made;
	int code = gpald_client_call_line(client, call->method, call->write, call->args, &line,
					  &length, error);

	*object = NULL;
	if (code)
		return code;
	made = gpald_arena_new_object(ARENA_HINT(length), call->result->size, &arena);
	if (!made)
		return gpald_client_fail(error, GPAL_E_NO_MEMORY, "out of memory");
	code = gpald_client_take_reply(client, line, length, arena, &reply, error);
	if (code == 0) {
		code = decode_call_result(call, call->result, reply.result, made, arena, error);
	} else if (code == GPAL_E_REFUSED && refusal_result) {
		const cJSON *data = cJSON_GetObjectItemCaseSensitive(reply.error, "data");

		if (cJSON_GetObjectItemCaseSensitive(data, "changes") &&
		    decode_call_result(call, refusal_result, data, made, arena, NULL) == 0)
			*object = made;
	}
	if (code == GPAL_E_PROTOCOL)
		gpald_link_close(&client->link);
	if (code == 0)
		*object = made;
	if (!*object)
		gpald_arena_free(arena);
	return code;
}

/* make_call() for a result of any type. */
#define ASK(result_pointer, ...)                                                              \
	({                                                                                    \
		const void *asked;                                                            \
		const int asked_code = make_call(client, &(const struct call){ __VA_ARGS__ }, \
						 NULL, &asked, error);                        \
		*(result_pointer) = asked;                                                    \
		asked_code;                                                                   \
	})

/* Any method. */

/* Replaces each LF with a tab, which means the same in JSON. An LF would end the line. */
static void write_raw_params(struct gpald_writer *w, const void *args)
{
	const size_t start = w->text.length;

	gpald_write_bytes(w, args, strlen(args));
	for (size_t i = start; i < w->text.length; i++)
		if (w->text.data[i] == '\n')
			w->text.data[i] = '\t';
}

/* Sets *result to a new object with the text of the result. */
static int copy_result(const char *line, size_t length, const char **result,
		       struct gpal_client_error *error)
{
	struct gpald_arena *arena;
	struct gpald_raw raw;
	char *made;

	if (!gpald_raw_member(gpald_raw_value(line, length), "result", &raw))
		return gpald_client_fail(error, GPAL_E_PROTOCOL,
					 "invalid reply: a key has escapes");
	made = gpald_arena_new_object(0, raw.length + 1, &arena);
	if (!made)
		return gpald_client_fail(error, GPAL_E_NO_MEMORY, "out of memory");
	*result = memcpy(made, raw.text, raw.length);
	return 0;
}

int gpal_client_call(struct gpal_client *client, const char *method, const char *params,
		     const char **result, struct gpal_client_error *error)
{
	struct gpald_arena *arena;
	struct gpald_client_reply reply;
	const char *line;
	size_t length;
	int code = gpald_client_call_line(client, method, params ? write_raw_params : NULL, params,
					  &line, &length, error);

	*result = NULL;
	if (code)
		return code;
	arena = gpald_arena_new(ARENA_HINT(length));
	if (!arena)
		return gpald_client_fail(error, GPAL_E_NO_MEMORY, "out of memory");
	code = gpald_client_take_reply(client, line, length, arena, &reply, error);
	if (code == 0)
		code = copy_result(line, length, result, error);
	if (code == GPAL_E_PROTOCOL)
		gpald_link_close(&client->link);
	gpald_arena_free(arena);
	return code;
}

/* Layouts that the daemon does not store. */

static void write_refuse(struct gpald_writer *w, uint64_t refuse)
{
	if (refuse == 0)
		return;
	if (refuse == GPAL_REFUSE_ALL) {
		gpald_write_text(w, "refuse", "all");
		return;
	}
	gpald_write_array(w, "refuse");
	for (int i = 0; i < GPAL_WARN_COUNT; i++)
		if (refuse & UINT64_C(1) << i)
			gpald_write_text(w, NULL, gpal_warning_token((enum gpal_warning_reason)i));
	gpald_write_array_end(w);
}

struct resolve_args {
	const struct gpal_request *request;
	uint64_t refuse;
};

static void write_resolve(struct gpald_writer *w, const void *args)
{
	const struct resolve_args *resolved = args;

	gpald_write_object(w, NULL);
	gpald_encode_request(w, "request", resolved->request);
	write_refuse(w, resolved->refuse);
	gpald_write_object_end(w);
}

int gpal_client_resolve(struct gpal_client *client, const struct gpal_request *request,
			const struct gpal_layout **layout, struct gpal_client_error *error)
{
	const struct resolve_args resolved = { request, client->refuse };

	return ASK(layout, "layout.resolve", write_resolve, &resolved, &gpald_layout_result);
}

static void write_advise(struct gpald_writer *w, const void *args)
{
	gpald_write_object(w, NULL);
	gpald_encode_request(w, "request", args);
	gpald_write_bool(w, "advise", true);
	gpald_write_object_end(w);
}

int gpal_client_advise(struct gpal_client *client, const struct gpal_request *request,
		       const struct gpal_advice **advice, struct gpal_client_error *error)
{
	return ASK(advice, "layout.resolve", write_advise, request, &gpald_resolved_advice_result);
}

static void write_pinned_list(struct gpald_writer *w, const char *key,
			      const struct gpal_pinned *list, size_t count)
{
	if (count == 0)
		return;
	gpald_write_array(w, key);
	for (size_t i = 0; i < count; i++) {
		gpald_write_object(w, NULL);
		gpald_write_text(w, "tag", list[i].tag);
		gpald_write_bounds(w, list[i].range);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}

static void write_demands(struct gpald_writer *w, const char *key, const struct gpal_demand *list,
			  size_t count)
{
	if (count == 0)
		return;
	gpald_write_array(w, key);
	for (size_t i = 0; i < count; i++) {
		gpald_write_object(w, NULL);
		gpald_write_text(w, "tag", list[i].tag);
		gpald_write_hex(w, "size", list[i].size);
		gpald_write_hex(w, "alignment", list[i].alignment);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}

static void write_allocate(struct gpald_writer *w, const void *args)
{
	const struct gpal_alloc_input *input = args;

	gpald_write_object(w, NULL);
	write_pinned_list(w, "reserved", input->reserved, input->reserved_count);
	write_pinned_list(w, "fixed", input->fixed, input->fixed_count);
	write_demands(w, "mmio32", input->mmio32, input->mmio32_count);
	write_demands(w, "ram", input->ram, input->ram_count);
	write_demands(w, "mmio64", input->mmio64, input->mmio64_count);
	write_demands(w, "post_mmio", input->post_mmio, input->post_mmio_count);
	gpald_write_object_end(w);
}

int gpal_client_allocate(struct gpal_client *client, const struct gpal_alloc_input *input,
			 const struct gpal_map **map, struct gpal_client_error *error)
{
	return ASK(map, "layout.allocate", write_allocate, input, &gpald_map_result);
}

/* Live layouts. */

struct request_args {
	const char *name;
	const struct gpal_request *request;
	const struct gpal_client_update_options *options;
	uint64_t refuse;
};

static void write_create(struct gpald_writer *w, const void *args)
{
	const struct request_args *named = args;

	gpald_write_object(w, NULL);
	gpald_write_text(w, "name", named->name);
	gpald_encode_request(w, "request", named->request);
	write_refuse(w, named->refuse);
	gpald_write_object_end(w);
}

int gpal_client_create(struct gpal_client *client, const char *name,
		       const struct gpal_request *request, const struct gpal_client_live **live,
		       struct gpal_client_error *error)
{
	const struct request_args named = { .name = name,
					    .request = request,
					    .refuse = client->refuse };

	return ASK(live, "layout.create", write_create, &named, &gpald_live_result);
}

static void write_name_params(struct gpald_writer *w, const void *args)
{
	gpald_write_object(w, NULL);
	gpald_write_text(w, "name", args);
	gpald_write_object_end(w);
}

int gpal_client_get(struct gpal_client *client, const char *name,
		    const struct gpal_client_live **live, struct gpal_client_error *error)
{
	return ASK(live, "layout.get", write_name_params, name, &gpald_full_live_result);
}

struct delete_args {
	const char *name;
	uint64_t generation;
};

static void write_delete(struct gpald_writer *w, const void *args)
{
	const struct delete_args *named = args;

	gpald_write_object(w, NULL);
	gpald_write_text(w, "name", named->name);
	if (named->generation > 0)
		gpald_write_integer(w, "generation", (int64_t)named->generation);
	gpald_write_object_end(w);
}

int gpal_client_delete(struct gpal_client *client, const char *name, uint64_t generation,
		       struct gpal_client_error *error)
{
	const struct delete_args named = { name, generation };
	const void *deleted;
	const int code =
		ASK(&deleted, "layout.delete", write_delete, &named, &gpald_deleted_result);

	gpal_client_free(deleted);
	return code;
}

static void write_update(struct gpald_writer *w, const void *args)
{
	const struct request_args *named = args;
	const struct gpal_client_update_options *options = named->options;

	gpald_write_object(w, NULL);
	gpald_write_text(w, "name", named->name);
	gpald_encode_request(w, "request", named->request);
	if (options && options->generation > 0)
		gpald_write_integer(w, "generation", (int64_t)options->generation);
	if (options && options->dry_run)
		gpald_write_bool(w, "dry_run", true);
	if (options && options->allow & GPAL_ALLOW_MOVES)
		gpald_write_bool(w, "allow_moves", true);
	if (options && options->allow & GPAL_ALLOW_REMOVALS)
		gpald_write_bool(w, "allow_removals", true);
	write_refuse(w, named->refuse);
	gpald_write_object_end(w);
}

int gpal_client_update(struct gpal_client *client, const char *name,
		       const struct gpal_request *request,
		       const struct gpal_client_update_options *options,
		       const struct gpal_client_update **update, struct gpal_client_error *error)
{
	const struct request_args named = { name, request, options, client->refuse };
	const struct call call = { "layout.update", write_update, &named, &gpald_update_result };
	const void *made;
	const int code = make_call(client, &call, &gpald_refused_update_result, &made, error);

	*update = made;
	return code;
}

struct list_args {
	const char *after;
	unsigned int limit;
};

static void write_list(struct gpald_writer *w, const void *args)
{
	const struct list_args *page = args;

	gpald_write_object(w, NULL);
	if (page->after)
		gpald_write_text(w, "after", page->after);
	if (page->limit > 0)
		gpald_write_integer(w, "limit", page->limit);
	gpald_write_object_end(w);
}

int gpal_client_list(struct gpal_client *client, const char *after, unsigned int limit,
		     const struct gpal_client_page **page, struct gpal_client_error *error)
{
	const struct list_args wanted = { after, limit };

	return ASK(page, "layout.list", write_list, &wanted, &gpald_page_result);
}

int gpal_client_history(struct gpal_client *client, const char *name,
			const struct gpal_client_history **history, struct gpal_client_error *error)
{
	return ASK(history, "layout.history", write_name_params, name, &gpald_history_result);
}

struct backup_args {
	const char *after;
	uint64_t revision;
};

static void write_backup(struct gpald_writer *w, const void *args)
{
	const struct backup_args *last = args;

	gpald_write_object(w, NULL);
	if (last->after) {
		gpald_write_text(w, "after", last->after);
		gpald_write_integer(w, "revision", (int64_t)last->revision);
	}
	gpald_write_object_end(w);
}

int gpal_client_backup(struct gpal_client *client, const char *after, uint64_t revision,
		       const struct gpal_client_backup_page **page, struct gpal_client_error *error)
{
	const struct backup_args last = { after, revision };

	return ASK(page, "registry.backup", write_backup, &last, &gpald_backup_page_result);
}

/* Questions. */

static void write_side(struct gpald_writer *w, const struct gpal_client_side *side)
{
	if (side->name)
		gpald_write_text(w, "name", side->name);
	else if (side->request)
		gpald_encode_request(w, "request", side->request);
	else if (side->layout)
		gpald_encode_layout(w, "layout", side->layout, NULL);
}

struct probe_args {
	const struct gpal_client_side *of;
	uint64_t address;
};

static void write_probe_params(struct gpald_writer *w, const void *args)
{
	const struct probe_args *probed = args;

	gpald_write_object(w, NULL);
	write_side(w, probed->of);
	gpald_write_hex(w, "address", probed->address);
	gpald_write_object_end(w);
}

int gpal_client_probe(struct gpal_client *client, const struct gpal_client_side *of,
		      uint64_t address, const struct gpal_probe **probe,
		      struct gpal_client_error *error)
{
	const struct probe_args probed = { of, address };

	return ASK(probe, "layout.probe", write_probe_params, &probed, &gpald_probe_result);
}

struct compare_args {
	const struct gpal_client_side *from, *to;
};

static void write_compare(struct gpald_writer *w, const void *args)
{
	const struct compare_args *sides = args;

	gpald_write_object(w, NULL);
	gpald_write_object(w, "from");
	write_side(w, sides->from);
	gpald_write_object_end(w);
	gpald_write_object(w, "to");
	write_side(w, sides->to);
	gpald_write_object_end(w);
	gpald_write_object_end(w);
}

int gpal_client_compare(struct gpal_client *client, const struct gpal_client_side *from,
			const struct gpal_client_side *to, const struct gpal_changes **changes,
			struct gpal_client_error *error)
{
	const struct compare_args sides = { from, to };

	return ASK(changes, "layout.compare", write_compare, &sides, &gpald_changes_result);
}

struct explain_args {
	const struct gpal_client_side *of;
	const char *tag;
};

static void write_explain(struct gpald_writer *w, const void *args)
{
	const struct explain_args *explained = args;

	gpald_write_object(w, NULL);
	write_side(w, explained->of);
	if (explained->tag)
		gpald_write_text(w, "tag", explained->tag);
	gpald_write_object_end(w);
}

int gpal_client_explain(struct gpal_client *client, const struct gpal_client_side *of,
			const char *tag, const struct gpal_explanation **explanation,
			struct gpal_client_error *error)
{
	const struct explain_args explained = { of, tag };

	return ASK(explanation, "layout.explain", write_explain, &explained,
		   &gpald_explanation_result);
}

int gpal_client_advise_on(struct gpal_client *client, const struct gpal_client_side *of,
			  const char *tag, const struct gpal_advice **advice,
			  struct gpal_client_error *error)
{
	const struct explain_args explained = { of, tag };

	return ASK(advice, "layout.advise", write_explain, &explained, &gpald_advice_result);
}

/* The daemon. */

int gpal_client_policies(struct gpal_client *client, const struct gpal_client_policies **policies,
			 struct gpal_client_error *error)
{
	return ASK(policies, "policy.list", .result = &gpald_policies_result);
}

int gpal_client_info(struct gpal_client *client, const struct gpal_client_info **info,
		     struct gpal_client_error *error)
{
	return ASK(info, "daemon.info", .result = &gpald_info_result);
}

int gpal_client_stats(struct gpal_client *client, const struct gpal_client_stats **stats,
		      struct gpal_client_error *error)
{
	return ASK(stats, "daemon.stats", .result = &gpald_stats_result);
}

int gpal_client_schema(struct gpal_client *client, const char **document,
		       struct gpal_client_error *error)
{
	return gpal_client_call(client, "daemon.schema", NULL, document, error);
}
