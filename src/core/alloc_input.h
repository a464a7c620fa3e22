/* SPDX-License-Identifier: MIT */
/* The allocator's input by kind, and its checks. */
#ifndef GPALD_CORE_ALLOC_INPUT_H
#define GPALD_CORE_ALLOC_INPUT_H

#include <gpalayout/allocator.h>
#include <gpalayout/error.h>
#include <gpalayout/export.h>
#include <stddef.h>

struct gpald_demand_list {
	const struct gpal_demand *demands;
	size_t count;
};

/* What is to be placed of a kind; an empty list for reserved and fixed ranges. */
struct gpald_demand_list gpald_demands_of(const struct gpal_alloc_input *input,
					  enum gpal_kind kind);

/* What an error about an entry of that kind's list is about. */
enum gpal_subject gpald_subject_of(enum gpal_kind kind);

/* The checks of gpal_allocate() up to overlaps, which it makes itself, and those after. */
GPAL_MUST_USE int gpald_check_pinned(const struct gpal_alloc_input *input,
				     struct gpal_error *error);
GPAL_MUST_USE int gpald_check_demands(const struct gpal_alloc_input *input,
				      struct gpal_error *error);

#endif
