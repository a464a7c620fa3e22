/* SPDX-License-Identifier: MIT */
/*
 * Histograms. The upper edge of each bucket is twice that of the one before, so 32 buckets cover
 * times from a microsecond to 36 minutes.
 */
#include "config.h"

#include "server/statistics.h"

void gpald_histogram_add(struct gpald_histogram *histogram, uint64_t value)
{
	unsigned int bucket = value <= 1 ? 0 : 64 - (unsigned int)__builtin_clzll(value - 1);

	if (bucket >= GPALD_HISTOGRAM_BUCKETS)
		bucket = GPALD_HISTOGRAM_BUCKETS - 1;
	histogram->buckets[bucket]++;
	histogram->count++;
	histogram->sum += value;
	if (value > histogram->max)
		histogram->max = value;
}

void gpald_write_histogram(struct gpald_writer *w, const char *key,
			   const struct gpald_histogram *histogram)
{
	gpald_write_object(w, key);
	gpald_write_integer(w, "count", (int64_t)histogram->count);
	gpald_write_integer(w, "sum_us", (int64_t)histogram->sum);
	gpald_write_integer(w, "max_us", (int64_t)histogram->max);
	gpald_write_array(w, "buckets");
	for (unsigned int i = 0; i < GPALD_HISTOGRAM_BUCKETS; i++) {
		if (histogram->buckets[i] == 0)
			continue;
		gpald_write_object(w, NULL);
		gpald_write_integer(w, "le_us", INT64_C(1) << i);
		gpald_write_integer(w, "count", (int64_t)histogram->buckets[i]);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
	gpald_write_object_end(w);
}
