/* SPDX-License-Identifier: MIT */
/*
 * Most lists consist of few sorted runs, because windows are placed side by side, and requests
 * usually list buses and addresses in ascending order. So a merge sort joins these runs. A list of
 * many runs gets a radix sort, least significant digit first, over the bits in which the keys
 * differ.
 */
#include "config.h"

#include "core/sort.h"

#include <string.h>

#define RUN_MIN ((size_t)16) /* an insertion sort extends shorter runs to this length */
#define RUNS_MAX 16          /* merging more runs takes longer than a radix sort */
#define DIGIT_BITS 9         /* few enough that all output streams stay in cache */
#define DIGITS (1u << DIGIT_BITS)

/* Sorts the first `count` items; the first `sorted` of them are sorted. */
static void insert_sorted(struct gpald_sort_item *items, size_t sorted, size_t count)
{
	for (size_t i = sorted; i < count; i++) {
		struct gpald_sort_item item = items[i];
		size_t at = i;

		for (; at > 0 && items[at - 1].key > item.key; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

/* Reverses a descending run. All its keys differ, so the sort stays stable. */
static void reverse_items(struct gpald_sort_item *items, size_t count)
{
	for (size_t i = 0, j = count - 1; i < j; i++, j--) {
		struct gpald_sort_item item = items[i];

		items[i] = items[j];
		items[j] = item;
	}
}

/* Makes the first items an ascending run. Returns their number. */
static size_t make_run(struct gpald_sort_item *items, size_t count)
{
	const size_t least = count < RUN_MIN ? count : RUN_MIN;
	size_t run = 1;

	if (count > 1 && items[1].key < items[0].key) {
		while (run < count && items[run].key < items[run - 1].key)
			run++;
		reverse_items(items, run);
	} else {
		while (run < count && items[run].key >= items[run - 1].key)
			run++;
	}
	if (run >= least)
		return run;
	insert_sorted(items, run, least);
	return least;
}

static void merge_adjacent(const struct gpald_sort_item *from, size_t middle, size_t end,
			   struct gpald_sort_item *to)
{
	size_t left = 0, right = middle;

	while (left < middle && right < end)
		*to++ = from[right].key < from[left].key ? from[right++] : from[left++];
	memcpy(to, from + left, (middle - left) * sizeof(*to));
	memcpy(to + (middle - left), from + right, (end - right) * sizeof(*to));
}

/* Merges neighbouring runs until one is left. `ends` has the end of each. */
static void merge_runs(struct gpald_sort_item *items, struct gpald_sort_item *scratch, size_t *ends,
		       size_t runs)
{
	struct gpald_sort_item *from = items, *to = scratch;

	while (runs > 1) {
		struct gpald_sort_item *swap = from;
		size_t start = 0, merged = 0;

		for (size_t i = 0; i < runs; i += 2) {
			const size_t end = i + 1 < runs ? ends[i + 1] : ends[i];

			merge_adjacent(from + start, ends[i] - start, end - start, to + start);
			ends[merged++] = start = end;
		}
		runs = merged;
		from = to;
		to = swap;
	}
	if (from != items)
		memcpy(items, from, ends[0] * sizeof(*items));
}

static size_t radix_digit(const struct gpald_sort_item *item, unsigned int shift)
{
	return (size_t)(item->key >> shift) % DIGITS;
}

static void distribute_by_digit(const struct gpald_sort_item *from, struct gpald_sort_item *to,
				size_t count, unsigned int shift)
{
	size_t next[DIGITS] = { 0 };
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		next[radix_digit(&from[i], shift)]++;
	for (size_t d = 0; d < DIGITS; d++) {
		size_t here = next[d];

		next[d] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++)
		to[next[radix_digit(&from[i], shift)]++] = from[i];
}

static void radix_sort(struct gpald_sort_item *items, struct gpald_sort_item *scratch, size_t count)
{
	struct gpald_sort_item *from = items, *to = scratch;
	uint64_t differing = 0;

	for (size_t i = 1; i < count; i++)
		differing |= items[i].key ^ items[0].key;
	for (unsigned int shift = (unsigned int)__builtin_ctzll(differing);
	     shift < 64 && differing >> shift != 0; shift += DIGIT_BITS) {
		struct gpald_sort_item *swap = from;

		if ((differing >> shift) % DIGITS == 0)
			continue;

		distribute_by_digit(from, to, count, shift);
		from = to;
		to = swap;
	}
	if (from != items)
		memcpy(items, from, count * sizeof(*items));
}

void gpald_sort_items(struct gpald_sort_item *items, struct gpald_sort_item *scratch, size_t count)
{
	size_t ends[RUNS_MAX];
	size_t runs = 0;

	if (count <= RUN_MIN) {
		insert_sorted(items, 1, count);
		return;
	}
	for (size_t at = 0; at < count; at = ends[runs++]) {
		if (runs == RUNS_MAX) {
			radix_sort(items, scratch, count);
			return;
		}
		ends[runs] = at + make_run(items + at, count - at);
	}
	merge_runs(items, scratch, ends, runs);
}
