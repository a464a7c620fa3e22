/* SPDX-License-Identifier: MIT */
/* The tables of the params, which have a row for each member. */
#include "config.h"

#include "wire/params_decode.h"

#include "wire/layout_decode.h"
#include "wire/request_decode.h"

static const struct gpald_integer_range counters = { 0, GPALD_EXACT_MAX };

static const struct gpald_member create_rows[] = {
	GPALD_ROW(struct gpald_create_params, name, gpald_decode_plain_name, .required = true),
	GPALD_ROW(struct gpald_create_params, request, gpald_decode_request, .required = true),
	GPALD_ROW(struct gpald_create_params, refuse, gpald_decode_refused_warnings),
};

const struct gpald_params gpald_create_params_table = {
	GPALD_PARAMS(create_rows, struct gpald_create_params),
	.leaves_policy_open = true,
};

static const struct gpald_member update_rows[] = {
	GPALD_ROW(struct gpald_update_params, name, gpald_decode_plain_name, .required = true),
	GPALD_ROW(struct gpald_update_params, request, gpald_decode_request, .required = true),
	GPALD_ROW(struct gpald_update_params, refuse, gpald_decode_refused_warnings),
	GPALD_ROW(struct gpald_update_params, generation, gpald_decode_optional_integer,
		  .extra = &counters),
	GPALD_ROW(struct gpald_update_params, dry_run, gpald_decode_bool),
	GPALD_ROW(struct gpald_update_params, allow_moves, gpald_decode_bool),
	GPALD_ROW(struct gpald_update_params, allow_removals, gpald_decode_bool),
};

const struct gpald_params gpald_update_params_table = {
	GPALD_PARAMS(update_rows, struct gpald_update_params),
	.leaves_policy_open = true,
};

static const struct gpald_member name_rows[] = {
	GPALD_ROW(struct gpald_name_params, name, gpald_decode_plain_name, .required = true),
	GPALD_ROW(struct gpald_name_params, generation, gpald_decode_optional_integer,
		  .extra = &counters),
};

const struct gpald_params gpald_get_params_table = {
	.members = { name_rows, 1 },
	.size = sizeof(struct gpald_name_params),
};

const struct gpald_params gpald_history_params_table = {
	.members = { name_rows, 1 },
	.size = sizeof(struct gpald_name_params),
};

const struct gpald_params gpald_delete_params_table = {
	GPALD_PARAMS(name_rows, struct gpald_name_params),
};

/* Decodes `limit`, which must not be above the daemon's limit list_page. */
static int decode_page_limit(struct gpald_decoder *decoder, const cJSON *value, void *target,
			     const struct gpald_member *member)
{
	const struct gpald_integer_range range = { 1, decoder->context->list_page_max };
	const struct gpald_member bounded = { .name = member->name, .extra = &range };

	return gpald_decode_optional_integer(decoder, value, target, &bounded);
}

static const struct gpald_member list_rows[] = {
	GPALD_ROW(struct gpald_list_params, after, gpald_decode_plain_name),
	GPALD_ROW(struct gpald_list_params, limit, decode_page_limit),
};

const struct gpald_params gpald_list_params_table = {
	GPALD_PARAMS(list_rows, struct gpald_list_params),
};

/* Refuses params unless they have either a name or a request. A decoded request has a policy. */
static int check_name_or_request(const char *name, const struct gpal_request *request,
				 struct gpald_wire_error *error)
{
	if (!name && !request->policy) {
		gpald_refuse(error, GPALD_MISSING_MEMBER,
			     "missing member name or request; give one of them");
		return gpald_set_pointer(error, "/name");
	}
	if (name && request->policy) {
		gpald_refuse(error, GPALD_UNKNOWN_MEMBER, "give a name or a request, not both");
		return gpald_set_pointer(error, "/request");
	}
	return 0;
}

static const struct gpald_member probe_rows[] = {
	GPALD_ROW(struct gpald_probe_params, name, gpald_decode_plain_name),
	GPALD_ROW(struct gpald_probe_params, request, gpald_decode_request),
	GPALD_ROW(struct gpald_probe_params, address, gpald_decode_size, .required = true),
};

static int check_probe(const void *params, struct gpald_wire_error *error)
{
	const struct gpald_probe_params *probe = params;

	return check_name_or_request(probe->name, &probe->request, error);
}

const struct gpald_params gpald_probe_params_table = {
	GPALD_PARAMS(probe_rows, struct gpald_probe_params),
	.check = check_probe,
};

static const struct gpald_member explain_rows[] = {
	GPALD_ROW(struct gpald_explain_params, name, gpald_decode_plain_name),
	GPALD_ROW(struct gpald_explain_params, request, gpald_decode_request),
	GPALD_ROW(struct gpald_explain_params, tag, gpald_decode_tag),
};

static int check_explain(const void *params, struct gpald_wire_error *error)
{
	const struct gpald_explain_params *explain = params;

	return check_name_or_request(explain->name, &explain->request, error);
}

const struct gpald_params gpald_explain_params_table = {
	GPALD_PARAMS(explain_rows, struct gpald_explain_params),
	.check = check_explain,
};

const struct gpald_params gpald_advise_params_table = {
	GPALD_PARAMS(explain_rows, struct gpald_explain_params),
	.check = check_explain,
};

static const struct gpald_member side_rows[] = {
	GPALD_ROW(struct gpald_side, name, gpald_decode_plain_name),
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
				    "give one of name, request and layout%s",
				    given ? ", not several" : "");
}

static const struct gpald_member compare_rows[] = {
	GPALD_ROW(struct gpald_compare_params, from, decode_side, .required = true),
	GPALD_ROW(struct gpald_compare_params, to, decode_side, .required = true),
};

const struct gpald_params gpald_compare_params_table = {
	GPALD_PARAMS(compare_rows, struct gpald_compare_params),
};

static const struct gpald_member subscribe_rows[] = {
	GPALD_ROW(struct gpald_subscribe_params, since, gpald_decode_optional_integer,
		  .extra = &counters),
};

const struct gpald_params gpald_subscribe_params_table = {
	GPALD_PARAMS(subscribe_rows, struct gpald_subscribe_params),
};

static const struct gpald_integer_range wait_ms = { 0, GPALD_WAIT_MS_MAX };

static const struct gpald_member wait_rows[] = {
	GPALD_ROW(struct gpald_wait_params, since, gpald_decode_optional_integer,
		  .extra = &counters),
	GPALD_ROW(struct gpald_wait_params, timeout_ms, gpald_decode_optional_integer,
		  .extra = &wait_ms),
};

const struct gpald_params gpald_wait_params_table = {
	GPALD_PARAMS(wait_rows, struct gpald_wait_params),
};

static const struct gpald_member backup_rows[] = {
	GPALD_ROW(struct gpald_backup_params, after, gpald_decode_plain_name),
	GPALD_ROW(struct gpald_backup_params, revision, gpald_decode_optional_integer,
		  .extra = &counters),
};

static int check_backup(const void *params, struct gpald_wire_error *error)
{
	const struct gpald_backup_params *backup = params;
	const bool lacks_revision = backup->after;

	if (!backup->after == !backup->revision.set)
		return 0;
	gpald_refuse(
		error, GPALD_MISSING_MEMBER,
		"missing member %s; to get the next page, copy next and revision of the previous "
		"page to after and revision",
		lacks_revision ? "revision" : "after");
	return gpald_set_pointer(error, lacks_revision ? "/revision" : "/after");
}

const struct gpald_params gpald_backup_params_table = {
	GPALD_PARAMS(backup_rows, struct gpald_backup_params),
	.check = check_backup,
};

const char *gpald_stats_format_name(int format)
{
	static const char *const names[GPALD_STATS_FORMAT_COUNT] = {
		[GPALD_STATS_OPENMETRICS] = "openmetrics",
		[GPALD_STATS_PROMETHEUS] = "prometheus",
	};

	return names[format];
}

static const struct gpald_enum formats = { gpald_stats_format_name, GPALD_STATS_FORMAT_COUNT };

static const struct gpald_member stats_rows[] = {
	GPALD_ROW(struct gpald_stats_params, format, gpald_decode_enum, .extra = &formats),
};

const struct gpald_params gpald_stats_params_table = {
	GPALD_PARAMS(stats_rows, struct gpald_stats_params),
};
