/* SPDX-License-Identifier: MIT */
/*
 * Random inputs for the property test.
 *
 * A seed always gives the same input. Inputs of the bare allocator are drawn from a table of
 * styles, so that cramped, fragmented, enormous and everyday spaces all occur. Some inputs then
 * get up to three faults, so that every error occurs.
 *
 * A case object holds all memory of an input. In a copy every list and every name is an allocation
 * of its exact size, so that a sanitizer sees an access one byte past the end, and so that no two
 * runs see equal addresses.
 */
#ifndef PROPERTY_INPUTS_H
#define PROPERTY_INPUTS_H

#include "random.h"

#include <gpalayout/gpalayout.h>
#include <stdint.h>
#include <stdio.h>

/* All allocations of an input. */
struct blocks {
	void **list;
	size_t count;
	size_t room;
};

struct alloc_case {
	struct gpal_alloc_input input;
	struct blocks blocks;
};

struct request_case {
	struct gpal_request request;
	struct blocks blocks;
};

/* Returns zeroed memory that is freed with its case. Aborts if memory ran out. */
void *blocks_take(struct blocks *blocks, size_t size);
char *blocks_text(struct blocks *blocks, const char *text);
void blocks_free(struct blocks *blocks);

/* Returns a copy of a list; NULL if it is empty. */
void *blocks_list(struct blocks *blocks, const void *list, size_t count, size_t size);

/*
 * Make a name that is different for each number of the same stem. draw_name() adds unusual
 * characters, and makes some names as long as names may be. plain_name() uses only the stem and the
 * number.
 */
char *draw_name(struct blocks *blocks, struct random *random, const char *stem, size_t number);
char *plain_name(struct blocks *blocks, const char *stem, size_t number);

/* Draws devices for a low or a high window, mostly a few. */
void draw_devices(struct blocks *blocks, struct random *random, struct gpal_window *window,
		  bool high);

/*
 * Draws a window over some of the root complexes that have CXL. Returns false if there are none.
 * The caller sets the name.
 */
bool draw_cxl_window(struct blocks *blocks, struct random *random,
		     const struct gpal_request *request, struct gpal_cxl_window *window);

/*
 * Draws a size of up to 2^bits bytes and 3 pages, 12 <= bits <= 64. It is page aligned and not 0: a
 * power of two, a neighbour of one, or any smaller size.
 */
uint64_t draw_size(struct random *random, unsigned int bits);

/*
 * `scale` multiplies the greatest number of ranges and demands. With 1, there are at most a few
 * hundred. The caller frees the result with alloc_case_free().
 */
struct alloc_case *alloc_case_draw(uint64_t seed, unsigned int scale);
struct alloc_case *alloc_case_copy(const struct gpal_alloc_input *input);
void alloc_case_free(struct alloc_case *alloc_case);

/* The caller frees the result with request_case_free(). */
struct request_case *request_case_draw(uint64_t seed);
struct request_case *request_case_copy(const struct gpal_request *request);

/*
 * Draws a request for a VM that has a layout: the old one with a few changes, or a completely
 * different one. The caller frees the result with request_case_free().
 */
struct request_case *request_case_change(const struct gpal_request *before,
					 const struct gpal_layout *live, uint64_t seed);
void request_case_free(struct request_case *request_case);

/* Print one line of JSON: the params of layout.allocate, or the `request` of layout.resolve. */
void alloc_input_print(FILE *stream, const struct gpal_alloc_input *input);
void request_print(FILE *stream, const struct gpal_request *request);

#endif
