/* SPDX-License-Identifier: MIT */
/*
 * The methods that compute layouts without storing them, and policy.list. libgpalayout does the
 * work.
 */
#include "config.h"

#include "server/methods.h"

#include "wire/advice_encode.h"
#include "wire/layout_encode.h"
#include "wire/request_decode.h"

#include <gpalayout/advise.h>

#define DEMANDS_IN_TURN_MAX 256 /* of layout.allocate, reserved and fixed ranges included */

static int answer_resolve(const struct gpald_resolve_params *params,
			  const struct gpal_layout *layout, struct gpald_writer *w,
			  struct gpald_wire_error *error)
{
	struct gpal_advice *advice = NULL;

	if (params->advise && gpal_advise(&params->request, layout, &advice, NULL))
		return gpald_method_no_memory(error);
	gpald_write_object(w, NULL);
	gpald_encode_layout(w, "layout", layout, NULL);
	if (advice)
		gpald_encode_advice(w, advice);
	gpald_write_object_end(w);
	gpal_advice_free(advice);
	return 0;
}

static int refuse_warnings(const struct gpal_layout *layout, uint64_t refused,
			   const struct gpald_writer *w, struct gpald_wire_error *error)
{
	struct gpald_writer list;
	struct gpal_error core;

	if (gpal_layout_refuse(layout, refused, &core) == GPAL_OK)
		return 0;
	gpald_writer_begin_error_members(&list, w);
	gpald_encode_warnings(&list, "warnings", layout);
	if (list.failed || w->failed) {
		gpald_writer_clear(&list);
		return gpald_method_no_memory(error);
	}
	gpald_refuse_core(error, &core, "");
	error->members = list;
	return gpald_set_pointer(error, "/refuse");
}

int gpald_serve_layout_resolve(const struct gpald_context *context, const void *params,
			       struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_resolve_params *resolve = params;
	struct gpal_layout *layout;
	int code;

	if (resolve->advise && !context->may_take_long)
		return GPALD_TAKES_LONG;
	code = gpald_resolve_for_method(context, &resolve->request, "/request", &layout, error);
	if (code)
		return code;
	code = refuse_warnings(layout, resolve->refuse, w, error);
	if (code == 0)
		code = answer_resolve(resolve, layout, w, error);
	gpal_layout_free(layout);
	return code;
}

int gpald_serve_layout_allocate(const struct gpald_context *context, const void *params,
				struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpal_alloc_input *input = params;
	struct gpal_error core;
	struct gpal_map *map;

	if (!context->may_take_long &&
	    input->reserved_count + input->fixed_count + input->mmio32_count + input->ram_count +
			    input->mmio64_count + input->post_mmio_count >
		    DEMANDS_IN_TURN_MAX)
		return GPALD_TAKES_LONG;
	if (gpal_allocate(input, &map, &core)) {
		gpald_refuse_core(error, &core, "");
		return -1;
	}
	gpald_write_object(w, NULL);
	gpald_encode_map(w, "map", map);
	gpald_write_object_end(w);
	gpal_map_free(map);
	return 0;
}

int gpald_serve_policy_list(const struct gpald_context *context, const void *params,
			    struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpal_policy *policies;
	size_t count;

	(void)params, (void)error;
	policies = gpal_policies(&count);
	gpald_write_object(w, NULL);
	gpald_write_text(w, "default", context->service->default_policy->name);
	gpald_write_array(w, "policies");
	for (size_t i = 0; i < count; i++)
		gpald_encode_policy(w, NULL, &policies[i]);
	gpald_write_array_end(w);
	gpald_write_object_end(w);
	return 0;
}
