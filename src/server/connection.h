/* SPDX-License-Identifier: MIT */
/*
 * One client: lines in, replies out, in order, within the limits. A connection
 * frees itself when its handle has closed.
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

/* What the turn of a connection has to send. */
struct gpald_held {
	struct gpald_connection *connection;
	struct gpald_writer text;
};

#define GPALD_HELD_MAX 8 /* turns that are sent together */

/* All connections of a server, and what they share. */
struct gpald_connections {
	uv_loop_t *loop;
	struct gpald_service *service;
	gid_t admin_group; /* whose members may change the layouts of others; (gid_t)-1: none */

	/*
	 * Both run while connections wait for their turn: turns are given after the sockets
	 * have been looked at, and the loop does not sleep. Their data is this struct.
	 */
	uv_check_t turns;
	uv_idle_t awake;

	struct gpald_workspace space;           /* of the connection that has its turn */
	struct gpald_held held[GPALD_HELD_MAX]; /* while turns are given */
	size_t held_count;
	uint64_t held_since; /* when the first of them was held */
	uint64_t read_since; /* when the last read began, in uv_hrtime() */
	uint64_t reading_ns; /* what reading took since turns were given */
	uint64_t to_read_ns; /* what those will take who read on after their turn */
	size_t to_give_back; /* bytes freed since memory was last given back */

	LIST_HEAD(, gpald_connection) list;
	size_t count; /* open and closing ones */
	struct gpald_users users;
	size_t subscribers;
	size_t waits;          /* calls that wait for events */
	uv_timer_t next_limit; /* of the time of calls */
	bool is_stopping;      /* requests of connections accepted from now on are refused */

	/* Called after the last connection has gone; may be NULL. */
	void (*on_empty)(struct gpald_connections *connections);
	void *data; /* for on_empty */

	char read_buffer[65536]; /* one read at a time, on one thread */
};

/*
 * Accepts the waiting client of a listening pipe, or turns it away with a reply
 * and a log line. False: out of memory; the client waits, and so do all behind it,
 * until this is called again.
 */
GPAL_MUST_USE bool gpald_connection_accept(struct gpald_connections *connections,
					   uv_pipe_t *listener, const struct gpald_socket *socket);

/* Makes the handle of the limits of calls. */
void gpald_waits_init(struct gpald_connections *connections);

/* A request that was to be answered later can be answered now, when it is its turn. */
void gpald_connection_ready(struct gpald_connection *connection);

/* Sends subscribers what has happened; to be called after the registry was settled. */
void gpald_connections_send_events(struct gpald_connections *connections);

/* Enforces the limits on time; to be called every so often while there are connections. */
void gpald_connections_tick(struct gpald_connections *connections);

/*
 * From now on requests that arrive are refused with "shutting_down"; those already
 * read are answered.
 */
void gpald_connections_stop_serving(struct gpald_connections *connections);

/*
 * Takes no more input: what clients have sent before is read and refused, and each
 * connection closes when its replies have been written.
 */
void gpald_connections_stop_reading(struct gpald_connections *connections);

/* Closes all, whatever they are owed. */
void gpald_connections_close(struct gpald_connections *connections);

/* Frees what connections share, when there are none. */
void gpald_connections_clear(struct gpald_connections *connections);

#endif
