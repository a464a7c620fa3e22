/* SPDX-License-Identifier: MIT */
/*
 * The record of how the allocator places ranges, for gpal_explain(). The allocator opens a step,
 * fills it in and closes it, one step after another. If memory runs out, `no_memory` is set, and
 * the record is incomplete.
 */
#ifndef GPALD_CORE_TRACE_H
#define GPALD_CORE_TRACE_H

#include "core/arena.h"

#include <gpalayout/explain.h>

struct gpald_trace {
	struct gpald_arena *arena; /* of the steps; gpald_resolve_with() sets it */
	const char *wanted;        /* the only tag that is recorded; NULL: all are */

	struct gpal_step *steps;
	size_t count;
	size_t capacity;

	/* The lists of the open step. */
	struct gpal_passed *passed;
	size_t passed_capacity;
	struct gpal_chosen *chosen;
	size_t chosen_capacity;

	size_t passed_total; /* in all steps */
	bool no_memory;
};

/*
 * Opens a step as a copy of *step, whose lists must be empty. Returns the trace for the functions
 * below; NULL if this step is not recorded.
 */
struct gpald_trace *gpald_trace_open_step(struct gpald_trace *trace, const struct gpal_step *step);

/*
 * Records a free range that has fewer than `needed` bytes with this alignment. An empty range is
 * ignored.
 */
void gpald_trace_record_passed(struct gpald_trace *trace, struct gpal_range free, uint64_t needed,
			       uint64_t alignment);

/* Records a free range that is below the floor. */
void gpald_trace_record_below(struct gpald_trace *trace, struct gpal_range free);

/* Changes the rule of the open step. */
void gpald_trace_set_rule(struct gpald_trace *trace, enum gpal_rule rule);

/* Returns true if no more free ranges will be recorded, so that the search for them can stop. */
bool gpald_trace_is_full(const struct gpald_trace *trace);

/* Records the chosen range; the other parameters are the members of struct gpal_chosen. */
void gpald_trace_record_chosen(struct gpald_trace *trace, struct gpal_range range,
			       struct gpal_range free, uint64_t lost);

/* Closes the step. The free ranges are sorted in the direction of the search. */
void gpald_trace_close_step(struct gpald_trace *trace, bool downwards);

#endif
