/* SPDX-License-Identifier: MIT */
/* Layouts, maps and policies as JSON. Each function returns a tree, or NULL: out of memory. */
#ifndef GPALD_WIRE_LAYOUT_ENCODE_H
#define GPALD_WIRE_LAYOUT_ENCODE_H

#include <cjson/cJSON.h>
#include <gpalayout/compare.h>
#include <gpalayout/layout.h>

/* The layout object of the protocol. */
cJSON *gpald_encode_layout(const struct gpal_layout *layout);

/* The array of {tag, kind, start, end}. */
cJSON *gpald_encode_map(const struct gpal_map *map);

/* The array of {change, tag, from?, to?}. */
cJSON *gpald_encode_changes(const struct gpal_changes *changes);

/* The same, of those alone that remove something. */
cJSON *gpald_encode_removals(const struct gpal_changes *changes);

/* {name, summary, defaults} */
cJSON *gpald_encode_policy(const struct gpal_policy *policy);

#endif
