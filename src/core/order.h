/* SPDX-License-Identifier: MIT */
/*
 * Stable sorting of indices by a 64-bit key, in time linear in their number.
 * Addresses, sizes and alignments are all such keys, and ties must stay in
 * caller order, which qsort() does not promise.
 */
#ifndef GPALD_CORE_ORDER_H
#define GPALD_CORE_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct gpald_order {
	uint64_t key;
	uint32_t index;
};

/* Sorts ascending by key; equal keys keep their order. `scratch` has room for `count` items. */
void gpald_order_sort(struct gpald_order *items, struct gpald_order *scratch, size_t count);

#endif
