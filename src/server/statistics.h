/* SPDX-License-Identifier: MIT */
/* What daemon.stats tells: counters since the start, and how long things took. */
#ifndef GPALD_SERVER_STATISTICS_H
#define GPALD_SERVER_STATISTICS_H

#include "wire/json_write.h"
#include "wire/reason.h"

#include <stdint.h>

/*
 * Bucket i counts times of at most 2^i microseconds that are in no bucket before
 * it; the last one has all that are longer, too.
 */
#define GPALD_HISTOGRAM_BUCKETS 32

struct gpald_histogram {
	uint64_t count;
	uint64_t sum_us;
	uint64_t max_us;
	uint64_t buckets[GPALD_HISTOGRAM_BUCKETS];
};

void gpald_histogram_add(struct gpald_histogram *histogram, uint64_t us);

/* {"count", "sum_us", "max_us", "buckets": [{"le_us", "count"}]}, empty buckets left out. */
void gpald_write_histogram(struct gpald_writer *w, const char *key,
			   const struct gpald_histogram *histogram);

struct gpald_method_statistics {
	uint64_t answered;
	uint64_t refused;
	uint64_t refusals[GPALD_REASON_COUNT]; /* the same, by reason */
	struct gpald_histogram latency;
};

#define GPALD_METHODS_MAX 32

struct gpald_statistics {
	int64_t started_at_ms; /* since 1970-01-01 UTC */
	uint64_t started_ns;   /* of uv_hrtime() */
	uint64_t accepted;     /* connections */
	uint64_t turned_away;
	struct gpald_histogram commits;
	struct gpald_histogram batches; /* of changes in a commit, not of microseconds */
	struct gpald_method_statistics methods[GPALD_METHODS_MAX]; /* in the order of the table */
	struct gpald_method_statistics other; /* lines that name no method there is */
};

#endif
