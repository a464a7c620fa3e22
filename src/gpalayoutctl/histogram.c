/* SPDX-License-Identifier: MIT */
/*
 * Percentiles of histograms. A bucket says no more than that its values are not
 * above its edge, so what is read off is an upper bound.
 */
#include "config.h"

#include "histogram.h"

/* The edge of the bucket that holds the value of which `percent` are not above it. */
static uint64_t percentile(struct ctl_reader *reader, const cJSON *buckets, uint64_t total,
			   unsigned int percent, uint64_t max_us)
{
	/* Rounded up; counts of JSON are below 2^53, so this cannot overflow. */
	uint64_t rank = (total * percent + 99) / 100;
	uint64_t seen = 0;
	const cJSON *bucket;

	cJSON_ArrayForEach(bucket, buckets)
	{
		uint64_t edge_us = ctl_read_count(reader, bucket, "le_us");

		seen += ctl_read_count(reader, bucket, "count");
		if (seen >= rank)
			return edge_us < max_us ? edge_us : max_us;
	}
	return max_us;
}

struct ctl_latency ctl_read_latency(struct ctl_reader *reader, const cJSON *object,
				    const char *name)
{
	const cJSON *histogram = ctl_read_object(reader, object, name);
	const cJSON *buckets = ctl_read_array(reader, histogram, "buckets");
	struct ctl_latency latency = { .count = ctl_read_count(reader, histogram, "count") };

	latency.max_us = ctl_read_count(reader, histogram, "max_us");
	latency.p50_us = percentile(reader, buckets, latency.count, 50, latency.max_us);
	latency.p99_us = percentile(reader, buckets, latency.count, 99, latency.max_us);
	return latency;
}
