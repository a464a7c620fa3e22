/* SPDX-License-Identifier: MIT */
/*
 * Prints what the daemon reports about itself: info, policies and statistics. Percentiles are upper
 * bounds, because a histogram shows only that the values of a bucket are not above its edge.
 */
#include "config.h"

#include "gpalayoutctl/print/print.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/print/table.h"
#include "gpalayoutctl/size_text.h"
#include "gpalayoutctl/terminal_text.h"
#include "wire/decoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Info. */

static const struct ctl_field info_fields[] = {
	CTL_FIELD(struct gpal_client_info, "version", CTL_TEXT, version),
	CTL_FIELD(struct gpal_client_info, "protocol", CTL_TEXT, protocol),
	CTL_FIELD(struct gpal_client_info, "default policy", CTL_TEXT, default_policy_name),
	CTL_FIELD(struct gpal_client_info, "control socket", CTL_TEXT, control_socket),
	CTL_FIELD(struct gpal_client_info, "inspect socket", CTL_TEXT, inspect_socket),
	CTL_FIELD(struct gpal_client_info, "ttrpc socket", CTL_TEXT, ttrpc_socket),
};

static bool has_ending(const char *name, const char *ending)
{
	const size_t length = strlen(name), end = strlen(ending);

	return length >= end && strcmp(name + length - end, ending) == 0;
}

/* Adds a limit, as a size or a duration if its name says so. The value is exact, not rounded. */
static void add_limit(struct ctl_table *table, const struct gpal_client_limit *limit)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	const uint64_t us = limit->value * 1000;

	if (limit->value && strstr(limit->name, "_bytes"))
		ctl_exact_size_append(&text, limit->value);
	else if (limit->value && has_ending(limit->name, "_ms"))
		ctl_value_append(&text, CTL_DURATION, &us);
	else
		ctl_value_append(&text, CTL_INTEGER, &limit->value);
	ctl_table_add(table, limit->name);
	ctl_table_add(table, text.data);
}

/* Returns the text of a member, or "" if there is none. */
static const char *info_text(const cJSON *object, const char *name)
{
	const char *text = ctl_text_of(object, name);

	return text ? text : "";
}

/* Appends the options, which older daemons do not report. */
static void append_options(struct gpald_bytes *out, const cJSON *options)
{
	ctl_cleanup_table struct ctl_table table = {
		.columns = { { "OPTION", false }, { "VALUE", false }, { "FROM", false } },
	};
	const cJSON *option;

	if (!cJSON_IsArray(options))
		return;
	cJSON_ArrayForEach(option, options)
	{
		ctl_table_add(&table, info_text(option, "name"));
		ctl_table_add(&table, info_text(option, "value"));
		ctl_table_add(&table, info_text(option, "from"));
	}
	ctl_buffer_puts(out, "\n");
	ctl_table_append(out, &table);
}

enum ctl_exit ctl_info_append(struct ctl_session *session, struct gpald_bytes *out,
			      const void *result)
{
	const cJSON *tree = ctl_parse_result(session);
	const struct gpal_client_info *info = result;
	ctl_cleanup_table struct ctl_table table = {
		.columns = { { "LIMIT", false }, { "VALUE", true } },
	};

	ctl_record_append(out, CTL_FIELDS(info_fields), info);
	for (size_t i = 0; i < info->limit_count; i++)
		add_limit(&table, &info->limits[i]);
	ctl_buffer_puts(out, "\n");
	ctl_table_append(out, &table);
	append_options(out, ctl_member_of(tree, "options"));
	return CTL_OK;
}

/* Policies. */

/* The defaults of a profile. Those that depend on the architecture have a row for each. */
static const struct {
	const char *name;
	size_t offset;
} defaults[] = {
	{ "chipset.low_mmio of x86_64", offsetof(struct gpal_profile_defaults, low_mmio[0]) },
	{ "chipset.low_mmio of aarch64", offsetof(struct gpal_profile_defaults, low_mmio[1]) },
	{ "chipset.high_mmio", offsetof(struct gpal_profile_defaults, high_mmio) },
	{ "vtl2.chipset_mmio", offsetof(struct gpal_profile_defaults, vtl2_chipset_mmio) },
	{ "memory.start of x86_64", offsetof(struct gpal_profile_defaults, memory_start[0]) },
	{ "memory.start of aarch64", offsetof(struct gpal_profile_defaults, memory_start[1]) },
	{ "memory.low_window of x86_64",
	  offsetof(struct gpal_profile_defaults, memory_low_window[0]) },
	{ "memory.low_window of aarch64",
	  offsetof(struct gpal_profile_defaults, memory_low_window[1]) },
};

_Static_assert(GPAL_ARCH_X86_64 == 0 && GPAL_ARCH_AARCH64 == 1, "the rows are in that order");
_Static_assert(sizeof(defaults) / sizeof(defaults[0]) ==
		       sizeof(struct gpal_profile_defaults) / sizeof(uint64_t),
	       "each default has a row");

static void append_profiles(struct gpald_bytes *out, const struct gpal_policy *policy)
{
	ctl_cleanup_table struct ctl_table table = { .columns = { { "DEFAULT", false } } };

	for (int i = 0; i < GPAL_PROFILE_COUNT; i++)
		table.columns[i + 1] = (struct ctl_column){
			gpal_profile_name((enum gpal_profile)i),
			true,
		};
	for (size_t row = 0; row < sizeof(defaults) / sizeof(defaults[0]); row++) {
		ctl_table_add(&table, defaults[row].name);
		for (int i = 0; i < GPAL_PROFILE_COUNT; i++) {
			const char *profile = (const char *)&policy->profiles[i];
			const uint64_t *size = (const void *)(profile + defaults[row].offset);
			ctl_cleanup_buffer struct gpald_bytes cell = { 0 };

			if (*size)
				ctl_size_append(&cell, *size);
			ctl_table_add(&table, *size ? cell.data : "0");
		}
	}
	ctl_table_append(out, &table);
}

struct policy {
	const char *ecam;
	uint64_t low_mmio, high_mmio;
};

static const struct ctl_field policy_fields[] = {
	CTL_FIELD(struct policy, "pcie.ecam", CTL_TEXT, ecam),
	CTL_FIELD(struct policy, "low_mmio of a root complex", CTL_SIZE, low_mmio),
	CTL_FIELD(struct policy, "high_mmio of a root complex", CTL_SIZE, high_mmio),
};

enum ctl_exit ctl_policies_append(struct ctl_session *session, struct gpald_bytes *out,
				  const void *result)
{
	const struct gpal_client_policies *policies = result;

	(void)session;
	for (size_t i = 0; i < policies->count; i++) {
		const struct gpal_client_policy *entry = &policies->policies[i];
		const struct gpal_policy *policy = entry->policy;

		ctl_buffer_puts(out, i ? "\n" : "");
		ctl_puts_safe(out, entry->name);
		if (strcmp(policies->default_name, entry->name) == 0)
			ctl_buffer_puts(out, " (default)");
		ctl_buffer_puts(out, ": ");
		ctl_puts_safe(out, entry->summary);
		ctl_buffer_puts(out, "\n");
		if (!policy)
			continue;
		ctl_record_append(out, CTL_FIELDS(policy_fields),
				  &(const struct policy){ gpal_ecam_name(policy->ecam),
							  policy->root_complex_low_mmio,
							  policy->root_complex_high_mmio });
		append_profiles(out, policy);
	}
	return CTL_OK;
}

/* Histograms. */

struct latency {
	uint64_t count;
	uint64_t p50_us, p99_us, max_us; /* CTL_NONE if `count` is 0 */
};

static uint64_t count_of(const cJSON *object, const char *name)
{
	const cJSON *value = ctl_member_of(object, name);
	const double number = cJSON_IsNumber(value) ? value->valuedouble : 0;

	return number > 0 && number <= (double)GPALD_EXACT_MAX ? (uint64_t)number : 0;
}

/*
 * Returns an upper bound of the percentile: the edge of the first bucket up to which at least
 * `percent` of all values are counted, or the maximum if that is lower.
 */
static uint64_t latency_percentile(const cJSON *buckets, const struct latency *latency,
				   unsigned int percent)
{
	/* Rounded up; counts are below 2^53, so this cannot overflow. */
	const uint64_t rank = (latency->count * percent + 99) / 100;
	uint64_t seen = 0;
	const cJSON *bucket;

	cJSON_ArrayForEach(bucket, buckets)
	{
		const uint64_t edge_us = count_of(bucket, "le_us");

		seen += count_of(bucket, "count");
		/* The last bucket has the maximum, which may be above its edge. */
		if (seen >= latency->count)
			break;
		if (seen >= rank)
			return edge_us < latency->max_us ? edge_us : latency->max_us;
	}
	return latency->max_us;
}

static struct latency read_latency(const cJSON *object)
{
	const cJSON *histogram = ctl_member_of(object, "latency");
	const cJSON *buckets = ctl_member_of(histogram, "buckets");
	struct latency latency = { .count = count_of(histogram, "count") };

	latency.max_us = count_of(histogram, "max_us");
	latency.p50_us = latency_percentile(buckets, &latency, 50);
	latency.p99_us = latency_percentile(buckets, &latency, 99);
	if (!latency.count)
		latency.p50_us = latency.p99_us = latency.max_us = CTL_NONE;
	return latency;
}

/* Values that are not in a table. */

struct lines {
	struct gpal_client_stats stats;
	const char *per_commit; /* NULL: there were no commits */
	struct latency commit;
};

#define LINE(label, form, member) CTL_FIELD(struct lines, label, form, stats.member)
#define EMPTY_LINE            \
	{                     \
		.label = NULL \
	}

/* clang-format off */
static const struct ctl_field line_fields[] = {
	LINE("uptime", CTL_AGE, uptime_ms),
	LINE("started", CTL_TEXT, started_at),
	EMPTY_LINE,
	LINE("connections open", CTL_INTEGER, connections_open),
	LINE("accepted", CTL_INTEGER, connections_accepted),
	LINE("turned away", CTL_INTEGER, connections_turned_away),
	LINE("subscribers", CTL_INTEGER, subscribers),
	EMPTY_LINE,
	LINE("layouts", CTL_INTEGER, layouts),
	LINE("revision", CTL_INTEGER, revision),
	LINE("least --since", CTL_INTEGER, oldest_since),
	EMPTY_LINE,
	LINE("store", CTL_TEXT, store_kind),
	LINE("path", CTL_TEXT, store_path),
	LINE("commits", CTL_INTEGER, store_commits),
	LINE("changes", CTL_INTEGER, store_changes),
	LINE("refused as full", CTL_INTEGER, store_full),
	CTL_FIELD(struct lines, "changes/commit", CTL_TEXT, per_commit),
	CTL_FIELD(struct lines, "commit p50 <=", CTL_DURATION, commit.p50_us),
	CTL_FIELD(struct lines, "commit p99 <=", CTL_DURATION, commit.p99_us),
	CTL_FIELD(struct lines, "commit max", CTL_DURATION, commit.max_us),
};

static const struct ctl_field user_fields[] = {
	CTL_FIELD(struct gpal_client_user_stats, "USER", CTL_USER, uid),
	CTL_FIELD(struct gpal_client_user_stats, "CONNECTIONS", CTL_INTEGER, connections),
	CTL_FIELD(struct gpal_client_user_stats, "SERVED", CTL_DURATION, served_us),
};
/* clang-format on */

/* Methods. */

struct method {
	const char *name;
	uint64_t answered, refused;
	struct latency latency;
};

static const struct ctl_field method_fields[] = {
	CTL_FIELD(struct method, "METHOD", CTL_TEXT, name),
	CTL_FIELD(struct method, "ANSWERED", CTL_INTEGER, answered),
	CTL_FIELD(struct method, "REFUSED", CTL_INTEGER, refused),
	CTL_FIELD(struct method, "P50 <=", CTL_DURATION, latency.p50_us),
	CTL_FIELD(struct method, "P99 <=", CTL_DURATION, latency.p99_us),
	CTL_FIELD(struct method, "MAX", CTL_DURATION, latency.max_us),
};

static void append_methods(struct gpald_bytes *out, const struct gpal_client_stats *stats,
			   const cJSON *requests)
{
	struct method *rows = calloc(stats->method_count + 1, sizeof(*rows));
	size_t count = 0;

	if (!rows)
		ctl_out_of_memory();
	for (size_t i = 0; i < stats->method_count; i++) {
		const struct gpal_client_method_stats *method = &stats->methods[i];

		if (method->answered || method->refused)
			rows[count++] = (struct method){
				method->name,
				method->answered,
				method->refused,
				read_latency(ctl_member_of(requests, method->name)),
			};
	}
	ctl_records_append(out, CTL_FIELDS(method_fields), rows, sizeof(*rows), count);
	free(rows);
}

enum ctl_exit ctl_stats_append(struct ctl_session *session, struct gpald_bytes *out,
			       const void *result)
{
	const cJSON *tree = ctl_parse_result(session);
	const struct gpal_client_stats *stats = result;
	char per_commit[32];
	const struct lines lines = {
		*stats,
		stats->store_commits ? per_commit : NULL,
		read_latency(ctl_member_of(tree, "store")),
	};

	snprintf(per_commit, sizeof(per_commit), "%.2f",
		 (double)stats->store_changes / (double)stats->store_commits);
	ctl_record_append(out, CTL_FIELDS(line_fields), &lines);
	if (stats->user_count) {
		ctl_buffer_puts(out, "\n");
		ctl_records_append(out, CTL_FIELDS(user_fields), stats->users,
				   sizeof(*stats->users), stats->user_count);
	}
	ctl_buffer_puts(out, "\n");
	append_methods(out, stats, ctl_member_of(tree, "requests"));
	return CTL_OK;
}
