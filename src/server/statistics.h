/* SPDX-License-Identifier: MIT */
/* The statistics of daemon.stats: counters since the start, and durations. */
#ifndef GPALD_SERVER_STATISTICS_H
#define GPALD_SERVER_STATISTICS_H

#include "wire/json_write.h"
#include "wire/reason.h"

#include <stdint.h>

/*
 * Bucket i counts values of at most 2^i that no earlier bucket counts. The last bucket also counts
 * all greater values. Values are microseconds, except in `commit_sizes`.
 */
#define GPALD_HISTOGRAM_BUCKETS 32

struct gpald_histogram {
	uint64_t count;
	uint64_t sum;
	uint64_t max;
	uint64_t buckets[GPALD_HISTOGRAM_BUCKETS];
};

void gpald_histogram_add(struct gpald_histogram *histogram, uint64_t value);

/*
 * Writes {"count", "sum_us", "max_us", "buckets": [{"le_us", "count"}]}; empty buckets are omitted.
 */
void gpald_write_histogram(struct gpald_writer *w, const char *key,
			   const struct gpald_histogram *histogram);

struct gpald_method_statistics {
	uint64_t answered;
	uint64_t refused;
	uint64_t refusals[GPALD_REASON_COUNT]; /* by reason */
	struct gpald_histogram latency;
};

#define GPALD_METHODS_MAX 32

struct gpald_statistics {
	int64_t started_at_ms; /* since 1970-01-01 UTC */
	uint64_t started_ns;   /* in uv_hrtime() */
	uint64_t accepted;     /* connections */
	uint64_t turned_away;
	struct gpald_histogram commit_durations;                   /* in microseconds */
	struct gpald_histogram commit_sizes;                       /* in changes */
	struct gpald_method_statistics methods[GPALD_METHODS_MAX]; /* in the order of the table */
	struct gpald_method_statistics other; /* lines without a valid method */
};

#endif
