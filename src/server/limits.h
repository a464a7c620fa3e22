/* SPDX-License-Identifier: MIT */
/* The daemon's limits: a row each, shown by daemon.info. */
#ifndef GPALD_SERVER_LIMITS_H
#define GPALD_SERVER_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

enum gpald_limit {
	GPALD_LIMIT_REQUEST_LINE_BYTES,   /* longest line taken, its end excluded */
	GPALD_LIMIT_REPLY_BYTES,          /* longest reply given */
	GPALD_LIMIT_CONNECTIONS,          /* on the control socket */
	GPALD_LIMIT_INSPECT_CONNECTIONS,  /* on the inspect socket */
	GPALD_LIMIT_CONNECTIONS_PER_UID,  /* on each socket */
	GPALD_LIMIT_CONNECTIONS_FOR_ROOT, /* of `connections`, kept for uid 0 */
	GPALD_LIMIT_QUEUED_REQUESTS,      /* a connection; then reading pauses */
	GPALD_LIMIT_OUTPUT_PAUSE_BYTES,   /* of unsent replies; then reading pauses */
	GPALD_LIMIT_OUTPUT_CLOSE_BYTES,   /* of unsent replies; then the connection is closed */
	GPALD_LIMIT_OUTPUT_USER_BYTES,    /* of unsent replies of a uid; then its reading pauses */
	GPALD_LIMIT_OUTPUT_STALL_MS,      /* without progress; then the connection is closed */
	GPALD_LIMIT_UNFINISHED_LINE_MS,   /* from a line's first byte to its end */
	GPALD_LIMIT_INSPECT_IDLE_MS,      /* without a request; then an inspect client is closed */
	GPALD_LIMIT_VIRTIO_MMIO_SLOTS,
	GPALD_LIMIT_MEMORY_NODES,
	GPALD_LIMIT_ROOT_COMPLEXES,
	GPALD_LIMIT_HOTPLUG_ROOMS,
	GPALD_LIMIT_CXL_WINDOWS,
	GPALD_LIMIT_WINDOW_DEVICES,
	GPALD_LIMIT_LIVE_LAYOUTS,
	GPALD_LIMIT_LIVE_LAYOUTS_PER_UID, /* 0: none but the one above */
	GPALD_LIMIT_LIST_PAGE,            /* layouts in a reply */
	GPALD_LIMIT_EVENTS_KEPT,          /* for subscribers that were away */
	GPALD_LIMIT_STORE_BYTES,          /* of the database file */
	GPALD_LIMIT_STORE_BYTES_PER_UID,  /* of requests and layouts; 0: none */
	GPALD_LIMIT_DRAIN_MS,             /* from SIGTERM to exit */
	GPALD_LIMIT_COUNT
};

struct gpald_limits {
	uint64_t values[GPALD_LIMIT_COUNT];
};

void gpald_limits_init(struct gpald_limits *limits);

/* The stable name, such as "connections_per_uid"; static. */
const char *gpald_limit_name(enum gpald_limit limit);

/*
 * Sets a limit from "NAME=VALUE", and tells which. On failure returns what is wrong with it,
 * for the user, until the next call. NULL: done.
 */
const char *gpald_limits_set(struct gpald_limits *limits, const char *assignment,
			     enum gpald_limit *which);

#endif
