/* SPDX-License-Identifier: MIT */
/*
 * Summaries of free space, for errors. fit_index.c, windows.c and phases.c search the free ranges.
 */
#include "config.h"

#include "core/free_space.h"

void gpald_free_summary_add(struct gpald_free_summary *summary, struct gpal_range free,
			    uint64_t alignment)
{
	const uint64_t usable = gpald_range_usable(free, alignment);

	/* Free ranges do not overlap, so the sum is at most the address space. */
	summary->total += gpal_range_size(free);
	if (usable > summary->largest_fit) {
		summary->largest_fit = usable;
		summary->fit_in = free;
	}
}

struct gpald_free_summary gpald_free_space_summary(const struct gpald_free_space *space,
						   struct gpal_range region, uint64_t alignment)
{
	struct gpald_free_summary summary = { 0 };

	for (size_t i = 0; i < space->count; i++)
		gpald_free_summary_add(&summary, gpald_range_clip(space->ranges[i], region),
				       alignment);
	return summary;
}
