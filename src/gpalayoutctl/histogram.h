/* SPDX-License-Identifier: MIT */
/*
 * Latencies as the daemon counts them: how many took at most so long.
 */
#ifndef GPALAYOUTCTL_HISTOGRAM_H
#define GPALAYOUTCTL_HISTOGRAM_H

#include "reader.h"

/* Upper bounds, in microseconds: as fine as the daemon's buckets, and never above the slowest. */
struct ctl_latency {
	uint64_t count; /* 0: nothing was measured, and the rest is 0 */
	uint64_t p50_us;
	uint64_t p99_us;
	uint64_t max_us;
};

/* Reads member `name` of `object`: {count, max_us, buckets: [{le_us, count}]}, going up. */
struct ctl_latency ctl_read_latency(struct ctl_reader *reader, const cJSON *object,
				    const char *name);

#endif
