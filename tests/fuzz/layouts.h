/* SPDX-License-Identifier: MIT */
/* Checks that hold for every layout, however it was made. */
#ifndef GPALD_TESTS_FUZZ_LAYOUTS_H
#define GPALD_TESTS_FUZZ_LAYOUTS_H

#include <cjson/cJSON.h>
#include <gpalayout/gpalayout.h>

/* The map is in order, nothing overlaps, and the numbers follow from it. */
void check_map(const struct gpal_layout *layout);

/*
 * The same, and nodes, reserved ranges, root complexes, rooms, CXL windows, slots and host bits
 * match the request.
 */
void check_layout(const struct gpal_request *request, const struct gpal_layout *layout);

void check_same_addresses(const struct gpal_layout *a, const struct gpal_layout *b);

/* Returns a layout as a client gets it. */
cJSON *layout_json(const struct gpal_layout *layout);

/*
 * The JSON of the layout is accepted as a layout in full. Written again, it is the same except for
 * warnings, which are not read.
 */
void check_accepted_in_full(const struct gpal_layout *layout);
void check_json_accepted_in_full(const cJSON *layout);

#endif
