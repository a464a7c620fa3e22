/* SPDX-License-Identifier: MIT */
/*
 * The tables of results, which have a row for each member. Members without a row, such as those of
 * newer daemons, are ignored. Some results are a struct that points to another one. Then a struct
 * in this file has room for both, and `finish` sets the pointer.
 */
#include "config.h"

#include "wire/results.h"

#include "wire/layout_decode.h"
#include "wire/request_decode.h"

#include <nettle/base64.h>
#include <stdio.h>
#include <string.h>

#define ROW(type, key, member, decoder, ...)                                                      \
	{                                                                                         \
		.name = (key), .decode = (decoder), .offset = offsetof(type, member), __VA_ARGS__ \
	}
#define REQUIRED(type, key, member, decoder, ...) \
	ROW(type, key, member, decoder, .required = true, __VA_ARGS__)

/* A list of objects in `owner`, whose member `count` is their number. */
#define OBJECTS(owner, count, element_type, members)                               \
	{                                                                          \
		.element = { .decode = gpald_decode_object, .extra = &(members) }, \
		.element_size = sizeof(element_type), .greatest = GPALD_LIST_MAX,  \
		.count_offset = offsetof(owner, count)                             \
	}

#define BOUNDS(type, member)                                      \
	REQUIRED(type, "start", member.start, gpald_decode_size), \
		REQUIRED(type, "end", member.end, gpald_decode_size)

static const char *result_kind_name(int kind)
{
	return gpal_kind_name((enum gpal_kind)kind);
}
static const struct gpald_enum kinds = { result_kind_name, GPAL_KIND_COUNT };

static const struct gpald_integer_range uids = { 0, UINT32_MAX };
static const struct gpald_integer_range numbers = { 0, UINT32_MAX };

int gpald_decode_result(const struct gpald_result *result, const cJSON *value, void *object,
			struct gpald_arena *arena, struct gpald_wire_error *error)
{
	if (gpald_decode_reply(&result->members, value, object, arena, error))
		return -1;
	return result->finish ? result->finish(object, error) : 0;
}

/* Layouts. */

static const struct gpald_member layout_rows[] = {
	{ .name = "layout", .decode = gpald_decode_layout, .required = true },
};
const struct gpald_result gpald_layout_result = {
	.size = sizeof(struct gpal_layout),
	.members = GPALD_MEMBERS(layout_rows),
};

static const struct gpald_member growth_rows[] = {
	REQUIRED(struct gpal_growth, "tag", tag, gpald_decode_text),
	REQUIRED(struct gpal_growth, "size", size, gpald_decode_size),
	ROW(struct gpal_growth, "in_place", in_place, gpald_decode_size),
	ROW(struct gpal_growth, "pin", pin, gpald_decode_range),
	ROW(struct gpal_growth, "resolved", resolved, gpald_decode_size),
	ROW(struct gpal_growth, "largest_bar", largest_bar, gpald_decode_size),
	ROW(struct gpal_growth, "pin_largest_bar", pin_largest_bar, gpald_decode_size),
};
static const struct gpald_members growth_members = GPALD_MEMBERS(growth_rows);
static const struct gpald_list growths =
	OBJECTS(struct gpal_advice, count, struct gpal_growth, growth_members);
static const struct gpald_member advice_rows[] = {
	REQUIRED(struct gpal_advice, "advice", growths, gpald_decode_list, .extra = &growths),
	ROW(struct gpal_advice, "advice_cut", cut, gpald_decode_bool),
	ROW(struct gpal_advice, "resolves", resolves, gpald_decode_bool),
};
const struct gpald_result gpald_advice_result = {
	.size = sizeof(struct gpal_advice),
	.members = GPALD_MEMBERS(advice_rows),
};

/* layout.resolve gives no `resolves`, because it gives advice only on a request that resolves. */
static int finish_resolved_advice(void *result, struct gpald_wire_error *error)
{
	struct gpal_advice *advice = result;

	(void)error;
	advice->resolves = true;
	return 0;
}

const struct gpald_result gpald_resolved_advice_result = {
	.size = sizeof(struct gpal_advice),
	.members = GPALD_MEMBERS(advice_rows),
	.finish = finish_resolved_advice,
};

static const struct gpald_member entry_rows[] = {
	REQUIRED(struct gpal_map_entry, "tag", tag, gpald_decode_text),
	REQUIRED(struct gpal_map_entry, "kind", kind, gpald_decode_enum, .extra = &kinds),
	BOUNDS(struct gpal_map_entry, range),
};
static const struct gpald_members entry_members = GPALD_MEMBERS(entry_rows);
static const struct gpald_list entries =
	OBJECTS(struct gpal_map, count, struct gpal_map_entry, entry_members);
static const struct gpald_member map_rows[] = {
	REQUIRED(struct gpal_map, "map", entries, gpald_decode_list, .extra = &entries),
};
const struct gpald_result gpald_map_result = {
	.size = sizeof(struct gpal_map),
	.members = GPALD_MEMBERS(map_rows),
};

/* Live layouts. */

struct live {
	struct gpal_client_live live; /* first */
	struct gpal_layout layout;
	struct gpal_request request;
};

static int finish_live(void *result, struct gpald_wire_error *error)
{
	struct live *live = result;

	(void)error;
	live->live.layout = &live->layout;
	return 0;
}

static int finish_full_live(void *result, struct gpald_wire_error *error)
{
	struct live *live = result;

	live->live.request = &live->request;
	return finish_live(result, error);
}

#define LIVE_ROWS                                                                         \
	REQUIRED(struct live, "name", live.name, gpald_decode_text),                      \
		REQUIRED(struct live, "generation", live.generation, gpald_decode_count), \
		REQUIRED(struct live, "layout", layout, gpald_decode_layout)

static const struct gpald_member live_rows[] = {
	LIVE_ROWS,
	REQUIRED(struct live, "created", live.created, gpald_decode_bool),
};
const struct gpald_result gpald_live_result = {
	.size = sizeof(struct live),
	.members = GPALD_MEMBERS(live_rows),
	.finish = finish_live,
};

static const struct gpald_member full_live_rows[] = {
	LIVE_ROWS,
	REQUIRED(struct live, "owner_uid", live.owner_uid, gpald_decode_u32, .extra = &uids),
	REQUIRED(struct live, "created_at", live.created_at, gpald_decode_text),
	REQUIRED(struct live, "updated_at", live.updated_at, gpald_decode_text),
	REQUIRED(struct live, "request", request, gpald_decode_request),
};
const struct gpald_result gpald_full_live_result = {
	.size = sizeof(struct live),
	.members = GPALD_MEMBERS(full_live_rows),
	.finish = finish_full_live,
};

static const struct gpald_member deleted_rows[] = {
	REQUIRED(struct gpald_deleted, "name", name, gpald_decode_text),
	REQUIRED(struct gpald_deleted, "generation", generation, gpald_decode_count),
};
const struct gpald_result gpald_deleted_result = {
	.size = sizeof(struct gpald_deleted),
	.members = GPALD_MEMBERS(deleted_rows),
};

/* Changes. */

static const char *change_name(int kind)
{
	return gpal_change_name((enum gpal_change_kind)kind);
}
static const struct gpald_enum change_kinds = { change_name, GPAL_CHANGE_COUNT };

static const struct gpald_member change_rows[] = {
	REQUIRED(struct gpal_change, "change", kind, gpald_decode_enum, .extra = &change_kinds),
	REQUIRED(struct gpal_change, "tag", tag, gpald_decode_text),
	ROW(struct gpal_change, "from", from, gpald_decode_range),
	ROW(struct gpal_change, "to", to, gpald_decode_range),
};
static const struct gpald_members change_members = GPALD_MEMBERS(change_rows);

static const struct gpald_list changes =
	OBJECTS(struct gpal_changes, count, struct gpal_change, change_members);
static const struct gpald_member changes_rows[] = {
	REQUIRED(struct gpal_changes, "changes", changes, gpald_decode_list, .extra = &changes),
	REQUIRED(struct gpal_changes, "compatible", compatible, gpald_decode_bool),
};
const struct gpald_result gpald_changes_result = {
	.size = sizeof(struct gpal_changes),
	.members = GPALD_MEMBERS(changes_rows),
};

struct update {
	struct gpal_client_update update; /* first */
	struct gpal_layout layout;
	struct gpal_changes changes;
};

static int finish_refused_update(void *result, struct gpald_wire_error *error)
{
	struct update *update = result;

	(void)error;
	update->update.changes = &update->changes;
	return 0;
}

static int finish_update(void *result, struct gpald_wire_error *error)
{
	struct update *update = result;

	update->update.layout = &update->layout;
	return finish_refused_update(result, error);
}

static const struct gpald_list update_changes =
	OBJECTS(struct update, changes.count, struct gpal_change, change_members);

#define UPDATE_CHANGES                                                         \
	REQUIRED(struct update, "changes", changes.changes, gpald_decode_list, \
		 .extra = &update_changes)

static const struct gpald_member update_rows[] = {
	REQUIRED(struct update, "name", update.name, gpald_decode_text),
	REQUIRED(struct update, "generation", update.generation, gpald_decode_count),
	REQUIRED(struct update, "layout", layout, gpald_decode_layout),
	UPDATE_CHANGES,
};
const struct gpald_result gpald_update_result = {
	.size = sizeof(struct update),
	.members = GPALD_MEMBERS(update_rows),
	.finish = finish_update,
};

static const struct gpald_member refused_update_rows[] = { UPDATE_CHANGES };
const struct gpald_result gpald_refused_update_result = {
	.size = sizeof(struct update),
	.members = GPALD_MEMBERS(refused_update_rows),
	.finish = finish_refused_update,
};

/* Lists. */

/*
 * An unknown architecture becomes GPAL_ARCH_COUNT, so that the other layouts can still be listed.
 */
static int decode_arch(struct gpald_decoder *decoder, const cJSON *value, void *target,
		       const struct gpald_member *member)
{
	enum gpal_arch *arch = target;
	const char *text = "";
	int row = 0;

	if (gpald_decode_text(decoder, value, &text, member))
		return -1;
	while (row < GPAL_ARCH_COUNT && strcmp(gpal_arch_name((enum gpal_arch)row), text) != 0)
		row++;
	*arch = (enum gpal_arch)row;
	return 0;
}

#define ENTRY(key, decoder, ...) \
	REQUIRED(struct gpal_client_entry, #key, key, gpald_decode_##decoder, __VA_ARGS__)

static const struct gpald_member listed_rows[] = {
	ENTRY(name, text),
	ENTRY(generation, count),
	REQUIRED(struct gpal_client_entry, "arch", arch, decode_arch),
	REQUIRED(struct gpal_client_entry, "policy", policy_name, gpald_decode_text),
	ENTRY(ram_size, size),
	ENTRY(top, size),
	ENTRY(digest, text),
	ENTRY(owner_uid, u32, .extra = &uids),
	ENTRY(created_at, text),
};
static const struct gpald_members listed_members = GPALD_MEMBERS(listed_rows);
static const struct gpald_list listed =
	OBJECTS(struct gpal_client_page, count, struct gpal_client_entry, listed_members);
static const struct gpald_member page_rows[] = {
	REQUIRED(struct gpal_client_page, "revision", revision, gpald_decode_count),
	REQUIRED(struct gpal_client_page, "layouts", entries, gpald_decode_list, .extra = &listed),
	ROW(struct gpal_client_page, "next", next, gpald_decode_text),
};
const struct gpald_result gpald_page_result = {
	.size = sizeof(struct gpal_client_page),
	.members = GPALD_MEMBERS(page_rows),
};

static int decode_backup_data(struct gpald_decoder *decoder, const cJSON *value, void *target,
			      const struct gpald_member *member)
{
	struct gpal_client_backup_page *page = target;
	struct base64_decode_ctx base64;
	const char *text;
	uint8_t *data;
	size_t length;

	if (gpald_decode_text(decoder, value, &text, member))
		return -1;
	length = strlen(text);
	data = gpald_arena_alloc(decoder->arena, BASE64_DECODE_LENGTH(length), 1);
	if (!data)
		return gpald_refuse(decoder->error, GPALD_REASON_OF(GPAL_E_NO_MEMORY),
				    "out of memory");
	base64_decode_init(&base64);
	if (!base64_decode_update(&base64, &page->length, data, length, text) ||
	    !base64_decode_final(&base64))
		return gpald_decoder_refuse(decoder, GPALD_WRONG_TYPE, "expected base64 text");
	page->data = data;
	return 0;
}

static const struct gpald_member backup_page_rows[] = {
	REQUIRED(struct gpal_client_backup_page, "revision", revision, gpald_decode_count),
	/* This fills two members of the struct. */
	{ .name = "data", .decode = decode_backup_data, .required = true },
	ROW(struct gpal_client_backup_page, "next", next, gpald_decode_text),
	ROW(struct gpal_client_backup_page, "layouts", layouts, gpald_decode_count),
};
const struct gpald_result gpald_backup_page_result = {
	.size = sizeof(struct gpal_client_backup_page),
	.members = GPALD_MEMBERS(backup_page_rows),
};

/* Queries. */

struct probe {
	struct gpal_probe probe; /* first */
	const char *tag;         /* NULL: nothing is at the address */
	struct gpal_range free;
};

static int decode_probed_node(struct gpald_decoder *decoder, const cJSON *value, void *target,
			      const struct gpald_member *member)
{
	struct gpal_probe *probe = target;

	probe->has_node = true;
	return gpald_decode_u32(decoder, value, &probe->node, member);
}

static int decode_probed_slot(struct gpald_decoder *decoder, const cJSON *value, void *target,
			      const struct gpald_member *member)
{
	struct gpal_probe *probe = target;

	probe->has_slot = true;
	return gpald_decode_u32(decoder, value, &probe->slot, member);
}

static const struct gpald_member probed_rows[] = {
	REQUIRED(struct probe, "tag", tag, gpald_decode_text),
	REQUIRED(struct probe, "kind", probe.kind, gpald_decode_enum, .extra = &kinds),
	BOUNDS(struct probe, probe.range),
	REQUIRED(struct probe, "offset", probe.offset, gpald_decode_size),
	ROW(struct probe, "root_complex", probe.root_complex, gpald_decode_text),
	/* These fill two members of the struct. */
	{ .name = "node", .decode = decode_probed_node, .extra = &numbers },
	{ .name = "slot", .decode = decode_probed_slot, .extra = &numbers },
};
static const struct gpald_members probed_members = GPALD_MEMBERS(probed_rows);

static int finish_probe(void *result, struct gpald_wire_error *error)
{
	struct probe *probe = result;

	if (!probe->tag && gpal_range_is_empty(probe->free))
		return gpald_refuse(error, GPALD_MISSING_MEMBER, "missing member range");
	probe->probe.is_free = !probe->tag;
	if (probe->probe.is_free)
		probe->probe.range = probe->free;
	else
		snprintf(probe->probe.tag, sizeof(probe->probe.tag), "%s", probe->tag);
	return 0;
}

static const struct gpald_member probe_rows[] = {
	/* Its members are flat in the struct. */
	{ .name = "range", .decode = gpald_decode_object, .extra = &probed_members },
	ROW(struct probe, "free", free, gpald_decode_range),
};
const struct gpald_result gpald_probe_result = {
	.size = sizeof(struct probe),
	.members = GPALD_MEMBERS(probe_rows),
	.finish = finish_probe,
};

static const char *pass_token(int why)
{
	return gpal_pass_token((enum gpal_pass)why);
}
static const struct gpald_enum passes = { pass_token, GPAL_PASS_COUNT };

static const struct gpald_member passed_rows[] = {
	BOUNDS(struct gpal_passed, free),
	REQUIRED(struct gpal_passed, "why", why, gpald_decode_enum, .extra = &passes),
	ROW(struct gpal_passed, "missing", missing, gpald_decode_size),
};
static const struct gpald_members passed_members = GPALD_MEMBERS(passed_rows);
static const struct gpald_list passed =
	OBJECTS(struct gpal_step, passed_count, struct gpal_passed, passed_members);

static const struct gpald_member chosen_rows[] = {
	BOUNDS(struct gpal_chosen, range),
	ROW(struct gpal_chosen, "free", free, gpald_decode_range),
	ROW(struct gpal_chosen, "lost_to_alignment", lost, gpald_decode_size),
};
static const struct gpald_members chosen_members = GPALD_MEMBERS(chosen_rows);
static const struct gpald_list chosen =
	OBJECTS(struct gpal_step, chosen_count, struct gpal_chosen, chosen_members);

/* An unknown rule becomes GPAL_RULE_COUNT. */
static int decode_rule(struct gpald_decoder *decoder, const cJSON *value, void *target,
		       const struct gpald_member *member)
{
	enum gpal_rule *rule = target;
	const char *text = "";
	int row = 0;

	if (gpald_decode_text(decoder, value, &text, member))
		return -1;
	while (row < GPAL_RULE_COUNT && strcmp(gpal_rule_text((enum gpal_rule)row), text) != 0)
		row++;
	*rule = (enum gpal_rule)row;
	return 0;
}

static const struct gpald_member step_rows[] = {
	REQUIRED(struct gpal_step, "tag", tag, gpald_decode_text),
	REQUIRED(struct gpal_step, "phase", phase, gpald_decode_enum, .extra = &kinds),
	REQUIRED(struct gpal_step, "rule", rule, decode_rule),
	REQUIRED(struct gpal_step, "size", size, gpald_decode_size),
	ROW(struct gpal_step, "alignment", alignment, gpald_decode_size),
	ROW(struct gpal_step, "floor", floor, gpald_decode_size),
	ROW(struct gpal_step, "ceiling", ceiling, gpald_decode_size),
	ROW(struct gpal_step, "passed_over", passed, gpald_decode_list, .extra = &passed),
	ROW(struct gpal_step, "passed_over_cut", passed_cut, gpald_decode_bool),
	REQUIRED(struct gpal_step, "chosen", chosen, gpald_decode_list, .extra = &chosen),
};
static const struct gpald_members step_members = GPALD_MEMBERS(step_rows);

static int decode_step(struct gpald_decoder *decoder, const cJSON *value, void *target,
		       const struct gpald_member *member)
{
	struct gpal_step *step = target;

	(void)member;
	step->ceiling = GPAL_SPACE_END;
	return gpald_decode_members(decoder, value, step, &step_members);
}

static const struct gpald_list steps = {
	.element = { .decode = decode_step },
	.element_size = sizeof(struct gpal_step),
	.greatest = GPALD_LIST_MAX,
	.count_offset = offsetof(struct gpal_explanation, count),
};
static const struct gpald_member explanation_rows[] = {
	REQUIRED(struct gpal_explanation, "ranges", steps, gpald_decode_list, .extra = &steps),
};
const struct gpald_result gpald_explanation_result = {
	.size = sizeof(struct gpal_explanation),
	.members = GPALD_MEMBERS(explanation_rows),
};

/* The daemon. */

static int decode_policy_result(struct gpald_decoder *decoder, const cJSON *value, void *target,
				const struct gpald_member *member)
{
	static const struct gpald_member rows[] = {
		REQUIRED(struct gpal_client_policy, "name", name, gpald_decode_text),
		REQUIRED(struct gpal_client_policy, "summary", summary, gpald_decode_text),
	};
	static const struct gpald_members members = GPALD_MEMBERS(rows);
	struct gpal_client_policy *policy = target;

	(void)member;
	if (gpald_decode_members(decoder, value, policy, &members))
		return -1;
	policy->policy = gpal_policy_find(policy->name);
	return 0;
}

static const struct gpald_list policy_list = {
	.element = { .decode = decode_policy_result },
	.element_size = sizeof(struct gpal_client_policy),
	.greatest = GPALD_LIST_MAX,
	.count_offset = offsetof(struct gpal_client_policies, count),
};
static const struct gpald_member policies_rows[] = {
	REQUIRED(struct gpal_client_policies, "default", default_name, gpald_decode_text),
	REQUIRED(struct gpal_client_policies, "policies", policies, gpald_decode_list,
		 .extra = &policy_list),
};
const struct gpald_result gpald_policies_result = {
	.size = sizeof(struct gpal_client_policies),
	.members = GPALD_MEMBERS(policies_rows),
};

/* A list made of the members of an object. The key of each is the name of its element. */
struct by_name {
	struct gpald_member element;
	size_t element_size; /* of a struct that begins with the name */
	size_t count_offset; /* of the count, from the pointer to the list */
};

static int decode_by_name(struct gpald_decoder *decoder, const cJSON *value, void *target,
			  const struct gpald_member *member)
{
	const struct by_name *list = member->extra;
	const cJSON *element;
	size_t count = 0;
	char *items;

	if (!cJSON_IsObject(value))
		return gpald_decoder_refuse_type(decoder, value, "an object");
	cJSON_ArrayForEach(element, value) count++;
	items = gpald_arena_zalloc(decoder->arena, count, list->element_size);
	if (!items)
		return gpald_refuse(decoder->error, GPALD_REASON_OF(GPAL_E_NO_MEMORY),
				    "out of memory");
	*(void **)target = items;
	*(size_t *)(void *)((char *)target + list->count_offset) = count;
	cJSON_ArrayForEach(element, value)
	{
		*(const char **)(void *)items = element->string;
		if (list->element.decode(decoder, element, items + list->element.offset,
					 &list->element))
			return -1;
		items += list->element_size;
	}
	return 0;
}

#define BY_NAME(owner, list, count, element_type, ...)                            \
	{                                                                         \
		.element = { __VA_ARGS__ }, .element_size = sizeof(element_type), \
		.count_offset = offsetof(owner, count) - offsetof(owner, list)    \
	}

static const struct by_name limit_list =
	BY_NAME(struct gpal_client_info, limits, limit_count, struct gpal_client_limit,
		.decode = gpald_decode_count, .offset = offsetof(struct gpal_client_limit, value));

static const struct gpald_member socket_rows[] = {
	ROW(struct gpal_client_info, "control", control_socket, gpald_decode_text),
	ROW(struct gpal_client_info, "inspect", inspect_socket, gpald_decode_text),
	ROW(struct gpal_client_info, "ttrpc", ttrpc_socket, gpald_decode_text),
};
static const struct gpald_members socket_members = GPALD_MEMBERS(socket_rows);

static const struct gpald_member info_rows[] = {
	REQUIRED(struct gpal_client_info, "version", version, gpald_decode_text),
	REQUIRED(struct gpal_client_info, "protocol", protocol, gpald_decode_text),
	REQUIRED(struct gpal_client_info, "default_policy", default_policy_name, gpald_decode_text),
	/* Its members are flat in the struct, as are those of groups below. */
	{ .name = "sockets",
	  .decode = gpald_decode_object,
	  .required = true,
	  .extra = &socket_members },
	REQUIRED(struct gpal_client_info, "limits", limits, decode_by_name, .extra = &limit_list),
};
const struct gpald_result gpald_info_result = {
	.size = sizeof(struct gpal_client_info),
	.members = GPALD_MEMBERS(info_rows),
};

#define STATS(key, member) REQUIRED(struct gpal_client_stats, key, member, gpald_decode_count)
#define GROUP(key, members)                                                     \
	{                                                                       \
		.name = (key), .decode = gpald_decode_object, .required = true, \
		.extra = &(members)                                             \
	}

static const struct gpald_member connection_rows[] = {
	STATS("open", connections_open),
	STATS("accepted", connections_accepted),
	STATS("turned_away", connections_turned_away),
	STATS("subscribers", subscribers),
};
static const struct gpald_members connection_members = GPALD_MEMBERS(connection_rows);

static const struct gpald_member user_rows[] = {
	REQUIRED(struct gpal_client_user_stats, "uid", uid, gpald_decode_u32, .extra = &uids),
	REQUIRED(struct gpal_client_user_stats, "connections", connections, gpald_decode_count),
	REQUIRED(struct gpal_client_user_stats, "served_us", served_us, gpald_decode_count),
};
static const struct gpald_members user_members = GPALD_MEMBERS(user_rows);
static const struct gpald_list users =
	OBJECTS(struct gpal_client_stats, user_count, struct gpal_client_user_stats, user_members);

static const struct gpald_member method_rows[] = {
	REQUIRED(struct gpal_client_method_stats, "answered", answered, gpald_decode_count),
	REQUIRED(struct gpal_client_method_stats, "refused", refused, gpald_decode_count),
};
static const struct gpald_members method_members = GPALD_MEMBERS(method_rows);
static const struct by_name methods =
	BY_NAME(struct gpal_client_stats, methods, method_count, struct gpal_client_method_stats,
		.decode = gpald_decode_object, .extra = &method_members);

static const struct gpald_member registry_rows[] = {
	STATS("layouts", layouts),
	STATS("revision", revision),
	STATS("oldest_since", oldest_since),
};
static const struct gpald_members registry_members = GPALD_MEMBERS(registry_rows);

static const struct gpald_member store_rows[] = {
	REQUIRED(struct gpal_client_stats, "kind", store_kind, gpald_decode_text),
	ROW(struct gpal_client_stats, "path", store_path, gpald_decode_text),
	STATS("commits", store_commits),
	STATS("changes", store_changes),
	STATS("full", store_full),
};
static const struct gpald_members store_members = GPALD_MEMBERS(store_rows);

static const struct gpald_member stats_rows[] = {
	REQUIRED(struct gpal_client_stats, "started_at", started_at, gpald_decode_text),
	STATS("uptime_ms", uptime_ms),
	GROUP("connections", connection_members),
	REQUIRED(struct gpal_client_stats, "users", users, gpald_decode_list, .extra = &users),
	REQUIRED(struct gpal_client_stats, "requests", methods, decode_by_name, .extra = &methods),
	GROUP("registry", registry_members),
	GROUP("store", store_members),
};
const struct gpald_result gpald_stats_result = {
	.size = sizeof(struct gpal_client_stats),
	.members = GPALD_MEMBERS(stats_rows),
};

/* Events. */

static const struct gpald_member revision_rows[] = {
	{ .name = "revision", .decode = gpald_decode_count, .required = true },
};
const struct gpald_result gpald_revision_result = {
	.size = sizeof(uint64_t),
	.members = GPALD_MEMBERS(revision_rows),
};

struct event {
	struct gpal_client_event event; /* first */
	const char *kind, *name, *digest, *at;
	struct gpal_optional follows;
};

static int finish_event(void *result, struct gpald_wire_error *error)
{
	static const char *const names[] = { "created", "updated", "deleted" };
	struct event *event = result;
	int kind = GPAL_EVENT_CREATED;

	(void)error;
	while (kind <= GPAL_EVENT_DELETED && strcmp(names[kind], event->kind) != 0)
		kind++;
	event->event.kind = kind <= GPAL_EVENT_DELETED ? (enum gpal_event_kind)kind :
							 GPAL_EVENT_UNKNOWN;
	event->event.follows = event->follows.set ? event->follows.value :
						    event->event.revision - 1;
	snprintf(event->event.kind_name, sizeof(event->event.kind_name), "%s", event->kind);
	snprintf(event->event.name, sizeof(event->event.name), "%s", event->name);
	snprintf(event->event.digest, sizeof(event->event.digest), "%s",
		 event->digest ? event->digest : "");
	snprintf(event->event.at, sizeof(event->event.at), "%s", event->at ? event->at : "");
	return 0;
}

static const struct gpald_integer_range revisions = { 0, GPALD_EXACT_MAX };

static const struct gpald_member event_rows[] = {
	REQUIRED(struct event, "revision", event.revision, gpald_decode_count),
	ROW(struct event, "follows", follows, gpald_decode_optional_integer, .extra = &revisions),
	REQUIRED(struct event, "event", kind, gpald_decode_text),
	REQUIRED(struct event, "name", name, gpald_decode_text),
	ROW(struct event, "digest", digest, gpald_decode_text),
	ROW(struct event, "generation", event.generation, gpald_decode_count),
	ROW(struct event, "at", at, gpald_decode_text),
	ROW(struct event, "uid", event.uid, gpald_decode_optional_integer, .extra = &uids),
};
static const struct gpald_members event_members = GPALD_MEMBERS(event_rows);

const struct gpald_result gpald_event_result = {
	.size = sizeof(struct event),
	.members = GPALD_MEMBERS(event_rows),
	.finish = finish_event,
};

static int decode_event(struct gpald_decoder *decoder, const cJSON *value, void *target,
			const struct gpald_member *member)
{
	struct event event = { .kind = NULL };

	(void)member;
	if (gpald_decode_members(decoder, value, &event, &event_members) ||
	    finish_event(&event, NULL))
		return -1;
	*(struct gpal_client_event *)target = event.event;
	return 0;
}

static const struct gpald_list history_events = {
	.element = { .decode = decode_event },
	.element_size = sizeof(struct gpal_client_event),
	.greatest = GPALD_LIST_MAX,
	.count_offset = offsetof(struct gpal_client_history, count),
};
static const struct gpald_member history_rows[] = {
	REQUIRED(struct gpal_client_history, "name", name, gpald_decode_text),
	REQUIRED(struct gpal_client_history, "revision", revision, gpald_decode_count),
	REQUIRED(struct gpal_client_history, "oldest_since", oldest_since, gpald_decode_count),
	REQUIRED(struct gpal_client_history, "events", events, gpald_decode_list,
		 .extra = &history_events),
};
const struct gpald_result gpald_history_result = {
	.size = sizeof(struct gpal_client_history),
	.members = GPALD_MEMBERS(history_rows),
};
