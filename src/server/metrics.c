/* SPDX-License-Identifier: MIT */
/*
 * Writes metrics in OpenMetrics 1.0 and in version 0.0.4 of the Prometheus text format. Names and
 * labels have only characters that need no escapes. The only label that depends on clients is the
 * uid. Only a uid with a connection or unfinished work has series, so a client cannot create many.
 */
#include "config.h"

#include "server/metrics.h"

#include "registry/sqlite_database.h"
#include "server/connection.h"
#include "server/methods.h"
#include "server/work.h"
#include "wire/reason.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct metrics;

enum type {
	GAUGE,
	COUNTER,
	HISTOGRAM,
	INFO
};

struct family {
	const char *name;
	enum type type;
	const char *unit; /* the last word of the name; NULL: none */
	const char *help;
	void (*write)(const struct metrics *metrics);
};

struct metrics {
	const struct gpald_service *service;
	bool is_openmetrics;
	struct gpald_writer *w;
	const struct family *family;
};

__attribute__((format(printf, 2, 3))) static void print_metric(const struct metrics *metrics,
							       const char *format, ...)
{
	char line[512];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	assert(length >= 0 && (size_t)length < sizeof(line));
	gpald_write_bytes(metrics->w, line, (size_t)length);
}

/* Writes a sample. `labels` is "", or such as method="layout.get". */
static void put_sample(const struct metrics *metrics, const char *suffix, const char *labels,
		       uint64_t value, bool is_us)
{
	print_metric(metrics, *labels ? "gpalayoutd_%s%s{%s} " : "gpalayoutd_%s%s%s ",
		     metrics->family->name, suffix, labels);
	if (is_us)
		print_metric(metrics, "%" PRIu64 ".%06u\n", value / 1000000,
			     (unsigned int)(value % 1000000));
	else
		print_metric(metrics, "%" PRIu64 "\n", value);
}

static const char *suffix_of(enum type type)
{
	return type == COUNTER ? "_total" : type == INFO ? "_info" : "";
}

static void put_metric(const struct metrics *metrics, const char *labels, uint64_t value)
{
	put_sample(metrics, suffix_of(metrics->family->type), labels, value, false);
}

static void put_us(const struct metrics *metrics, const char *labels, uint64_t us)
{
	put_sample(metrics, suffix_of(metrics->family->type), labels, us, true);
}

/*
 * Writes every second bucket. In this format a bucket counts all values up to its edge, so it also
 * counts the values of the omitted bucket before it.
 */
static void put_histogram(const struct metrics *metrics, const char *labels,
			  const struct gpald_histogram *histogram, bool is_us)
{
	const char *comma = *labels ? "," : "";
	char text[128];
	uint64_t seen = 0;

	for (unsigned int i = 0; i < GPALD_HISTOGRAM_BUCKETS - 1; i++) {
		const uint64_t edge = UINT64_C(1) << i;

		seen += histogram->buckets[i];
		if (i % 2)
			continue;
		if (is_us)
			snprintf(text, sizeof(text), "%s%sle=\"%" PRIu64 ".%06u\"", labels, comma,
				 edge / 1000000, (unsigned int)(edge % 1000000));
		else
			snprintf(text, sizeof(text), "%s%sle=\"%" PRIu64 ".0\"", labels, comma,
				 edge);
		put_sample(metrics, "_bucket", text, seen, false);
	}
	snprintf(text, sizeof(text), "%s%sle=\"+Inf\"", labels, comma);
	put_sample(metrics, "_bucket", text, histogram->count, false);
	put_sample(metrics, "_count", labels, histogram->count, false);
	put_sample(metrics, "_sum", labels, histogram->sum, is_us);
}

/* The families. */

static void put_build(const struct metrics *metrics)
{
	put_metric(metrics, "version=\"" PACKAGE_VERSION "\"", 1);
}

static void put_start_time(const struct metrics *metrics)
{
	put_us(metrics, "", (uint64_t)metrics->service->statistics.started_at_ms * 1000);
}

static void put_connections(const struct metrics *metrics)
{
	const size_t *open = metrics->service->connections->users.connections;

	put_metric(metrics, "socket=\"control\"", open[0]);
	put_metric(metrics, "socket=\"inspect\"", open[1]);
}

static void put_accepted(const struct metrics *metrics)
{
	put_metric(metrics, "", metrics->service->statistics.accepted);
}

static void put_turned_away(const struct metrics *metrics)
{
	put_metric(metrics, "", metrics->service->statistics.turned_away);
}

static void put_subscribers(const struct metrics *metrics)
{
	put_metric(metrics, "", metrics->service->connections->subscribers);
}

static void put_unsent(const struct metrics *metrics)
{
	const struct gpald_user *user;
	uint64_t bytes = 0;

	LIST_FOREACH(user, &metrics->service->connections->users.list, entry)
		bytes += user->unsent_bytes;
	put_metric(metrics, "", bytes);
}

static void put_running(const struct metrics *metrics)
{
	put_metric(metrics, "", metrics->service->pool ? metrics->service->pool->running : 0);
}

static void put_waiting(const struct metrics *metrics)
{
	const struct gpald_user *user;
	const struct gpald_work *work;
	uint64_t count = 0;

	LIST_FOREACH(user, &metrics->service->connections->users.list, entry)
		STAILQ_FOREACH(work, &user->waiting_work, entry)
			count++;
	put_metric(metrics, "", count);
}

static void put_user_connections(const struct metrics *metrics)
{
	const struct gpald_user *user;
	char label[32];

	LIST_FOREACH(user, &metrics->service->connections->users.list, entry) {
		snprintf(label, sizeof(label), "uid=\"%lu\"", (unsigned long)user->uid);
		put_metric(metrics, label, user->connections[0] + user->connections[1]);
	}
}

static void put_user_served(const struct metrics *metrics)
{
	const struct gpald_user *user;
	char label[32];

	LIST_FOREACH(user, &metrics->service->connections->users.list, entry) {
		snprintf(label, sizeof(label), "uid=\"%lu\"", (unsigned long)user->uid);
		put_us(metrics, label, user->served_ns / 1000);
	}
}

/* Calls `put_method` for each method, and for requests without a valid method. */
static void each_method(const struct metrics *metrics,
			void (*put_method)(const struct metrics *metrics, const char *label,
					   const struct gpald_method_statistics *statistics))
{
	const struct gpald_statistics *statistics = &metrics->service->statistics;
	const struct gpald_method *method;
	char label[64];

	for (size_t i = 0; (method = gpald_method_at(i)); i++) {
		snprintf(label, sizeof(label), "method=\"%s\"", method->name);
		put_method(metrics, label, &statistics->methods[i]);
	}
	put_method(metrics, "method=\"other\"", &statistics->other);
}

static void put_method_answered(const struct metrics *metrics, const char *label,
				const struct gpald_method_statistics *statistics)
{
	put_metric(metrics, label, statistics->answered);
}

static void put_method_refusals(const struct metrics *metrics, const char *label,
				const struct gpald_method_statistics *statistics)
{
	char labels[128];

	for (int i = 0; i < GPALD_REASON_COUNT; i++) {
		if (!statistics->refusals[i])
			continue;
		snprintf(labels, sizeof(labels), "%s,reason=\"%s\"", label,
			 gpald_reason_token((enum gpald_reason)i));
		put_metric(metrics, labels, statistics->refusals[i]);
	}
}

static void put_method_durations(const struct metrics *metrics, const char *label,
				 const struct gpald_method_statistics *statistics)
{
	put_histogram(metrics, label, &statistics->latency, true);
}

static void put_answered(const struct metrics *metrics)
{
	each_method(metrics, put_method_answered);
}

static void put_refusals(const struct metrics *metrics)
{
	each_method(metrics, put_method_refusals);
}

static void put_durations(const struct metrics *metrics)
{
	each_method(metrics, put_method_durations);
}

static void put_layouts(const struct metrics *metrics)
{
	put_metric(metrics, "", metrics->service->index->count);
}

static void put_events_kept(const struct metrics *metrics)
{
	put_metric(metrics, "", metrics->service->index->events.count);
}

static void put_revision(const struct metrics *metrics)
{
	put_metric(metrics, "", metrics->service->index->events.revision);
}

static void put_commits(const struct metrics *metrics)
{
	put_metric(metrics, "", gpald_registry_counters(metrics->service->registry)->commits);
}

static void put_changes(const struct metrics *metrics)
{
	put_metric(metrics, "", gpald_registry_counters(metrics->service->registry)->changes);
}

static void put_full(const struct metrics *metrics)
{
	put_metric(metrics, "", gpald_registry_counters(metrics->service->registry)->full);
}

static void put_commit_durations(const struct metrics *metrics)
{
	put_histogram(metrics, "", &metrics->service->statistics.commit_durations, true);
}

static void put_batches(const struct metrics *metrics)
{
	put_histogram(metrics, "", &metrics->service->statistics.commit_sizes, false);
}

/* Writes nothing for a store in memory, or for a file that cannot be accessed. */
static void put_file_bytes(const struct metrics *metrics)
{
	static const struct {
		const char *label, *name;
	} files[] = {
		{ "file=\"database\"", GPALD_SQLITE_FILE_NAME },
		{ "file=\"log\"", GPALD_SQLITE_FILE_NAME "-wal" },
	};
	const char *folder = metrics->service->state_path;
	struct stat info;
	char path[4096];

	for (size_t i = 0; folder && i < sizeof(files) / sizeof(files[0]); i++) {
		const int length = snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);

		if ((size_t)length < sizeof(path) && stat(path, &info) == 0)
			put_metric(metrics, files[i].label, (uint64_t)info.st_size);
	}
}

static const struct family families[] = {
	{ "build", INFO, NULL, "Version of the daemon.", put_build },
	{ "start_time_seconds", GAUGE, "seconds", "Start time of the daemon, since 1970-01-01 UTC.",
	  put_start_time },
	{ "connections", GAUGE, NULL, "Open connections; control includes ttrpc.",
	  put_connections },
	{ "connections_accepted", COUNTER, NULL, "Connections that were served.", put_accepted },
	{ "connections_turned_away", COUNTER, NULL,
	  "Connections turned away: too many, or out of memory.", put_turned_away },
	{ "subscribers", GAUGE, NULL, "Open connections that have subscribed to events.",
	  put_subscribers },
	{ "unsent_bytes", GAUGE, "bytes", "Bytes of replies and events that wait in the daemon.",
	  put_unsent },
	{ "work_running", GAUGE, NULL, "Long requests that run on a thread.", put_running },
	{ "work_waiting", GAUGE, NULL, "Long requests that wait for a thread.", put_waiting },
	{ "user_connections", GAUGE, NULL, "Open connections of a user.", put_user_connections },
	{ "user_served_seconds", COUNTER, "seconds",
	  "Time a user has been served; the series ends when the user has neither a connection nor "
	  "unfinished work, and later starts again at 0.",
	  put_user_served },
	{ "requests_answered", COUNTER, NULL, "Requests that got a result.", put_answered },
	{ "requests_refused", COUNTER, NULL,
	  "Requests that got an error; no series before the first.", put_refusals },
	{ "request_duration_seconds", HISTOGRAM, "seconds",
	  "Time from the start of serving a request to its reply, including the waits for a "
	  "thread, for the disk and for the turn of the reply, but not for the first turn or for "
	  "events.",
	  put_durations },
	{ "layouts", GAUGE, NULL, "Live layouts.", put_layouts },
	{ "events_kept", GAUGE, NULL, "Events that a subscriber can still get.", put_events_kept },
	{ "revision", GAUGE, NULL, "Revision of the newest change.", put_revision },
	{ "store_commits", COUNTER, NULL, "Transactions, including failed ones.", put_commits },
	{ "store_changes", COUNTER, NULL, "Changes made durable.", put_changes },
	{ "store_full", COUNTER, NULL,
	  "Changes refused because the disk or a quota was full, or store_bytes was reached.",
	  put_full },
	{ "store_commit_duration_seconds", HISTOGRAM, "seconds", "Duration of a transaction.",
	  put_commit_durations },
	{ "store_batch_changes", HISTOGRAM, NULL, "Changes in a transaction.", put_batches },
	{ "store_file_bytes", GAUGE, "bytes", "Sizes of the store's files.", put_file_bytes },
};

/*
 * Writes the head of a family. In the older format, a type belongs to the name of the samples, and
 * the type "info" does not exist.
 */
static void put_family_head(const struct metrics *metrics)
{
	static const char *const types[] = { "gauge", "counter", "histogram", "info" };
	const struct family *family = metrics->family;
	const char *type = types[family->type], *suffix = "";

	if (!metrics->is_openmetrics) {
		suffix = suffix_of(family->type);
		type = family->type == INFO ? types[GAUGE] : type;
	}
	print_metric(metrics, "# TYPE gpalayoutd_%s%s %s\n", family->name, suffix, type);
	if (metrics->is_openmetrics && family->unit)
		print_metric(metrics, "# UNIT gpalayoutd_%s %s\n", family->name, family->unit);
	print_metric(metrics, "# HELP gpalayoutd_%s%s %s\n", family->name, suffix, family->help);
}

void gpald_metrics_write(const struct gpald_service *service, enum gpald_stats_format format,
			 struct gpald_writer *w)
{
	struct metrics metrics = {
		.service = service,
		.is_openmetrics = format == GPALD_STATS_OPENMETRICS,
		.w = w,
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		metrics.family = &families[i];
		put_family_head(&metrics);
		families[i].write(&metrics);
	}
	if (metrics.is_openmetrics)
		print_metric(&metrics, "# EOF\n");
}
