/* SPDX-License-Identifier: MIT */
/*
 * Insertion sort where a VM is small, as nearly all are; else a radix sort by
 * bytes, least significant first, which leaves out the bytes all keys share.
 */
#include "config.h"

#include "core/order.h"

#include <stdbool.h>
#include <string.h>

#define SMALL 32

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

/* One pass: distributes `from` into `to` by the byte at `shift`. False: all bytes are equal. */
static bool distribute(const struct gpald_order *from, struct gpald_order *to, size_t count,
		       unsigned int shift)
{
	size_t next[256] = { 0 };
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		next[(from[i].key >> shift) & 0xff]++;
	if (next[(from[0].key >> shift) & 0xff] == count)
		return false;
	for (size_t byte = 0; byte < 256; byte++) {
		size_t here = next[byte];

		next[byte] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++)
		to[next[(from[i].key >> shift) & 0xff]++] = from[i];
	return true;
}

void gpald_order_sort(struct gpald_order *items, struct gpald_order *scratch, size_t count)
{
	struct gpald_order *from = items, *to = scratch;

	if (count <= SMALL) {
		insertion_sort(items, count);
		return;
	}
	for (unsigned int shift = 0; shift < 64; shift += 8) {
		if (distribute(from, to, count, shift)) {
			struct gpald_order *swap = from;

			from = to;
			to = swap;
		}
	}
	if (from != items)
		memcpy(items, from, count * sizeof(*items));
}
