/* SPDX-License-Identifier: MIT */
/*
 * What would happen if one size were another: a request, or the bare allocator's
 * input, is tried with it. Nothing here knows a rule of placement.
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

/* What may be spent on tries: the things that are placed in all of them together. */
struct gpald_budget {
	size_t left;
	bool no_memory; /* a try could not be made for want of memory */
	bool is_spent;  /* one was not made, because too little was left */
};

/* Enough for every size of a VM of everyday size, and a fraction of a second at most. */
#define GPALD_BUDGET ((size_t)1 << 18)

/* Whether a try of that many things may be made; takes it off. */
GPAL_MUST_USE bool gpald_budget_take(struct gpald_budget *budget, size_t things);

enum gpald_verdict {
	GPALD_DOES,
	GPALD_DOES_NOT,
	GPALD_NOT_TRIED, /* the budget says why */
};

/* Of a try that gave this code; notes that it lacked memory. */
enum gpald_verdict gpald_verdict_of(int code, struct gpald_budget *budget);

/* The multiple of a unit, which need not be a power of two, that is not above a size. */
static inline uint64_t gpald_whole_units(uint64_t size, uint64_t unit)
{
	return size - size % unit;
}

typedef enum gpald_verdict gpald_size_test(void *data, uint64_t size);

/*
 * Between `good`, which does, and `bad`, which does not and is more, a size that does
 * while the next, a unit more, does not; they are a multiple of the unit apart. False:
 * a try was not made.
 */
GPAL_MUST_USE bool gpald_find_size(uint64_t good, uint64_t bad, uint64_t unit,
				   gpald_size_test *test, void *data, uint64_t *size);

/* A request of which one size at a time can be changed. */
struct gpald_sizing {
	struct gpal_request request;
	struct gpald_around around;       /* what it is resolved around; nothing is told */
	const struct gpal_policy *policy; /* and under what */
	struct gpald_budget *budget;

	const struct gpal_request *original;
	uint64_t *nodes;                          /* of the request, its own */
	struct gpal_root_complex *root_complexes; /* the same */
	struct gpal_hotplug_room *hotplug_rooms;  /* the same */
	struct gpal_cxl_window *cxl_windows;      /* the same */
	size_t things;                            /* that are placed in a try */
	enum gpal_subject subject;                /* whose size can be changed */
	size_t index;
	bool *is_chosen; /* for each root complex, whether its window is one of those alike */
};

/* Copies a request. False: out of memory. To be cleared in any case. */
GPAL_MUST_USE bool gpald_sizing_init(struct gpald_sizing *sizing,
				     const struct gpal_request *request,
				     const struct gpal_policy *policy, struct gpald_around around,
				     struct gpald_budget *budget);
void gpald_sizing_clear(struct gpald_sizing *sizing);

/*
 * Chooses the size to be changed, that of a member which is there; the one chosen
 * before is as it was. Returns the unit its sizes have to be multiples of; 0: it is
 * not the request's to say, or it is pinned.
 */
uint64_t gpald_sizing_choose(struct gpald_sizing *sizing, enum gpal_subject subject, size_t index);

/* The least size that it can have: that of node 0 holds its low RAM window. */
uint64_t gpald_sizing_least(const struct gpald_sizing *sizing, uint64_t unit);

/*
 * Chooses the sizes of all windows of root complexes that are to be placed, of low ones or
 * of high ones by the subject, to be changed alike; their alignment is the usual one.
 * Returns their number.
 */
size_t gpald_sizing_choose_all(struct gpald_sizing *sizing, enum gpal_subject subject);

/*
 * Resolves with another size. GPALD_DOES: *layout is given to the caller. `layout`
 * may be NULL.
 */
enum gpald_verdict gpald_sizing_try(struct gpald_sizing *sizing, uint64_t size,
				    struct gpal_layout **layout);

/* Whether all that a phase places would have its place with that size. */
enum gpald_verdict gpald_sizing_try_phase(struct gpald_sizing *sizing, uint64_t size,
					  enum gpal_kind phase);

#endif
