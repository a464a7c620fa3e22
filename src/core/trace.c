/* SPDX-License-Identifier: MIT */
/*
 * The record of the steps. The allocator records free ranges in any order, and closing a step sorts
 * them in the order of the search.
 */
#include "config.h"

#include "core/trace.h"

#include "core/free_space.h"

#include <stdlib.h>
#include <string.h>

/*
 * Limits on the free ranges of a step, and of all steps. They bound the size of an explanation of
 * all ranges of a huge VM. An explanation of one tag has no limit.
 */
#define PASSED_PER_STEP_MAX 64
#define PASSED_MAX 65536

/* Makes room for one more element. Returns the list, which may have moved; NULL: out of memory. */
static void *grow_elements(struct gpald_trace *trace, void *elements, size_t count,
			   size_t *capacity, size_t size)
{
	const size_t larger = *capacity ? 2 * *capacity : 16;
	void *moved;

	if (count < *capacity)
		return elements;
	moved = gpald_arena_alloc(trace->arena, larger, size);
	if (!moved) {
		trace->no_memory = true;
		return NULL;
	}
	if (count > 0)
		memcpy(moved, elements, count * size);
	*capacity = larger;
	return moved;
}

static struct gpal_step *current_step(struct gpald_trace *trace)
{
	return &trace->steps[trace->count - 1];
}

struct gpald_trace *gpald_trace_open_step(struct gpald_trace *trace, const struct gpal_step *step)
{
	struct gpal_step *steps;

	if (trace->wanted && strcmp(trace->wanted, step->tag) != 0)
		return NULL;
	steps = grow_elements(trace, trace->steps, trace->count, &trace->capacity, sizeof(*steps));
	if (!steps)
		return NULL;
	trace->steps = steps;
	steps[trace->count++] = *step;
	return trace;
}

void gpald_trace_set_rule(struct gpald_trace *trace, enum gpal_rule rule)
{
	current_step(trace)->rule = rule;
}

bool gpald_trace_is_full(const struct gpald_trace *trace)
{
	return trace->steps[trace->count - 1].passed_cut || trace->no_memory;
}

static void add_passed(struct gpald_trace *trace, struct gpal_passed passed)
{
	struct gpal_step *step = current_step(trace);
	struct gpal_passed *list;

	if (gpal_range_is_empty(passed.free) || gpald_trace_is_full(trace))
		return;
	if (!trace->wanted &&
	    (step->passed_count == PASSED_PER_STEP_MAX || trace->passed_total == PASSED_MAX)) {
		step->passed_cut = true;
		return;
	}
	list = grow_elements(trace, trace->passed, step->passed_count, &trace->passed_capacity,
			     sizeof(*list));
	if (!list)
		return;
	trace->passed = list;
	list[step->passed_count++] = passed;
	trace->passed_total++;
}

void gpald_trace_record_passed(struct gpald_trace *trace, struct gpal_range free, uint64_t needed,
			       uint64_t alignment)
{
	const uint64_t size = gpal_range_size(free);

	add_passed(trace,
		   (struct gpal_passed){
			   .free = free,
			   .why = size < needed ? GPAL_PASS_TOO_SMALL : GPAL_PASS_ALIGNMENT,
			   .missing = needed -
				      (size < needed ? size : gpald_range_usable(free, alignment)),
		   });
}

void gpald_trace_record_below(struct gpald_trace *trace, struct gpal_range free)
{
	add_passed(trace, (struct gpal_passed){ .free = free, .why = GPAL_PASS_BELOW_FLOOR });
}

void gpald_trace_record_chosen(struct gpald_trace *trace, struct gpal_range range,
			       struct gpal_range free, uint64_t lost)
{
	struct gpal_step *step = current_step(trace);
	struct gpal_chosen *list = grow_elements(trace, trace->chosen, step->chosen_count,
						 &trace->chosen_capacity, sizeof(*list));

	if (!list)
		return;
	trace->chosen = list;
	list[step->chosen_count++] = (struct gpal_chosen){ range, free, lost };
}

static int compare_ascending(const void *a, const void *b)
{
	const struct gpal_passed *x = a, *y = b;

	return x->free.start < y->free.start ? -1 : x->free.start > y->free.start;
}

static int compare_descending(const void *a, const void *b)
{
	return compare_ascending(b, a);
}

static void *copy_elements(struct gpald_trace *trace, const void *elements, size_t count,
			   size_t size)
{
	void *copied = gpald_arena_alloc(trace->arena, count, size);

	if (!copied)
		trace->no_memory = true;
	else if (count > 0)
		memcpy(copied, elements, count * size);
	return copied;
}

void gpald_trace_close_step(struct gpald_trace *trace, bool downwards)
{
	struct gpal_step *step = current_step(trace);

	if (step->passed_count > 0)
		qsort(trace->passed, step->passed_count, sizeof(*trace->passed),
		      downwards ? compare_descending : compare_ascending);
	step->passed =
		copy_elements(trace, trace->passed, step->passed_count, sizeof(*step->passed));
	step->chosen =
		copy_elements(trace, trace->chosen, step->chosen_count, sizeof(*step->chosen));
}
