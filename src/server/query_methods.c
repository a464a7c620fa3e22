/* SPDX-License-Identifier: MIT */
/*
 * Questions about a layout, which is a live one, that of a request, or one that the
 * client has: what is where, what differs, and why.
 */
#include "config.h"

#include "server/methods.h"
#include "server/opened_record.h"

#include "wire/explain_encode.h"
#include "wire/layout_encode.h"
#include "wire/registry_decode.h"

#include <gpalayout/compare.h>
#include <gpalayout/explain.h>
#include <gpalayout/probe.h>
#include <stdio.h>

/* A layout to be looked at, whoever has it; zeroed before use, left in the end. */
struct sight {
	struct gpald_opened_record opened;
	struct gpal_layout *resolved;

	const struct gpal_layout *layout;
	const struct gpal_request *request; /* NULL: not known */
};

static void leave(struct sight *sight)
{
	gpald_close_record(&sight->opened);
	gpal_layout_free(sight->resolved);
}

#define AUTO_LEAVE __attribute__((cleanup(leave)))

/* `parent` is the pointer to the object with the name. */
static int look_at_live(struct sight *sight, const struct gpald_registry *registry,
			const char *name, const char *parent, struct gpald_wire_error *error)
{
	const struct gpald_record *record = gpald_registry_find(registry, name);
	char pointer[32];

	snprintf(pointer, sizeof(pointer), "%s/name", parent);
	if (!record)
		return gpald_method_not_found(name, pointer, error);
	if (gpald_open_record(&sight->opened, record, error))
		return -1;
	sight->layout = &sight->opened.layout;
	sight->request = &sight->opened.request;
	return 0;
}

/* The same, with the request. */
static int look_at_request(struct sight *sight, const struct gpal_request *request,
			   const char *parent, struct gpald_wire_error *error)
{
	struct gpal_error core;
	char pointer[32];

	snprintf(pointer, sizeof(pointer), "%s/request", parent);
	if (gpal_resolve(request, &sight->resolved, &core)) {
		gpald_refuse_core(error, &core, pointer);
		return -1;
	}
	sight->layout = sight->resolved;
	sight->request = request;
	return 0;
}

/* layout.probe */

static void write_probe(struct gpald_writer *w, const struct gpal_probe *probe)
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

int gpald_layout_probe(const struct gpald_context *context, const void *params,
		       struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_probe_params *probe = params;
	AUTO_LEAVE struct sight sight = { 0 };
	struct gpal_probe found;
	struct gpal_error core;

	if (probe->name ? look_at_live(&sight, context->service->registry, probe->name, "", error) :
			  look_at_request(&sight, &probe->request, "", error))
		return -1;
	if (gpal_layout_probe(sight.layout, sight.request, probe->address, &found, &core)) {
		gpald_refuse_core(error, &core, "");
		return gpald_point(error, "/address");
	}
	gpald_write_object(w, NULL);
	write_probe(w, &found);
	gpald_write_object_end(w);
	return 0;
}

/* layout.compare */

static int look_at_side(struct sight *sight, const struct gpald_service *service,
			const struct gpald_side *side, const char *pointer,
			struct gpald_wire_error *error)
{
	if (side->name)
		return look_at_live(sight, service->registry, side->name, pointer, error);
	if (side->request.policy)
		return look_at_request(sight, &side->request, pointer, error);
	sight->layout = &side->layout;
	return 0;
}

int gpald_layout_compare(const struct gpald_context *context, const void *params,
			 struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_compare_params *compare = params;
	AUTO_LEAVE struct sight from = { 0 }, to = { 0 };
	struct gpal_changes *changes;

	if (look_at_side(&from, context->service, &compare->from, "/from", error) ||
	    look_at_side(&to, context->service, &compare->to, "/to", error))
		return -1;
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

static int refuse_tag(const char *tag, struct gpald_wire_error *error)
{
	gpald_refuse(error, GPALD_NOT_FOUND, "the layout has no range %s", tag);
	snprintf(error->core.tag, sizeof(error->core.tag), "%s", tag);
	return gpald_point(error, "/tag");
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

int gpald_layout_explain(const struct gpald_context *context, const void *params,
			 struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_explain_params *explain = params;
	AUTO_LEAVE struct sight sight = { .request = &explain->request };
	struct gpal_explanation *explanation;
	struct gpal_error core;
	int code = 0;

	if (explain->name &&
	    look_at_live(&sight, context->service->registry, explain->name, "", error))
		return -1;
	if (gpal_explain(sight.request, sight.layout, explain->tag, &explanation, &core)) {
		gpald_refuse_core(error, &core, "/request");
		return -1;
	}
	if (explanation->count > 0)
		write_explanation(w, explanation);
	else
		code = refuse_tag(explain->tag, error);
	gpal_explanation_free(explanation);
	return code;
}
