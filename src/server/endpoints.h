/* SPDX-License-Identifier: MIT */
/*
 * The sockets at which clients connect. The daemon opens them, accepts clients a few at a time, and
 * binds them again if somebody has removed or replaced their files; otherwise nobody could reach
 * the running daemon.
 */
#ifndef GPALD_SERVER_ENDPOINTS_H
#define GPALD_SERVER_ENDPOINTS_H

#include "server/connection.h"
#include "server/listener.h"

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct gpald_endpoints;
struct gpald_acceptor;

struct gpald_endpoint {
	struct gpald_endpoints *all;
	const struct gpald_socket_kind *socket_kind;
	struct gpald_listener listener;
	struct gpald_acceptor *acceptor; /* NULL: it is closed */
	/* The previous socket: its file is gone, but clients may still wait there. NULL: none. */
	struct gpald_acceptor *old_acceptor;
	bool is_lost; /* a file was lost, which was logged, and is not restored yet */
};

struct gpald_endpoints {
	uv_loop_t *loop;
	struct gpald_connections *connections;
	void (*arrived)(void *data); /* a client has connected */
	void *data;

	/* For endpoints.c only. */
	struct gpald_endpoint endpoints[3];
	size_t count;
	uv_check_t round;      /* runs once after clients were accepted */
	unsigned int accepted; /* in this round of the loop */
	uv_timer_t watch;      /* for the checks of the files */
};

/* Initialises the handles. Set `loop`, `connections`, `arrived` and `data` first. */
void gpald_endpoints_init(struct gpald_endpoints *all);

/*
 * Adds a socket and binds it; see gpald_listener_open(). It needs no loop yet. `path` is borrowed
 * while the sockets are open. Returns 0, or -1 after it has logged the error.
 */
GPAL_MUST_USE int gpald_endpoints_bind(struct gpald_endpoints *all,
				       const struct gpald_socket_kind *socket_kind,
				       const char *path, mode_t mode, uid_t owner, gid_t group);

/* Adds a socket on which the service manager listens at `path`. */
void gpald_endpoints_add_given(struct gpald_endpoints *all,
			       const struct gpald_socket_kind *socket_kind, const char *path,
			       int fd);

/* Begins to accept clients at all sockets. Returns 0, or -1 after it has logged the error. */
GPAL_MUST_USE int gpald_endpoints_start_accepting(struct gpald_endpoints *all);

/* Accepts clients that wait to be accepted. Returns whether some still wait. */
bool gpald_endpoints_accept_waiting(struct gpald_endpoints *all);

/* Undoes gpald_endpoints_bind() if the start fails before gpald_endpoints_start_accepting(). */
void gpald_endpoints_close_listeners(struct gpald_endpoints *all);

/*
 * Removes the files of the sockets that the daemon has bound, so that no other client can connect
 * there. Leaves sockets of the service manager alone. Clients that have connected may still wait to
 * be accepted.
 */
void gpald_endpoints_remove_files(struct gpald_endpoints *all);

/* Closes the sockets that are open, and drops clients that wait. */
void gpald_endpoints_close(struct gpald_endpoints *all);

/* Like gpald_endpoints_close(), and also closes the handles of gpald_endpoints_init(). */
void gpald_endpoints_clear(struct gpald_endpoints *all);

#endif
