/* SPDX-License-Identifier: MIT */
/*
 * Random inputs for the property test.
 *
 * A seed names one input for ever. Inputs are drawn from a table of styles, so
 * that cramped, fragmented, enormous and everyday spaces all occur, and a part
 * of them is then spoilt in one or two ways, so that every error does.
 *
 * What is drawn lives in a case object. Tests hand the library a copy: there
 * every list and every name is an allocation of exactly its size, so that a
 * sanitizer sees one byte too far, and so that no two runs see equal addresses.
 */
#ifndef PROPERTY_INPUTS_H
#define PROPERTY_INPUTS_H

#include "random.h"

#include <gpalayout/gpalayout.h>
#include <stdint.h>
#include <stdio.h>

/* Every allocation an input is made of. */
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

/* Zeroed memory that is freed with its case; aborts when there is none. */
void *blocks_take(struct blocks *blocks, size_t size);
char *blocks_text(struct blocks *blocks, const char *text);
void blocks_free(struct blocks *blocks);

/* A copy of a list; NULL of an empty one. */
void *blocks_list(struct blocks *blocks, const void *list, size_t count, size_t size);

/*
 * A name that no other number of its stem has: of all the kinds of characters and lengths
 * that names may have, or the stem and the number alone.
 */
char *draw_name(struct blocks *blocks, struct random *random, const char *stem, size_t number);
char *plain_name(struct blocks *blocks, const char *stem, size_t number);

/* Devices for a low or a high window, mostly a few. */
void draw_devices(struct blocks *blocks, struct random *random, struct gpal_window *window,
		  bool high);

/*
 * A window over some of the root complexes that have CXL; false: there are none. Its
 * name is the caller's to give.
 */
bool draw_cxl_window(struct blocks *blocks, struct random *random,
		     const struct gpal_request *request, struct gpal_cxl_window *window);

/*
 * A size of up to 2^bits bytes, 12 <= bits <= 64, page aligned and not 0: powers
 * of two, their neighbours, and anything below.
 */
uint64_t draw_size(struct random *random, unsigned int bits);

/*
 * `scale` multiplies how many ranges and demands there are at most; 1 for some
 * hundred of them. Draw, copy: given to the caller, who frees it with
 * alloc_case_free().
 */
struct alloc_case *alloc_case_draw(uint64_t seed, unsigned int scale);
struct alloc_case *alloc_case_copy(const struct gpal_alloc_input *input);
void alloc_case_free(struct alloc_case *alloc_case);

struct request_case *request_case_draw(uint64_t seed);
struct request_case *request_case_copy(const struct gpal_request *request);

/*
 * A request for a VM that has a layout: the one it was made of, changed in a few
 * places, or another one altogether. Given and freed as the others.
 */
struct request_case *request_case_change(const struct gpal_request *before,
					 const struct gpal_layout *live, uint64_t seed);
void request_case_free(struct request_case *request_case);

/* The input as one line of JSON, fit for layout.allocate and layout.resolve. */
void alloc_input_print(FILE *stream, const struct gpal_alloc_input *input);
void request_print(FILE *stream, const struct gpal_request *request);

#endif
