/* SPDX-License-Identifier: MIT */
/* The tables: a row a member. */
#include "config.h"

#include "wire/registry_decode.h"

#include "wire/layout_decode.h"
#include "wire/request_decode.h"

static const struct gpald_integer_range counters = { 0, GPALD_EXACT_MAX };

static const struct gpald_member create_rows[] = {
	GPALD_ROW(struct gpald_create_params, name, gpald_decode_name, .required = true),
	GPALD_ROW(struct gpald_create_params, request, gpald_decode_request, .required = true),
};
static const struct gpald_members create_members = GPALD_MEMBERS(create_rows);

int gpald_decode_create_params(const cJSON *params, struct gpald_pool *pool,
			       struct gpald_create_params *create, struct gpald_wire_error *error)
{
	const struct gpald_request_context context = { NULL };

	return gpald_decode_params(params, &create_members, create, pool, &context, error);
}

static const struct gpald_member update_rows[] = {
	GPALD_ROW(struct gpald_update_params, name, gpald_decode_name, .required = true),
	GPALD_ROW(struct gpald_update_params, request, gpald_decode_request, .required = true),
	GPALD_ROW(struct gpald_update_params, generation, gpald_decode_optional_integer,
		  .extra = &counters),
	GPALD_ROW(struct gpald_update_params, dry_run, gpald_decode_bool),
	GPALD_ROW(struct gpald_update_params, allow_moves, gpald_decode_bool),
	GPALD_ROW(struct gpald_update_params, allow_removals, gpald_decode_bool),
};
static const struct gpald_members update_members = GPALD_MEMBERS(update_rows);

int gpald_decode_update_params(const cJSON *params, struct gpald_pool *pool,
			       struct gpald_update_params *update, struct gpald_wire_error *error)
{
	const struct gpald_request_context context = { NULL };

	*update = (struct gpald_update_params){ 0 };
	return gpald_decode_params(params, &update_members, update, pool, &context, error);
}

static const struct gpald_member name_rows[] = {
	GPALD_ROW(struct gpald_name_params, name, gpald_decode_name, .required = true),
	GPALD_ROW(struct gpald_name_params, generation, gpald_decode_optional_integer,
		  .extra = &counters),
};
static const struct gpald_members get_members = { name_rows, 1 };
static const struct gpald_members delete_members = GPALD_MEMBERS(name_rows);

int gpald_decode_get_params(const cJSON *params, struct gpald_name_params *get,
			    struct gpald_wire_error *error)
{
	*get = (struct gpald_name_params){ 0 };
	return gpald_decode_params(params, &get_members, get, NULL, NULL, error);
}

int gpald_decode_delete_params(const cJSON *params, struct gpald_name_params *remove,
			       struct gpald_wire_error *error)
{
	*remove = (struct gpald_name_params){ 0 };
	return gpald_decode_params(params, &delete_members, remove, NULL, NULL, error);
}

int gpald_decode_list_params(const cJSON *params, uint64_t limit_max,
			     struct gpald_list_params *list, struct gpald_wire_error *error)
{
	const struct gpald_integer_range limits = { 1, limit_max };
	const struct gpald_member rows[] = {
		GPALD_ROW(struct gpald_list_params, after, gpald_decode_name),
		GPALD_ROW(struct gpald_list_params, limit, gpald_decode_optional_integer,
			  .extra = &limits),
	};
	const struct gpald_members members = GPALD_MEMBERS(rows);

	*list = (struct gpald_list_params){ 0 };
	return gpald_decode_params(params, &members, list, NULL, NULL, error);
}

static const struct gpald_member probe_rows[] = {
	GPALD_ROW(struct gpald_probe_params, name, gpald_decode_name),
	GPALD_ROW(struct gpald_probe_params, request, gpald_decode_request),
	GPALD_ROW(struct gpald_probe_params, address, gpald_decode_size, .required = true),
};
static const struct gpald_members probe_members = GPALD_MEMBERS(probe_rows);

/* Whether there is a name or a request, and not both; a request that was decoded has a policy. */
static int check_name_or_request(const char *name, const struct gpal_request *request,
				 struct gpald_wire_error *error)
{
	if (!name && !request->policy) {
		gpald_refuse(error, GPALD_MISSING_MEMBER,
			     "missing member name, or request: which layout is meant?");
		return gpald_point(error, "/name");
	}
	if (name && request->policy) {
		gpald_refuse(error, GPALD_UNKNOWN_MEMBER,
			     "there may be a name or a request, not both");
		return gpald_point(error, "/request");
	}
	return 0;
}

int gpald_decode_probe_params(const cJSON *params, const struct gpal_policy *default_policy,
			      struct gpald_pool *pool, struct gpald_probe_params *probe,
			      struct gpald_wire_error *error)
{
	const struct gpald_request_context context = { default_policy };

	*probe = (struct gpald_probe_params){ 0 };
	if (gpald_decode_params(params, &probe_members, probe, pool, &context, error))
		return -1;
	return check_name_or_request(probe->name, &probe->request, error);
}

static const struct gpald_member explain_rows[] = {
	GPALD_ROW(struct gpald_explain_params, name, gpald_decode_name),
	GPALD_ROW(struct gpald_explain_params, request, gpald_decode_request),
	GPALD_ROW(struct gpald_explain_params, tag, gpald_decode_tag),
};
static const struct gpald_members explain_members = GPALD_MEMBERS(explain_rows);

int gpald_decode_explain_params(const cJSON *params, const struct gpal_policy *default_policy,
				struct gpald_pool *pool, struct gpald_explain_params *explain,
				struct gpald_wire_error *error)
{
	const struct gpald_request_context context = { default_policy };

	*explain = (struct gpald_explain_params){ 0 };
	if (gpald_decode_params(params, &explain_members, explain, pool, &context, error))
		return -1;
	return check_name_or_request(explain->name, &explain->request, error);
}

static const struct gpald_member side_rows[] = {
	GPALD_ROW(struct gpald_side, name, gpald_decode_name),
	GPALD_ROW(struct gpald_side, request, gpald_decode_request),
	GPALD_ROW(struct gpald_side, layout, gpald_decode_layout),
};
static const struct gpald_members side_members = GPALD_MEMBERS(side_rows);

static int decode_side(struct gpald_decoder *decoder, const cJSON *value, void *target,
		       const struct gpald_member *member)
{
	struct gpald_side *side = target;
	int given;

	(void)member;
	if (gpald_decode_members(decoder, value, side, &side_members))
		return -1;
	given = (side->name != NULL) + (side->request.policy != NULL) +
		(side->layout.map.count > 0);
	if (given == 1)
		return 0;
	gpald_decoder_enter(decoder, !given                     ? "name" :
				     side->layout.map.count > 0 ? "layout" :
								  "request");
	return gpald_decoder_refuse(decoder, given ? GPALD_UNKNOWN_MEMBER : GPALD_MISSING_MEMBER,
				    "there has to be one of name, request and layout%s",
				    given ? ", not several" : "");
}

static const struct gpald_member compare_rows[] = {
	GPALD_ROW(struct gpald_compare_params, from, decode_side, .required = true),
	GPALD_ROW(struct gpald_compare_params, to, decode_side, .required = true),
};
static const struct gpald_members compare_members = GPALD_MEMBERS(compare_rows);

int gpald_decode_compare_params(const cJSON *params, const struct gpal_policy *default_policy,
				struct gpald_pool *pool, struct gpald_compare_params *compare,
				struct gpald_wire_error *error)
{
	const struct gpald_request_context context = { default_policy };

	*compare = (struct gpald_compare_params){ 0 };
	return gpald_decode_params(params, &compare_members, compare, pool, &context, error);
}

static const struct gpald_member subscribe_rows[] = {
	GPALD_ROW(struct gpald_subscribe_params, since, gpald_decode_optional_integer,
		  .extra = &counters),
};
static const struct gpald_members subscribe_members = GPALD_MEMBERS(subscribe_rows);

int gpald_decode_subscribe_params(const cJSON *params, struct gpald_subscribe_params *subscribe,
				  struct gpald_wire_error *error)
{
	*subscribe = (struct gpald_subscribe_params){ 0 };
	return gpald_decode_params(params, &subscribe_members, subscribe, NULL, NULL, error);
}
