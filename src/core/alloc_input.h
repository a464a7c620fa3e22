/* SPDX-License-Identifier: MIT */
/*
 * The lists of the allocator's input, by kind, and the checks of them. place.h places the ranges.
 */
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

/* Fills in the demands of each kind. Reserved and fixed ranges are not demands: empty lists. */
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

/* Returns the subject of an error about an entry in the list of this kind. */
enum gpal_subject gpald_subject_of_kind(enum gpal_kind kind);

/*
 * The checks of gpal_allocate(): gpald_check_pinned() makes those before the check for overlaps,
 * gpald_check_demands() those after it. Both return GPAL_OK or a code of gpal_allocate().
 */
GPAL_MUST_USE int gpald_check_pinned(const struct gpal_alloc_input *input,
				     struct gpal_error *error);
GPAL_MUST_USE int gpald_check_demands(const struct gpald_demand_list lists[GPAL_KIND_COUNT],
				      struct gpal_error *error);

#endif
