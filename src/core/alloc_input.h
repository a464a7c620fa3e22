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

/* What is to be placed of each kind; reserved and fixed ranges have empty lists. */
static inline void gpald_list_demands(const struct gpal_alloc_input *input,
				      struct gpald_demand_list lists[GPAL_KIND_COUNT])
{
	lists[GPAL_KIND_RESERVED] = lists[GPAL_KIND_FIXED] = (struct gpald_demand_list){ NULL, 0 };
	lists[GPAL_KIND_MMIO32] = (struct gpald_demand_list){ input->mmio32, input->mmio32_count };
	lists[GPAL_KIND_RAM] = (struct gpald_demand_list){ input->ram, input->ram_count };
	lists[GPAL_KIND_MMIO64] = (struct gpald_demand_list){ input->mmio64, input->mmio64_count };
	lists[GPAL_KIND_POST_MMIO] =
		(struct gpald_demand_list){ input->post_mmio, input->post_mmio_count };
}

/* What an error about an entry of that kind's list is about. */
enum gpal_subject gpald_subject_of(enum gpal_kind kind);

/* The checks of gpal_allocate() up to overlaps, which it makes itself, and those after. */
GPAL_MUST_USE int gpald_check_pinned(const struct gpal_alloc_input *input,
				     struct gpal_error *error);
GPAL_MUST_USE int gpald_check_demands(const struct gpald_demand_list lists[GPAL_KIND_COUNT],
				      struct gpal_error *error);

#endif
