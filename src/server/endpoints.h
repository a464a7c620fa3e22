/* SPDX-License-Identifier: MIT */
/*
 * The sockets at which clients come in: opened, accepted from in turns, and bound
 * again when somebody has removed or replaced their files, which would leave a
 * daemon running that nobody can reach.
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
struct gpald_door;

struct gpald_endpoint {
	struct gpald_endpoints *all;
	const struct gpald_socket *socket;
	struct gpald_listener listener;
	struct gpald_door *door;   /* NULL: it is closed */
	struct gpald_door *former; /* its file is gone, and some clients may still wait at it */
	bool is_lost;              /* as logged: a file of the listener is */
};

struct gpald_endpoints {
	uv_loop_t *loop;
	struct gpald_connections *connections;
	void (*arrived)(void *data); /* somebody has connected */
	void *data;

	/* The rest is their own. */
	struct gpald_endpoint endpoints[3];
	size_t count;
	uv_check_t round;      /* runs once after clients were accepted */
	unsigned int accepted; /* since the loop last looked at its sockets */
	uv_timer_t watch;      /* for the files */
};

/* Makes the handles. The members before them are set. */
void gpald_endpoints_init(struct gpald_endpoints *all);

/*
 * One more, whose socket is bound; see gpald_listener_open(). It needs no loop yet. `path`
 * is borrowed for as long as they are open. -1 if that fails, which is logged; 0: done.
 */
GPAL_MUST_USE int gpald_endpoints_bind(struct gpald_endpoints *all,
				       const struct gpald_socket *socket, const char *path,
				       mode_t mode, uid_t owner, gid_t group);

/* One more on a socket that the service manager listens on at `path`. */
void gpald_endpoints_take(struct gpald_endpoints *all, const struct gpald_socket *socket,
			  const char *path, int fd);

/* Accepts at all of them. -1 if that fails, which is logged; 0: done. */
GPAL_MUST_USE int gpald_endpoints_listen(struct gpald_endpoints *all);

/* Accepts clients that had to wait. True: some still have to. */
bool gpald_endpoints_accept_waiting(struct gpald_endpoints *all);

/* Undoes gpald_endpoints_bind(), if there is no loop yet. */
void gpald_endpoints_unbind(struct gpald_endpoints *all);

/* No one else can connect; who has may still be waiting to be accepted. */
void gpald_endpoints_remove_files(struct gpald_endpoints *all);

/* Closes them, and with them goes who waits. They may be closed already. */
void gpald_endpoints_close(struct gpald_endpoints *all);

/* Closes the handles of gpald_endpoints_init(), too. */
void gpald_endpoints_end(struct gpald_endpoints *all);

#endif
