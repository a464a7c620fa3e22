/* SPDX-License-Identifier: MIT */
/* The table of well-known holes of hosts. holes.c names their sources. */
#ifndef GPALD_CORE_HOLES_H
#define GPALD_CORE_HOLES_H

#include <gpalayout/request.h>

struct gpald_hole_row {
	const char *name;
	enum gpal_arch arch; /* of the hosts that have it */
	struct gpal_range range;
};

/*
 * gpald_reserved_count() returns how many ranges a request reserves. gpald_reserved_at() returns
 * one of them by its index: the reserved ranges come first, then the holes.
 */
static inline size_t gpald_reserved_count(const struct gpal_request *request)
{
	return request->reserved_count + request->host_hole_count;
}
struct gpal_named_range gpald_reserved_at(const struct gpal_request *request, size_t index);

/* Returns the row of a hole, which must be in the enum. */
const struct gpald_hole_row *gpald_hole_find(enum gpal_hole hole);

#endif
