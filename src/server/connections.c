/* SPDX-License-Identifier: MIT */
/* Accepts or turns away clients, and acts on all connections at once. */
#include "config.h"

#include "server/connection_state.h"

#include "server/options.h"
#include "ttrpc/envelope.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#define TRIM_BYTES_MIN ((size_t)1 << 20)

/* Accepting. */

#define FEW_CONNECTIONS 4 /* some places are for users who have fewer */

/*
 * Returns whether the limits refuse a user one more connection on a socket. An eighth of the
 * places, besides those for root, is kept for users with few connections, so a few users cannot
 * take all. Root has few if it has fewer than the places for root, or than FEW_CONNECTIONS.
 */
static bool is_full(const struct gpald_connections *all, const struct gpald_user *user,
		    bool inspect)
{
	const uint64_t *limits = all->service->limits->values;
	const uint64_t places =
		limits[inspect ? GPALD_LIMIT_INSPECT_CONNECTIONS : GPALD_LIMIT_CONNECTIONS];
	const uint64_t for_root = inspect ? 0 : limits[GPALD_LIMIT_CONNECTIONS_FOR_ROOT];
	uint64_t few = FEW_CONNECTIONS;
	uint64_t kept = 0;

	if (user->uid != 0)
		kept += for_root;
	else if (few < for_root)
		few = for_root;
	if (user->connections[inspect] >= few)
		kept += places / 8;
	return all->users.connections[inspect] + kept >= places ||
	       user->connections[inspect] >= limits[GPALD_LIMIT_CONNECTIONS_PER_UID];
}

/*
 * Sends the reason, reads some of the input, and closes the connection. Without the reading, most
 * clients would see a reset before the reply. On the ttrpc socket there is no reply.
 */
static void turn_away(struct gpald_connection *c, int fd, enum gpald_reason reason)
{
	char line[GPALD_RPC_PLAIN_SIZE];
	const size_t length =
		gpald_service_write_plain_refusal(c->all->service, &c->caller, reason, line);

	c->all->service->statistics.turned_away++;
	if (send(fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
		shutdown(fd, SHUT_WR);
		for (int i = 0; i < 8; i++)
			if (recv(fd, c->all->read_buffer, sizeof(c->all->read_buffer),
				 MSG_DONTWAIT) <= 0)
				break;
	}
	/* The refusal has been logged. */
	gpald_connection_close(c, GPALD_LOG_DEBUG, "turned_away");
}

/*
 * Finds out whether the peer of a socket is in a group, by its primary or a supplementary one.
 * Returns false if memory ran out.
 */
static bool look_for_group(int fd, const struct ucred *peer, gid_t group, bool *found)
{
	gid_t *groups;
	socklen_t size = 0;

	*found = group != GPALD_NO_GROUP && peer->gid == group;
	if (group == GPALD_NO_GROUP || *found)
		return true;
	/* The first call returns their size in bytes. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
		return true;
	groups = malloc(size);
	if (!groups)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0)
		for (size_t i = 0; i < size / sizeof(*groups); i++)
			*found |= groups[i] == group;
	free(groups);
	return true;
}

bool gpald_connection_accept(struct gpald_connections *all, uv_pipe_t *listener,
			     const struct gpald_socket_kind *socket_kind)
{
	const bool inspect = socket_kind->is_inspect;
	struct gpald_connection *c = calloc(1, sizeof(*c));
	struct ucred peer = { .uid = (uid_t)-1, .pid = 0 };
	socklen_t size = sizeof(peer);
	struct gpald_user *user;
	int fd;

	if (!c || uv_pipe_init(all->loop, &c->pipe, 0)) {
		gpald_log(GPALD_LOG_ERROR, "accept_failed", "error=\"out of memory\"");
		free(c);
		return false;
	}
	c->all = all;
	c->caller = (struct gpald_caller){ .uid = peer.uid, .socket_kind = socket_kind };
	LIST_INSERT_HEAD(&all->list, c, entry);
	TAILQ_INIT(&c->waits);
	all->count++;
	c->idle_since_ms = uv_now(all->loop);
	c->refuse_from_offset = all->is_stopping ? 0 : UINT64_MAX;
	gpald_line_buffer_init(&c->input,
			       socket_kind->is_framed ? GPALD_TTRPC_MESSAGE_MAX :
							(size_t)gpald_connection_limit(
								c, GPALD_LIMIT_REQUEST_LINE_BYTES),
			       socket_kind->is_framed);

	if (uv_accept((uv_stream_t *)listener, gpald_connection_stream(c)) ||
	    uv_fileno((uv_handle_t *)&c->pipe, &fd) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size)) {
		gpald_connection_close(c, GPALD_LOG_WARNING, "accept_failed");
		return true;
	}
	c->caller.uid = peer.uid;
	c->caller.pid = peer.pid;
	user = look_for_group(fd, &peer, all->admin_group, &c->caller.is_admin) ?
		       gpald_user_get(&all->users, peer.uid) :
		       NULL;
	if (!user) {
		turn_away(c, fd, GPALD_REASON_OF(GPAL_E_NO_MEMORY));
		return true;
	}
	if (is_full(all, user, inspect)) {
		turn_away(c, fd, GPALD_OVERLOADED);
		gpald_user_unref(&all->users, user);
		return true;
	}
	c->user = c->caller.user = user;
	user->connections[inspect]++;
	all->users.connections[inspect]++;
	all->service->statistics.accepted++;
	gpald_connection_log(GPALD_LOG_DEBUG, "connection_accepted", c, "none");
	gpald_connection_advance(c);
	return true;
}

/* All connections. */

/* Returns whether a connection has been idle since the last look. */
static bool is_idle(struct gpald_connection *c)
{
	const uint64_t received = gpald_line_buffer_received(&c->input);
	const bool is_quiet = received == c->received_seen;

	c->received_seen = received;
	return is_quiet && received == c->input.taken && !c->call && c->unsent_bytes == 0 &&
	       !c->caller.is_subscribed;
}

static void check_times(struct gpald_connection *c, uint64_t now)
{
	const size_t backlog = c->pipe.write_queue_size;

	/* While a connection is read, libuv reports when its client has gone. */
	if (!c->is_reading && gpald_connection_close_if_gone(c))
		return;
	if (c->lacks_memory) {
		c->lacks_memory = false;
		gpald_connection_advance(c);
	}
	if (backlog == 0 || backlog != c->backlog_seen) {
		c->backlog_seen = backlog;
		c->progress_at_ms = now;
	} else if (now - c->progress_at_ms >=
		   gpald_connection_limit(c, GPALD_LIMIT_OUTPUT_STALL_MS)) {
		gpald_connection_close(c, GPALD_LOG_WARNING, "output_stalled");
		return;
	}
	if (c->line_since_ms != 0 &&
	    now - c->line_since_ms >= gpald_connection_limit(c, GPALD_LIMIT_UNFINISHED_LINE_MS)) {
		gpald_connection_log(GPALD_LOG_WARNING, "line_unfinished", c, "timeout");
		gpald_connection_refuse_line(c, GPALD_TIMEOUT);
		gpald_connection_flush(c);
		gpald_connection_end_input(c);
		return;
	}
	if (!is_idle(c))
		c->idle_since_ms = now;
	else if (c->caller.socket_kind->is_inspect &&
		 now - c->idle_since_ms >= gpald_connection_limit(c, GPALD_LIMIT_INSPECT_IDLE_MS))
		gpald_connection_close(c, GPALD_LOG_DEBUG, "idle");
}

/* Calls `visit` for each connection that is not closing. `visit` may close its connection. */
static void for_each_connection(struct gpald_connections *all,
				void (*visit)(struct gpald_connection *c, uint64_t now))
{
	const uint64_t now = uv_now(all->loop);
	struct gpald_connection *c;

	/* A closed connection stays in the list until the loop runs its callback. */
	LIST_FOREACH(c, &all->list, entry)
		if (c->state != GPALD_CONNECTION_CLOSING)
			visit(c, now);
}

/*
 * Gives freed memory back to the system; without this, the C library keeps what lies between blocks
 * in use.
 */
static void trim_memory(struct gpald_connections *all)
{
	if (all->freed_bytes < TRIM_BYTES_MIN)
		return;
	all->freed_bytes = 0;
	malloc_trim(0);
}

void gpald_connections_tick(struct gpald_connections *all)
{
	for_each_connection(all, check_times);
	trim_memory(all);
}

static void schedule_events(struct gpald_connection *c, uint64_t now)
{
	(void)now;
	if (!c->caller.is_subscribed && TAILQ_EMPTY(&c->waits))
		return;
	gpald_subscription_close_if_lost(c);
	if (c->state != GPALD_CONNECTION_CLOSING)
		gpald_connection_advance(c);
}

void gpald_connections_schedule_events(struct gpald_connections *all)
{
	if (all->subscribers || all->wait_count)
		for_each_connection(all, schedule_events);
}

static void stop_serving(struct gpald_connection *c, uint64_t now)
{
	(void)now;
	c->refuse_from_offset = gpald_line_buffer_received(&c->input);
}

void gpald_connections_stop_serving(struct gpald_connections *all)
{
	all->is_stopping = true;
	for_each_connection(all, stop_serving);
}

/*
 * Stops input: from now on the kernel accepts nothing from the client, whose writes fail. Input
 * that it has accepted is read to the end, and requests that begin in it are refused.
 */
static void stop_reading(struct gpald_connection *c, uint64_t now)
{
	struct pollfd peer = { .events = POLLRDHUP };

	(void)now;
	if (c->state != GPALD_CONNECTION_OPEN || uv_fileno((uv_handle_t *)&c->pipe, &peer.fd))
		return;
	/* If the client shut down its side, its last line is complete. */
	if (poll(&peer, 1, 0) == 1 && (peer.revents & POLLRDHUP))
		return;
	c->is_input_cut_off = true;
	if (shutdown(peer.fd, SHUT_RD))
		gpald_connection_end_input(c);
}

void gpald_connections_stop_reading(struct gpald_connections *all)
{
	for_each_connection(all, stop_reading);
}

static void close_at_timeout(struct gpald_connection *c, uint64_t now)
{
	(void)now;
	gpald_connection_close(c, GPALD_LOG_WARNING, "drain_timeout");
}

static void close_at_signal(struct gpald_connection *c, uint64_t now)
{
	(void)now;
	gpald_connection_close(c, GPALD_LOG_WARNING, "second_signal");
}

void gpald_connections_close(struct gpald_connections *all, bool is_timeout)
{
	for_each_connection(all, is_timeout ? close_at_timeout : close_at_signal);
}

void gpald_connections_clear(struct gpald_connections *all)
{
	gpald_workspace_clear(&all->space);
	for (size_t i = 0; i < GPALD_HELD_MAX; i++)
		gpald_writer_clear(&all->held[i].text);
}
