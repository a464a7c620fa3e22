/* SPDX-License-Identifier: MIT */
/*
 * A client connection: it takes lines and sends replies, within the limits. A connection frees
 * itself when its handle has closed.
 */
#ifndef GPALD_SERVER_CONNECTION_H
#define GPALD_SERVER_CONNECTION_H

#include "server/service.h"
#include "server/user.h"

#include <gpalayout/export.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

struct gpald_connection;

/* The output of the turn of a connection, to be sent together with others. */
struct gpald_held_output {
	struct gpald_connection *connection;
	struct gpald_writer text;
};

#define GPALD_HELD_MAX 8 /* turns whose output is sent together */

/* All connections of a server, and their shared state. */
struct gpald_connections {
	uv_loop_t *loop;
	struct gpald_service *service;
	/* May change the layouts of others and take backups; GPALD_NO_GROUP: none. */
	gid_t admin_group;

	/*
	 * Both run while connections wait for their turn: `turns` gives turns after the loop has
	 * looked at its sockets, and `awake` keeps the loop from sleeping. The data of `turns` is
	 * this struct.
	 */
	uv_check_t turns;
	uv_idle_t awake;

	struct gpald_workspace space;                  /* of the connection whose turn it is */
	struct gpald_held_output held[GPALD_HELD_MAX]; /* used while turns are given */
	size_t held_count;
	uint64_t held_since_ns;    /* when the first one was held */
	uint64_t read_began_ns;    /* when the last read began, in uv_hrtime() */
	uint64_t round_read_ns;    /* time that reading took since turns were given */
	uint64_t expected_read_ns; /* expected time of the large reads after these turns */
	size_t freed_bytes;        /* bytes freed since malloc_trim() was last called */

	LIST_HEAD(, gpald_connection) list;
	size_t count; /* open and closing ones */
	struct gpald_users users;
	size_t subscribers;
	size_t wait_count;     /* calls that wait for events */
	uv_timer_t wait_timer; /* fires when the next call times out */
	bool is_stopping; /* requests of new connections are refused, and calls that wait end */

	/* Called after the last connection has gone; may be NULL. */
	void (*on_empty)(struct gpald_connections *connections);
	void *data; /* for on_empty */

	char read_buffer[65536]; /* one read at a time, on one thread */
};

/*
 * Accepts the waiting client of a listening pipe, or turns it away with a log line and, except on
 * the ttrpc socket, a reply. Returns false if there is no memory for a connection; the client, and
 * all after it, wait until this is called again.
 */
GPAL_MUST_USE bool gpald_connection_accept(struct gpald_connections *connections,
					   uv_pipe_t *listener,
					   const struct gpald_socket_kind *socket_kind);

/* Initialises the timer for timeouts of calls. */
void gpald_waits_init(struct gpald_connections *connections);

/*
 * Tells a connection that the answer of its pending request is ready; it is sent in the next turn.
 */
void gpald_connection_answer_ready(struct gpald_connection *connection);

/*
 * Gives a turn to each connection that has new events for its subscription or its waiting calls,
 * and closes each subscriber whose next event is no longer kept. Call it after the registry was
 * settled.
 */
void gpald_connections_schedule_events(struct gpald_connections *connections);

/* Enforces the limits on time. Call it regularly while there are connections. */
void gpald_connections_tick(struct gpald_connections *connections);

/*
 * From now on arriving requests are refused with "shutting_down". Requests that have been read are
 * answered.
 */
void gpald_connections_stop_serving(struct gpald_connections *connections);

/*
 * Takes no more input. Input that clients have sent before is read and refused, and each connection
 * closes when its replies have been written.
 */
void gpald_connections_stop_reading(struct gpald_connections *connections);

/*
 * Closes all connections, even if replies are unsent. `is_timeout` selects the reason in the log:
 * the drain timeout, or a second signal.
 */
void gpald_connections_close(struct gpald_connections *connections, bool is_timeout);

/* Frees the shared state. No connection may exist. */
void gpald_connections_clear(struct gpald_connections *connections);

#endif
