/* SPDX-License-Identifier: MIT */
/* Where the well-known holes of hosts are. */
#ifndef GPALD_CORE_HOLES_H
#define GPALD_CORE_HOLES_H

#include <gpalayout/request.h>

struct gpald_hole {
	const char *name;
	enum gpal_arch arch; /* of hosts that have it */
	struct gpal_range range;
};

/* All that a request reserves: its reserved ranges, and then the holes. */
static inline size_t gpald_reserved_count(const struct gpal_request *request)
{
	return request->reserved_count + request->host_hole_count;
}
struct gpal_named_range gpald_reserved_at(const struct gpal_request *request, size_t index);

/* One of the enum. */
const struct gpald_hole *gpald_hole_find(enum gpal_hole hole);

#endif
