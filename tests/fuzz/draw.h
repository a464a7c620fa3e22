/* SPDX-License-Identifier: MIT */
/*
 * Makes requests from the bytes of an input. A request begins as the smallest one, and each edit
 * changes one thing. So a small change of the input is a small change of the request.
 */
#ifndef GPALD_TESTS_FUZZ_DRAW_H
#define GPALD_TESTS_FUZZ_DRAW_H

#include "tests/fuzz/fuzz.h"

#include <gpalayout/gpalayout.h>

#define DRAWN_NODES 8
#define DRAWN_ROOT_COMPLEXES 6
#define DRAWN_RESERVED 4
#define DRAWN_ROOMS 3
#define DRAWN_CXL_WINDOWS 2

/* The lists of the request point into this struct, so use drawn_copy() to copy it. */
struct drawn {
	struct gpal_request request;
	uint64_t nodes[DRAWN_NODES];
	struct gpal_root_complex root_complexes[DRAWN_ROOT_COMPLEXES];
	struct gpal_named_range reserved[DRAWN_RESERVED];
	struct gpal_hotplug_room rooms[DRAWN_ROOMS];
	struct gpal_cxl_window cxl_windows[DRAWN_CXL_WINDOWS];
	const char *targets[DRAWN_CXL_WINDOWS][DRAWN_ROOT_COMPLEXES];
	enum gpal_hole holes[1];
};

void drawn_init(struct drawn *drawn);
void drawn_copy(struct drawn *copy, const struct drawn *drawn);

/* Makes up to `most` edits. They may pin addresses of `live`, a layout or NULL. */
void drawn_edit(struct drawn *drawn, struct fuzz_bytes *bytes, size_t most,
		const struct gpal_layout *live);

/*
 * Draws a power of two, a size up to 255 pages above or below one, or a number of 16 bits times a
 * power of two.
 */
uint64_t draw_size(struct fuzz_bytes *bytes);

#endif
