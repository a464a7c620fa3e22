/* SPDX-License-Identifier: MIT */
/*
 * Insertion sort where a VM is small, as nearly all are; else a radix sort, least
 * significant digit first, over the bits in which the keys differ. Lists are often
 * sorted already, which costs one look.
 */
#include "config.h"

#include "core/order.h"

#include <stdbool.h>
#include <string.h>

#define SMALL 32
#define DIGIT_BITS 9 /* few enough streams to write that they stay in cache */
#define DIGITS (1u << DIGIT_BITS)

static void insertion_sort(struct gpald_order *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct gpald_order item = items[i];
		size_t at = i;

		for (; at > 0 && items[at - 1].key > item.key; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

static size_t digit(const struct gpald_order *item, unsigned int shift)
{
	return (size_t)(item->key >> shift) % DIGITS;
}

static void distribute(const struct gpald_order *from, struct gpald_order *to, size_t count,
		       unsigned int shift)
{
	size_t next[DIGITS] = { 0 };
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		next[digit(&from[i], shift)]++;
	for (size_t d = 0; d < DIGITS; d++) {
		size_t here = next[d];

		next[d] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++)
		to[next[digit(&from[i], shift)]++] = from[i];
}

void gpald_order_sort(struct gpald_order *items, struct gpald_order *scratch, size_t count)
{
	struct gpald_order *from = items, *to = scratch;
	uint64_t differing = 0;
	bool sorted = true;

	if (count <= SMALL) {
		insertion_sort(items, count);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		differing |= items[i].key ^ items[0].key;
		sorted &= items[i - 1].key <= items[i].key;
	}
	if (sorted)
		return;
	for (unsigned int shift = (unsigned int)__builtin_ctzll(differing);
	     shift < 64 && differing >> shift != 0; shift += DIGIT_BITS) {
		struct gpald_order *swap = from;

		if ((differing >> shift) % DIGITS == 0)
			continue;

		distribute(from, to, count, shift);
		from = to;
		to = swap;
	}
	if (from != items)
		memcpy(items, from, count * sizeof(*items));
}
