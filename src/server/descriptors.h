/* SPDX-License-Identifier: MIT */
/*
 * The limit on open files, and how many connections it leaves. At that limit libuv silently drops
 * clients, so the daemon accepts fewer connections instead.
 */
#ifndef GPALD_SERVER_DESCRIPTORS_H
#define GPALD_SERVER_DESCRIPTORS_H

#include "server/limits.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Raises the soft limit to the hard limit. If that is too low to serve a few connections, logs an
 * error and returns false.
 */
bool gpald_descriptors_raise_limit(void);

/* Returns an upper bound on the open descriptors if all allowed connections are open. */
uint64_t gpald_descriptors_max(const struct gpald_limits *limits, bool has_inspect_socket);

/*
 * Lowers the limits on connections to the descriptors that remain now, and logs it. If
 * connections_for_root is above half of the connections, lowers it to that, without logging it.
 * Call it when everything but connections is open. Clients see the lower limits.
 */
void gpald_descriptors_lower_limits(struct gpald_limits *limits, bool has_inspect_socket);

#endif
