/* SPDX-License-Identifier: MIT */
/* Buckets double, so that a glance at few of them shows a tail of any length. */
#include "config.h"

#include "server/statistics.h"

void gpald_histogram_add(struct gpald_histogram *histogram, uint64_t us)
{
	unsigned int bucket = us <= 1 ? 0 : 64 - (unsigned int)__builtin_clzll(us - 1);

	if (bucket >= GPALD_HISTOGRAM_BUCKETS)
		bucket = GPALD_HISTOGRAM_BUCKETS - 1;
	histogram->buckets[bucket]++;
	histogram->count++;
	histogram->sum_us += us;
	if (us > histogram->max_us)
		histogram->max_us = us;
}

void gpald_build_histogram(struct gpald_builder *b, cJSON *object, const char *key,
			   const struct gpald_histogram *histogram)
{
	cJSON *tree = gpald_build_object(b, object, key);
	cJSON *buckets;

	gpald_build_integer(b, tree, "count", (int64_t)histogram->count);
	gpald_build_integer(b, tree, "sum_us", (int64_t)histogram->sum_us);
	gpald_build_integer(b, tree, "max_us", (int64_t)histogram->max_us);
	buckets = gpald_build_array(b, tree, "buckets");
	for (unsigned int i = 0; i < GPALD_HISTOGRAM_BUCKETS; i++) {
		cJSON *bucket;

		if (histogram->buckets[i] == 0)
			continue;
		bucket = gpald_build_object(b, buckets, NULL);
		gpald_build_integer(b, bucket, "le_us", INT64_C(1) << i);
		gpald_build_integer(b, bucket, "count", (int64_t)histogram->buckets[i]);
	}
}
