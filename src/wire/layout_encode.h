/* SPDX-License-Identifier: MIT */
/* Layouts, maps and policies as JSON, as a member `key` or, where that is NULL, as an element. */
#ifndef GPALD_WIRE_LAYOUT_ENCODE_H
#define GPALD_WIRE_LAYOUT_ENCODE_H

#include "wire/json_write.h"

#include <gpalayout/compare.h>
#include <gpalayout/layout.h>

/* The layout object of the protocol. `digest` is that of the layout; NULL: not known yet. */
void gpald_encode_layout(struct gpald_writer *w, const char *key, const struct gpal_layout *layout,
			 const char *digest);

/* The array of {tag, kind, start, end}. */
void gpald_encode_map(struct gpald_writer *w, const char *key, const struct gpal_map *map);

/* The array of {reason, tag, message}. */
void gpald_encode_warnings(struct gpald_writer *w, const char *key,
			   const struct gpal_layout *layout);

/* The array of {change, tag, from?, to?}, of all or of those that remove something. */
void gpald_encode_changes(struct gpald_writer *w, const char *key,
			  const struct gpal_changes *changes, bool removals_only);

/* {name, summary, defaults} */
void gpald_encode_policy(struct gpald_writer *w, const char *key, const struct gpal_policy *policy);

#endif
