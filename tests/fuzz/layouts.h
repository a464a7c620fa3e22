/* SPDX-License-Identifier: MIT */
/* What holds for every layout, whoever made it. */
#ifndef GPALD_TESTS_FUZZ_LAYOUTS_H
#define GPALD_TESTS_FUZZ_LAYOUTS_H

#include <cjson/cJSON.h>
#include <gpalayout/gpalayout.h>

/* The map is in order, nothing overlaps, and the numbers follow from it. */
void check_map(const struct gpal_layout *layout);

/* The same; and it has what the request asks for. */
void check_layout(const struct gpal_request *request, const struct gpal_layout *layout);

void check_same_addresses(const struct gpal_layout *a, const struct gpal_layout *b);

/* A layout as a client reads it. */
cJSON *layout_json(const struct gpal_layout *layout);

/* As JSON it is accepted as a layout in full, and is the same when it is written again,
 * but for warnings, which are not read. */
void check_taken_in_full(const struct gpal_layout *layout);
void check_json_taken_in_full(const cJSON *layout);

#endif
