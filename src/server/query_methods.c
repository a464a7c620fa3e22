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

static int answer_probe(const struct sight *sight, uint64_t address, cJSON **result,
			struct gpald_wire_error *error)
{
	struct gpald_builder b = { .failed = false };
	struct gpal_probe probe;
	struct gpal_error core;
	cJSON *tree, *range;

	if (gpal_layout_probe(sight->layout, sight->request, address, &probe, &core)) {
		gpald_refuse_core(error, &core, "");
		return gpald_point(error, "/address");
	}
	tree = cJSON_CreateObject();
	if (probe.is_free) {
		gpald_build_range(&b, tree, "free", probe.range);
		return gpald_method_finish(&b, tree, result, error);
	}
	range = gpald_build_object(&b, tree, "range");
	gpald_build_text(&b, range, "tag", probe.tag);
	gpald_build_text(&b, range, "kind", gpal_kind_name(probe.kind));
	gpald_build_bounds(&b, range, probe.range);
	gpald_build_hex(&b, range, "offset", probe.offset);
	if (probe.has_node)
		gpald_build_integer(&b, range, "node", probe.node);
	if (probe.root_complex)
		gpald_build_text(&b, range, "root_complex", probe.root_complex);
	if (probe.has_slot)
		gpald_build_integer(&b, range, "slot", probe.slot);
	return gpald_method_finish(&b, tree, result, error);
}

int gpald_layout_probe(const struct gpald_context *context, const cJSON *params, cJSON **result,
		       struct gpald_wire_error *error)
{
	const struct gpald_service *service = context->service;
	AUTO_LEAVE struct sight sight = { 0 };
	struct gpald_probe_params probe;
	struct gpald_pool pool = { 0 };
	int code = gpald_decode_probe_params(params, service->default_policy, &pool, &probe, error);

	if (code == 0)
		code = probe.name ? look_at_live(&sight, service->registry, probe.name, "", error) :
				    look_at_request(&sight, &probe.request, "", error);
	if (code == 0)
		code = answer_probe(&sight, probe.address, result, error);
	gpald_pool_clear(&pool);
	return code;
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

static int answer_compare(const struct gpal_layout *from, const struct gpal_layout *to,
			  cJSON **result, struct gpald_wire_error *error)
{
	struct gpald_builder b = { .failed = false };
	struct gpal_changes *changes;
	cJSON *tree;

	if (gpal_compare(from, to, &changes, NULL))
		return gpald_method_no_memory(error);
	tree = cJSON_CreateObject();
	gpald_build_item(&b, tree, "compatible", cJSON_CreateBool(changes->compatible));
	gpald_build_item(&b, tree, "changes", gpald_encode_changes(changes));
	gpal_changes_free(changes);
	return gpald_method_finish(&b, tree, result, error);
}

int gpald_layout_compare(const struct gpald_context *context, const cJSON *params, cJSON **result,
			 struct gpald_wire_error *error)
{
	const struct gpald_service *service = context->service;
	AUTO_LEAVE struct sight from = { 0 }, to = { 0 };
	struct gpald_compare_params compare;
	struct gpald_pool pool = { 0 };
	int code = gpald_decode_compare_params(params, service->default_policy, &pool, &compare,
					       error);

	if (code == 0)
		code = look_at_side(&from, service, &compare.from, "/from", error);
	if (code == 0)
		code = look_at_side(&to, service, &compare.to, "/to", error);
	if (code == 0)
		code = answer_compare(from.layout, to.layout, result, error);
	gpald_pool_clear(&pool);
	return code;
}

/* layout.explain */

static int refuse_tag(const char *tag, struct gpald_wire_error *error)
{
	gpald_refuse(error, GPALD_NOT_FOUND, "the layout has no range %s", tag);
	snprintf(error->core.tag, sizeof(error->core.tag), "%s", tag);
	return gpald_point(error, "/tag");
}

static int answer_explain(const struct gpal_explanation *explanation, cJSON **result,
			  struct gpald_wire_error *error)
{
	const struct gpal_layout *layout = explanation->layout;
	struct gpald_builder b = { .failed = false };
	char digest[GPAL_DIGEST_SIZE];
	cJSON *tree = cJSON_CreateObject();

	gpal_layout_digest(layout, digest);
	gpald_build_text(&b, tree, "arch", gpal_arch_name(layout->arch));
	gpald_build_text(&b, tree, "policy", layout->policy->name);
	gpald_build_text(&b, tree, "digest", digest);
	gpald_build_item(&b, tree, "ranges", gpald_encode_steps(explanation));
	return gpald_method_finish(&b, tree, result, error);
}

int gpald_layout_explain(const struct gpald_context *context, const cJSON *params, cJSON **result,
			 struct gpald_wire_error *error)
{
	const struct gpald_service *service = context->service;
	AUTO_LEAVE struct sight sight = { 0 };
	struct gpald_explain_params explain;
	struct gpal_explanation *explanation = NULL;
	struct gpald_pool pool = { 0 };
	struct gpal_error core;
	int code = gpald_decode_explain_params(params, service->default_policy, &pool, &explain,
					       error);

	sight.request = &explain.request;
	if (code == 0 && explain.name)
		code = look_at_live(&sight, service->registry, explain.name, "", error);
	if (code == 0 &&
	    gpal_explain(sight.request, sight.layout, explain.tag, &explanation, &core)) {
		gpald_refuse_core(error, &core, "/request");
		code = -1;
	}
	if (code == 0)
		code = explanation->count > 0 ? answer_explain(explanation, result, error) :
						refuse_tag(explain.tag, error);
	gpal_explanation_free(explanation);
	gpald_pool_clear(&pool);
	return code;
}
