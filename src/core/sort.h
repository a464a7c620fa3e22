/* SPDX-License-Identifier: MIT */
/*
 * A stable sort of indices by a 64-bit key, in time linear in their number. The keys are,
 * for example, addresses, or alignment and size in one number. Items with equal keys must stay in
 * the order of the caller, which qsort() does not promise.
 */
#ifndef GPALD_CORE_SORT_H
#define GPALD_CORE_SORT_H

#include <stddef.h>
#include <stdint.h>

struct gpald_sort_item {
	uint64_t key;
	uint32_t index;
};

/* Sorts ascending by key. `scratch` has room for `count` items. */
void gpald_sort_items(struct gpald_sort_item *items, struct gpald_sort_item *scratch, size_t count);

#endif
