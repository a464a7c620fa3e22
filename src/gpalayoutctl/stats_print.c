/* SPDX-License-Identifier: MIT */
/*
 * Statistics: a line for each number that stands alone, then a table of the users and
 * one of the methods.
 */
#include "config.h"

#include "stats_print.h"

#include "duration_text.h"
#include "histogram.h"
#include "json_tree.h"
#include "table.h"
#include "terminal_text.h"

#include <inttypes.h>
#include <string.h>

enum style {
	STYLE_TEXT,
	STYLE_OPTIONAL_TEXT,
	STYLE_COUNT,
	STYLE_AGE,
};

static const struct line {
	const char *group; /* "": the result itself */
	const char *member;
	const char *label;
	enum style style;
} lines[] = {
	{ "", "uptime_ms", "uptime", STYLE_AGE },
	{ "", "started_at", "started", STYLE_TEXT },
	{ "connections", "open", "connections open", STYLE_COUNT },
	{ "connections", "accepted", "accepted", STYLE_COUNT },
	{ "connections", "turned_away", "turned away", STYLE_COUNT },
	{ "connections", "subscribers", "subscribers", STYLE_COUNT },
	{ "registry", "layouts", "layouts", STYLE_COUNT },
	{ "registry", "revision", "revision", STYLE_COUNT },
	{ "registry", "oldest_since", "oldest since", STYLE_COUNT },
	{ "store", "kind", "store", STYLE_TEXT },
	{ "store", "path", "path", STYLE_OPTIONAL_TEXT },
	{ "store", "commits", "commits", STYLE_COUNT },
	{ "store", "changes", "changes", STYLE_COUNT },
	{ "store", "full", "refused as full", STYLE_COUNT },
};

static void start_line(struct ctl_buffer *out, const char *label)
{
	ctl_buffer_printf(out, "%-16s  ", label);
}

static void append_line(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *group,
			const struct line *line)
{
	if (line->style == STYLE_OPTIONAL_TEXT && !ctl_json_member(group, line->member))
		return;
	start_line(out, line->label);
	if (line->style == STYLE_COUNT)
		ctl_buffer_printf(out, "%" PRIu64, ctl_read_count(reader, group, line->member));
	else if (line->style == STYLE_AGE)
		ctl_age_append(out, ctl_read_count(reader, group, line->member));
	else
		ctl_puts_safe(out, ctl_read_text(reader, group, line->member));
	ctl_buffer_puts(out, "\n");
}

static void append_lines(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *result)
{
	const char *last = "";

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const cJSON *group = result;

		if (*lines[i].group)
			group = ctl_read_object(reader, result, lines[i].group);
		if (strcmp(lines[i].group, last) != 0)
			ctl_buffer_puts(out, "\n");
		last = lines[i].group;
		append_line(out, reader, group, &lines[i]);
	}
}

static void append_bound(struct ctl_buffer *out, const char *label, const char *bound,
			 uint64_t duration_us)
{
	start_line(out, label);
	ctl_buffer_puts(out, bound);
	ctl_duration_append(out, duration_us);
	ctl_buffer_puts(out, "\n");
}

/* What commits cost, as long as there were any. */
static void append_commits(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *store)
{
	uint64_t commits = ctl_read_count(reader, store, "commits");
	uint64_t changes = ctl_read_count(reader, store, "changes");
	struct ctl_latency latency = ctl_read_latency(reader, store, "latency");

	if (commits) {
		start_line(out, "changes a commit");
		ctl_buffer_printf(out, "%.2f\n", (double)changes / (double)commits);
	}
	if (latency.count) {
		append_bound(out, "commit p50", "<= ", latency.p50_us);
		append_bound(out, "commit p99", "<= ", latency.p99_us);
		append_bound(out, "commit max", "", latency.max_us);
	}
}

static void add_duration(struct ctl_table *table, const struct ctl_latency *latency,
			 uint64_t duration_us)
{
	ctl_cleanup_buffer struct ctl_buffer text = { 0 };

	if (latency->count)
		ctl_duration_append(&text, duration_us);
	ctl_table_add(table, "%s", ctl_buffer_text(&text));
}

static void append_users(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *users)
{
	ctl_cleanup_table struct ctl_table table = {
		.columns = { { "UID", true }, { "CONNECTIONS", true }, { "SERVED", true } },
	};
	const cJSON *user;

	cJSON_ArrayForEach(user, users)
	{
		ctl_cleanup_buffer struct ctl_buffer served = { 0 };

		ctl_duration_append(&served, ctl_read_count(reader, user, "served_us"));
		ctl_table_add(&table, "%" PRIu64, ctl_read_count(reader, user, "uid"));
		ctl_table_add(&table, "%" PRIu64, ctl_read_count(reader, user, "connections"));
		ctl_table_add(&table, "%s", ctl_buffer_text(&served));
	}
	if (!cJSON_GetArraySize(users))
		return;
	ctl_buffer_puts(out, "\n");
	ctl_table_append(out, &table);
}

static void append_methods(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *methods)
{
	ctl_cleanup_table struct ctl_table table = {
		.columns = { { "METHOD", false },
			     { "ANSWERED", true },
			     { "REFUSED", true },
			     { "P50 <=", true },
			     { "P99 <=", true },
			     { "MAX", true } },
	};
	const cJSON *method;

	cJSON_ArrayForEach(method, methods)
	{
		uint64_t answered = ctl_read_count(reader, method, "answered");
		uint64_t refused = ctl_read_count(reader, method, "refused");
		struct ctl_latency latency = ctl_read_latency(reader, method, "latency");

		if (!answered && !refused)
			continue;
		ctl_table_add(&table, "%s", method->string);
		ctl_table_add(&table, "%" PRIu64, answered);
		ctl_table_add(&table, "%" PRIu64, refused);
		add_duration(&table, &latency, latency.p50_us);
		add_duration(&table, &latency, latency.p99_us);
		add_duration(&table, &latency, latency.max_us);
	}
	ctl_buffer_puts(out, "\n");
	ctl_table_append(out, &table);
}

enum ctl_exit ctl_stats_append(struct ctl_buffer *out, const cJSON *result)
{
	struct ctl_reader reader = { 0 };

	append_lines(out, &reader, result);
	append_commits(out, &reader, ctl_read_object(&reader, result, "store"));
	append_users(out, &reader, ctl_read_array(&reader, result, "users"));
	append_methods(out, &reader, ctl_read_object(&reader, result, "requests"));
	return ctl_reader_end(&reader);
}
