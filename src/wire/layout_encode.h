/* SPDX-License-Identifier: MIT */
/*
 * Writes layouts, maps and policies as JSON, or in the form of the writer: as the member `key`, or
 * as an element if `key` is NULL. In protobuf, each member needs a field in proto/gpalayout.proto.
 */
#ifndef GPALD_WIRE_LAYOUT_ENCODE_H
#define GPALD_WIRE_LAYOUT_ENCODE_H

#include "wire/json_write.h"

#include <gpalayout/compare.h>
#include <gpalayout/layout.h>

/* Writes the layout object of the protocol. If `digest` is NULL, it is computed. */
void gpald_encode_layout(struct gpald_writer *w, const char *key, const struct gpal_layout *layout,
			 const char *digest);

/* Writes the array of {tag, kind, start, end}. */
void gpald_encode_map(struct gpald_writer *w, const char *key, const struct gpal_map *map);

/* Writes the array of {reason, tag, message}. */
void gpald_encode_warnings(struct gpald_writer *w, const char *key,
			   const struct gpal_layout *layout);

/* Writes the array of {change, tag, from?, to?}: all changes, or only those that are removals. */
void gpald_encode_changes(struct gpald_writer *w, const char *key,
			  const struct gpal_changes *changes, bool removals_only);

/* Writes {name, summary, defaults}. */
void gpald_encode_policy(struct gpald_writer *w, const char *key, const struct gpal_policy *policy);

#endif
