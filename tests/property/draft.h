/* SPDX-License-Identifier: MIT */
/* A request under construction. draw_request.c fills it in and spoil_request.c adds faults. */
#ifndef PROPERTY_DRAFT_H
#define PROPERTY_DRAFT_H

#include "inputs.h"

#define KIB UINT64_C(0x400)
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)
#define TIB (1024 * GIB)
#define PAGE GPAL_PAGE_SIZE

#define NODES_MAX 24
#define ROOT_COMPLEXES_MAX 24
#define RESERVED_MAX 80
#define ROOMS_MAX 16
#define CXL_WINDOWS_MAX 8

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct draft {
	struct random random;
	struct request_case *drawn;
	struct gpal_request *request;
	uint64_t *nodes;
	struct gpal_root_complex *rcs;
	struct gpal_named_range *reserved;
	struct gpal_hotplug_room *rooms;
	struct gpal_cxl_window *cxl_windows;
	bool odd_names;
};

/* Makes a name that is different for each number of the same stem. */
char *draft_name(struct draft *draft, const char *stem, size_t number);

void draft_reserve(struct draft *draft, struct gpal_range range);

/* Returns a hole of the architecture. It points into a static list. */
const enum gpal_hole *draft_hole(const struct draft *draft);

/*
 * Adds a random fault. A fault of a pinned range is possible only if `pins_too` is set: a request
 * has at most one of these, because their order is not specified.
 */
void draft_spoil(struct draft *draft, bool pins_too);

#endif
