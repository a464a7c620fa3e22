/* SPDX-License-Identifier: MIT */
/*
 * The layouts the daemon keeps, a page at a time. Every list is paged, and a command
 * that has something to do with all layouts has to see the last page too.
 */
#ifndef GPALAYOUTCTL_LAYOUT_LIST_H
#define GPALAYOUTCTL_LAYOUT_LIST_H

#include "exchange.h"

#include <stdbool.h>
#include <stdint.h>

/* Starts with the name to begin behind, if any, and how many are wanted; UINT64_MAX: all. */
struct ctl_layout_list {
	struct ctl_buffer after;
	uint64_t wanted;
	bool ended;
};

#define ctl_cleanup_layout_list __attribute__((cleanup(ctl_layout_list_free)))

/*
 * Asks for the next page into `reply`, an empty one, and sets *page to its entries, objects
 * that have a name; `ended` says whether it is the last. Otherwise says why not.
 */
enum ctl_exit ctl_layout_list_next(struct ctl_layout_list *list, struct ctl_exchange *exchange,
				   struct ctl_reply *reply, const cJSON **page);

void ctl_layout_list_free(struct ctl_layout_list *list);

#endif
