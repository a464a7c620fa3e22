/* SPDX-License-Identifier: MIT */
/*
 * A stable sort of indices by a 64-bit key, in time linear in their number. The keys are
 * addresses, sizes and alignments. Items with equal keys must stay in the order of the caller,
 * which qsort() does not promise.
 */
#ifndef GPALD_CORE_ORDER_H
#define GPALD_CORE_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct gpald_order {
	uint64_t key;
	uint32_t index;
};

/* Sorts ascending by key. `scratch` has room for `count` items. */
void gpald_order_sort(struct gpald_order *items, struct gpald_order *scratch, size_t count);

#endif
