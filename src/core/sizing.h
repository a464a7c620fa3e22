/* SPDX-License-Identifier: MIT */
/*
 * What would happen if one size were another: a request, or the bare allocator's
 * input, is tried with it. Nothing here knows a rule of placement.
 */
#ifndef GPALD_CORE_SIZING_H
#define GPALD_CORE_SIZING_H

#include <gpalayout/allocator.h>
#include <gpalayout/error.h>
#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a size will do. */
typedef bool gpald_size_test(void *data, uint64_t size);

/*
 * Between `good`, which does, and `bad`, which does not and is more, a size that does
 * while the next, a unit more, does not. Both are multiples of the unit apart.
 */
uint64_t gpald_find_size(uint64_t good, uint64_t bad, uint64_t unit, gpald_size_test *test,
			 void *data);

/* A request with one size that can be changed. */
struct gpald_sizing {
	struct gpal_request request;
	uint64_t *nodes;                   /* of the request; NULL: not its own */
	struct gpal_root_complex *windows; /* its root complexes; NULL: not its own */
	enum gpal_subject subject;
	size_t index;
	uint64_t unit; /* sizes are multiples of it */
};

/*
 * Prepares the size of that member, which has to be there, to be changed. False: it
 * is not for the request to say, it is pinned, or memory is out. To be cleared in any
 * case.
 */
GPAL_MUST_USE bool gpald_sizing_init(struct gpald_sizing *sizing,
				     const struct gpal_request *request, enum gpal_subject subject,
				     size_t index);
void gpald_sizing_set(struct gpald_sizing *sizing, uint64_t size);
void gpald_sizing_clear(struct gpald_sizing *sizing);

/* Fills in error->largest_size of an input that is exhausted. */
void gpald_advise_request(const struct gpal_request *request, const struct gpal_policy *policy,
			  struct gpal_error *error);
void gpald_advise_input(const struct gpal_alloc_input *input, struct gpal_error *error);

#endif
