/* SPDX-License-Identifier: MIT */
/*
 * Queries about a layout: what is where, what differs, and why. The layout is a live one, that of a
 * request, or one that the client sends.
 */
#include "config.h"

#include "server/decoded_record.h"
#include "server/methods.h"

#include "wire/advice_encode.h"
#include "wire/explain_encode.h"
#include "wire/layout_encode.h"
#include "wire/params_decode.h"

#include <gpalayout/compare.h>
#include <gpalayout/explain.h>
#include <gpalayout/probe.h>
#include <stdio.h>

/* The layout of a query. Zero it before use, and call release_queried() at the end. */
struct queried {
	const struct gpald_record *record; /* referenced */
	struct gpald_decoded_record decoded;
	struct gpal_layout *resolved;

	const struct gpal_layout *layout;
	const struct gpal_request *request; /* NULL: not known */
};

static void release_queried(struct queried *queried)
{
	gpald_decoded_record_clear(&queried->decoded);
	gpald_record_unref(queried->record);
	gpal_layout_free(queried->resolved);
}

#define gpald_cleanup_queried __attribute__((cleanup(release_queried)))

/*
 * Uses a live layout. `parent` is the JSON pointer of the object with the name. A stored layout of
 * more than `in_turn_max` bytes takes too long for a turn.
 */
static int use_live(struct queried *queried, const struct gpald_context *context, const char *name,
		    const char *parent, size_t in_turn_max, struct gpald_wire_error *error)
{
	char pointer[32];

	queried->record = gpald_index_get(context->service->index, name);
	if (!queried->record) {
		snprintf(pointer, sizeof(pointer), "%s/name", parent);
		return gpald_refuse_unknown_layout(name, pointer, error);
	}
	if (!context->may_take_long && queried->record->layout.length > in_turn_max)
		return GPALD_TAKES_LONG;
	if (gpald_decode_record(&queried->decoded, queried->record, error))
		return -1;
	queried->layout = &queried->decoded.layout;
	queried->request = &queried->decoded.request;
	return 0;
}

/* Uses the layout of a request. */
static int use_request(struct queried *queried, const struct gpald_context *context,
		       const struct gpal_request *request, const char *parent,
		       struct gpald_wire_error *error)
{
	char pointer[32];
	int code;

	snprintf(pointer, sizeof(pointer), "%s/request", parent);
	code = gpald_resolve_for_method(context, request, pointer, &queried->resolved, error);
	if (code)
		return code;
	queried->layout = queried->resolved;
	queried->request = request;
	return 0;
}

/* layout.probe */

static void write_probe_result(struct gpald_writer *w, const struct gpal_probe *probe)
{
	if (probe->is_free) {
		gpald_write_range(w, "free", probe->range);
		return;
	}
	gpald_write_object(w, "range");
	gpald_write_text(w, "tag", probe->tag);
	gpald_write_text(w, "kind", gpal_kind_name(probe->kind));
	gpald_write_bounds(w, probe->range);
	gpald_write_hex(w, "offset", probe->offset);
	if (probe->has_node)
		gpald_write_integer(w, "node", probe->node);
	if (probe->root_complex)
		gpald_write_text(w, "root_complex", probe->root_complex);
	if (probe->has_slot)
		gpald_write_integer(w, "slot", probe->slot);
	gpald_write_object_end(w);
}

int gpald_serve_layout_probe(const struct gpald_context *context, const void *params,
			     struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_probe_params *probe = params;
	gpald_cleanup_queried struct queried queried = { 0 };
	struct gpal_probe found;
	struct gpal_error core;
	const int code = probe->name ? use_live(&queried, context, probe->name, "",
						GPALD_LAYOUT_BYTES_IN_TURN_MAX, error) :
				       use_request(&queried, context, &probe->request, "", error);

	if (code)
		return code;
	if (gpal_layout_probe(queried.layout, queried.request, probe->address, &found, &core)) {
		gpald_refuse_core(error, &core, "");
		return gpald_set_pointer(error, "/address");
	}
	gpald_write_object(w, NULL);
	write_probe_result(w, &found);
	gpald_write_object_end(w);
	return 0;
}

/* layout.compare */

static int use_side(struct queried *queried, const struct gpald_context *context,
		    const struct gpald_side *side, const char *pointer,
		    struct gpald_wire_error *error)
{
	if (side->name)
		return use_live(queried, context, side->name, pointer,
				GPALD_LAYOUT_BYTES_IN_TURN_MAX, error);
	if (side->request.policy)
		return use_request(queried, context, &side->request, pointer, error);
	queried->layout = &side->layout;
	return 0;
}

int gpald_serve_layout_compare(const struct gpald_context *context, const void *params,
			       struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_compare_params *compare = params;
	gpald_cleanup_queried struct queried from = { 0 }, to = { 0 };
	struct gpal_changes *changes;
	int code = use_side(&from, context, &compare->from, "/from", error);

	if (code == 0)
		code = use_side(&to, context, &compare->to, "/to", error);
	if (code)
		return code;
	if (gpal_compare(from.layout, to.layout, &changes, NULL))
		return gpald_method_no_memory(error);
	gpald_write_object(w, NULL);
	gpald_write_bool(w, "compatible", changes->compatible);
	gpald_encode_changes(w, "changes", changes, false);
	gpald_write_object_end(w);
	gpal_changes_free(changes);
	return 0;
}

/* layout.explain */

/* Larger inputs take too long for a turn: the explanation of a range may list many others. */
#define EXPLAINED_BYTES_IN_TURN_MAX 512 /* bytes of a stored layout */
#define ITEMS_IN_TURN_MAX 8             /* of a request, as is_large_request() counts them */

static bool is_large_request(const struct gpal_request *request)
{
	return request->root_complex_count + request->reserved_count + request->node_count +
		       request->hotplug_room_count + request->cxl_window_count >
	       ITEMS_IN_TURN_MAX;
}

/* Adds the tag and its pointer to a refusal. */
static int point_at_tag(const char *tag, struct gpald_wire_error *error)
{
	snprintf(error->core.tag, sizeof(error->core.tag), "%s", tag);
	return gpald_set_pointer(error, "/tag");
}

static void write_explanation(struct gpald_writer *w, const struct gpal_explanation *explanation)
{
	const struct gpal_layout *layout = explanation->layout;
	char digest[GPAL_DIGEST_SIZE];

	gpal_layout_digest(layout, digest);
	gpald_write_object(w, NULL);
	gpald_write_text(w, "arch", gpal_arch_name(layout->arch));
	gpald_write_text(w, "policy", layout->policy->name);
	gpald_write_text(w, "digest", digest);
	gpald_encode_steps(w, "ranges", explanation);
	gpald_write_object_end(w);
}

int gpald_serve_layout_explain(const struct gpald_context *context, const void *params,
			       struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_explain_params *explain = params;
	gpald_cleanup_queried struct queried queried = { .request = &explain->request };
	struct gpal_explanation *explanation;
	struct gpal_error core;
	int code = 0;

	if (!context->may_take_long && !explain->name && is_large_request(&explain->request))
		return GPALD_TAKES_LONG;
	if (explain->name)
		code = use_live(&queried, context, explain->name, "", EXPLAINED_BYTES_IN_TURN_MAX,
				error);
	if (code)
		return code;
	if (gpal_explain(queried.request, queried.layout, explain->tag, &explanation, &core)) {
		gpald_refuse_core(error, &core, "/request");
		return -1;
	}
	if (explanation->count > 0) {
		write_explanation(w, explanation);
	} else {
		gpald_refuse(error, GPALD_NOT_FOUND, "the layout has no range %s", explain->tag);
		code = point_at_tag(explain->tag, error);
	}
	gpal_explanation_free(explanation);
	return code;
}

/* layout.advise */

/* Finds the layout. It is NULL if space or address bits do not suffice for the request. */
static int use_advised(struct queried *queried, const struct gpald_context *context,
		       const struct gpald_explain_params *advise, struct gpald_wire_error *error)
{
	int code;

	if (advise->name)
		return use_live(queried, context, advise->name, "", SIZE_MAX, error);
	queried->request = &advise->request;
	code = gpal_resolve(&advise->request, &queried->resolved, NULL);
	queried->layout = queried->resolved;
	if (code == GPAL_OK || code == GPAL_E_EXHAUSTED || code == GPAL_E_ADDRESS_WIDTH_EXCEEDED)
		return 0;
	return use_request(queried, context, &advise->request, "", error);
}

int gpald_serve_layout_advise(const struct gpald_context *context, const void *params,
			      struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_explain_params *advise = params;
	gpald_cleanup_queried struct queried queried = { 0 };
	struct gpal_advice *advice;
	struct gpal_error core;
	int code;

	if (!context->may_take_long)
		return GPALD_TAKES_LONG;
	code = use_advised(&queried, context, advise, error);
	if (code)
		return code;
	if (gpal_advise_on(queried.request, queried.layout, advise->tag, &advice, &core)) {
		gpald_refuse_core(error, &core, "");
		return -1;
	}
	if (advise->tag && advice->count == 0) {
		gpald_refuse(error, GPALD_NOT_FOUND,
			     "there is no advice on %s; omit tag to list all ranges with advice",
			     advise->tag);
		code = point_at_tag(advise->tag, error);
	} else {
		gpald_write_object(w, NULL);
		gpald_write_bool(w, "resolves", advice->resolves);
		gpald_encode_advice(w, advice);
		gpald_write_object_end(w);
	}
	gpal_advice_free(advice);
	return code;
}
