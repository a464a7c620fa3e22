/* SPDX-License-Identifier: MIT */
/*
 * Tries other sizes: resolves a request with another size to find out whether that size works.
 * largest_size.c uses the search and the budget for the bare allocator, too. The search itself
 * knows no rule of placement.
 */
#ifndef GPALD_CORE_SIZING_H
#define GPALD_CORE_SIZING_H

#include "core/resolution.h"

#include <gpalayout/error.h>
#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A limit on the work of all tries: the number of ranges that they may place together. */
struct gpald_budget {
	size_t left;
	bool no_memory; /* a try failed because memory ran out */
	bool is_spent;  /* a try was not made because `left` was too small */
};

/* Enough for all sizes of an ordinary VM, and at most a fraction of a second of work. */
#define GPALD_BUDGET ((size_t)1 << 18)

/* Subtracts the cost of a try. Returns false, and changes only is_spent, if too little is left. */
GPAL_MUST_USE bool gpald_budget_take(struct gpald_budget *budget, size_t cost);

/* The result of a try. */
enum gpald_verdict {
	GPALD_FITS,         /* the request resolves with the size */
	GPALD_DOES_NOT_FIT, /* the request does not resolve with the size */
	GPALD_NOT_TRIED,    /* no result: is_spent or no_memory in the budget says why */
};

/* Returns the verdict of a try with this code, and notes in the budget if memory ran out. */
enum gpald_verdict gpald_verdict_of_code(int code, struct gpald_budget *budget);

/* Rounds a size down to a multiple of a unit, which need not be a power of two. */
static inline uint64_t gpald_whole_units(uint64_t size, uint64_t unit)
{
	return size - size % unit;
}

/* Tries a size. */
typedef enum gpald_verdict gpald_size_test(void *data, uint64_t size);

/*
 * Searches for a size that works although the next one, a unit more, does not. `good` works; `bad`
 * is larger by a multiple of the unit and does not work. Returns false if a try was not made.
 */
GPAL_MUST_USE bool gpald_find_size(uint64_t good, uint64_t bad, uint64_t unit,
				   gpald_size_test *test, void *data, uint64_t *size);

/* A copy of a request in which one size at a time can be changed. */
struct gpald_sizing {
	struct gpal_request request;
	struct gpald_resolve_options options; /* without a trace */
	const struct gpal_policy *policy;     /* the request is resolved under it */
	struct gpald_budget *budget;

	const struct gpal_request *original;
	uint64_t *nodes;                          /* copy, in `request` */
	struct gpal_root_complex *root_complexes; /* copy */
	struct gpal_hotplug_room *hotplug_rooms;  /* copy */
	struct gpal_cxl_window *cxl_windows;      /* copy */
	size_t cost;                              /* of a try, as a number of ranges to place */
	enum gpal_subject subject;                /* the member whose size can be changed */
	size_t index;
	bool *is_chosen; /* for gpald_sizing_choose_all(): the windows that are changed */
};

/*
 * Copies the lists of a request whose sizes can be changed. The request, what it points to, the
 * policy, the live layout and the budget are borrowed until gpald_sizing_clear(). Returns false if
 * out of memory. Call gpald_sizing_clear() in either case.
 */
GPAL_MUST_USE bool gpald_sizing_init(struct gpald_sizing *sizing,
				     const struct gpal_request *request,
				     const struct gpal_policy *policy,
				     struct gpald_resolve_options options,
				     struct gpald_budget *budget);
void gpald_sizing_clear(struct gpald_sizing *sizing);

/*
 * Chooses the member whose size is changed, which must exist, and restores the size of the one
 * chosen before. Returns the unit of its sizes; 0 if the range is pinned, or if the request cannot
 * choose this size.
 */
uint64_t gpald_sizing_choose(struct gpald_sizing *sizing, enum gpal_subject subject, size_t index);

/*
 * Returns the least size of the chosen member. Node 0 cannot be smaller than the low RAM window
 * that the request states.
 */
uint64_t gpald_sizing_min_size(const struct gpald_sizing *sizing, uint64_t unit);

/*
 * Chooses all windows of root complexes that must be placed: the low or the high ones, depending on
 * the subject. A try gives all of them the same size and the usual alignment. Returns their number.
 */
size_t gpald_sizing_choose_all(struct gpald_sizing *sizing, enum gpal_subject subject);

/*
 * Resolves the request with another size. After GPALD_FITS the caller owns *layout, unless `layout`
 * is NULL.
 */
enum gpald_verdict gpald_sizing_try(struct gpald_sizing *sizing, uint64_t size,
				    struct gpal_layout **layout);

/* Does the same, but the verdict is whether all ranges of a phase fit. */
enum gpald_verdict gpald_sizing_try_phase(struct gpald_sizing *sizing, uint64_t size,
					  enum gpal_kind phase);

#endif
