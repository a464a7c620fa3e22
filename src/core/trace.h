/* SPDX-License-Identifier: MIT */
/*
 * What the allocator writes down while it places, if somebody wants to know. A step
 * is opened, filled in and closed, one after another.
 */
#ifndef GPALD_CORE_TRACE_H
#define GPALD_CORE_TRACE_H

#include "core/arena.h"

#include <gpalayout/explain.h>

struct gpald_trace {
	struct gpald_arena *arena; /* where the steps lie; set by whoever makes it */
	const char *wanted;        /* the only tag that is; NULL: all */

	struct gpal_step *steps;
	size_t count;
	size_t capacity;

	/* Of the step that is open. */
	struct gpal_passed *passed;
	size_t passed_capacity;
	struct gpal_chosen *chosen;
	size_t chosen_capacity;

	size_t passed_total; /* of all steps */
	bool no_memory;
};

/*
 * Begins a step with what `step` says, but for its lists. NULL: it is not wanted; else
 * the trace, for the calls below.
 */
struct gpald_trace *gpald_trace_open(struct gpald_trace *trace, const struct gpal_step *step);

/* A free range in which less than `needed` bytes of that alignment are. Empty ones are left out. */
void gpald_trace_pass(struct gpald_trace *trace, struct gpal_range free, uint64_t needed,
		      uint64_t alignment);

/* A free range that is below the floor. */
void gpald_trace_pass_below(struct gpald_trace *trace, struct gpal_range free);

/* Another rule for the step that is open. */
void gpald_trace_set_rule(struct gpald_trace *trace, enum gpal_rule rule);

/* Whether no more free ranges will be written down, so that looking for them can stop. */
bool gpald_trace_is_full(const struct gpald_trace *trace);

void gpald_trace_choose(struct gpald_trace *trace, struct gpal_range range, struct gpal_range free,
			uint64_t lost);

/* Ends the step; the search went down or up. */
void gpald_trace_close(struct gpald_trace *trace, bool downwards);

#endif
