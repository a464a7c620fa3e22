/* SPDX-License-Identifier: MIT */
/* The limits of the daemon, in one table. daemon.info shows them. */
#ifndef GPALD_SERVER_LIMITS_H
#define GPALD_SERVER_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

enum gpald_limit {
	GPALD_LIMIT_REQUEST_LINE_BYTES,   /* longest request line, without its end */
	GPALD_LIMIT_REPLY_BYTES,          /* longest reply */
	GPALD_LIMIT_CONNECTIONS,          /* on the control and the ttrpc socket together */
	GPALD_LIMIT_INSPECT_CONNECTIONS,  /* on the inspect socket */
	GPALD_LIMIT_CONNECTIONS_PER_UID,  /* of a uid; the inspect socket is counted apart */
	GPALD_LIMIT_CONNECTIONS_FOR_ROOT, /* the last of `connections`, only for uid 0 */
	/*
	 * A connection with this many unwritten replies is paused. If this many of its calls wait
	 * for events, another one is refused.
	 */
	GPALD_LIMIT_QUEUED_REQUESTS,
	GPALD_LIMIT_OUTPUT_PAUSE_BYTES, /* of a connection, not sent; then it is paused */
	GPALD_LIMIT_OUTPUT_CLOSE_BYTES, /* of a connection, not sent; then it is closed */
	GPALD_LIMIT_OUTPUT_USER_BYTES,  /* of a uid, not sent; then its connections are paused */
	GPALD_LIMIT_OUTPUT_STALL_MS,    /* without progress; then the connection is closed */
	GPALD_LIMIT_UNFINISHED_LINE_MS, /* to the end of a line, once the daemon waits for it */
	GPALD_LIMIT_INSPECT_IDLE_MS, /* idle, unsubscribed inspect connection; then it is closed */
	GPALD_LIMIT_VIRTIO_MMIO_SLOTS,
	GPALD_LIMIT_MEMORY_NODES,
	GPALD_LIMIT_ROOT_COMPLEXES,
	GPALD_LIMIT_HOTPLUG_ROOMS,
	GPALD_LIMIT_CXL_WINDOWS,
	GPALD_LIMIT_WINDOW_DEVICES,
	GPALD_LIMIT_LIVE_LAYOUTS,
	GPALD_LIMIT_LIVE_LAYOUTS_PER_UID, /* 0: only the limit above */
	GPALD_LIMIT_LIST_PAGE,            /* layouts, or events of a history, in a reply */
	GPALD_LIMIT_EVENTS_KEPT,          /* for late and slow subscribers, and layout.history */
	GPALD_LIMIT_STORE_BYTES,          /* of the database; its file may be larger */
	GPALD_LIMIT_STORE_BYTES_PER_UID,  /* of requests and layouts; 0: no limit */
	GPALD_LIMIT_DRAIN_MS,             /* from SIGTERM to exit */
	GPALD_LIMIT_COUNT
};

struct gpald_limits {
	uint64_t values[GPALD_LIMIT_COUNT];
};

void gpald_limits_init(struct gpald_limits *limits);

/* Returns the stable name, such as "connections_per_uid"; static. */
const char *gpald_limit_name(enum gpald_limit limit);

/*
 * Sets the limit of "NAME=VALUE", and sets *which to it. Returns an error text for the user, valid
 * until the next call; NULL: done.
 */
const char *gpald_limits_set(struct gpald_limits *limits, const char *assignment,
			     enum gpald_limit *which);

#endif
