/* SPDX-License-Identifier: MIT */
/*
 * Accepts clients at the sockets and watches their files. A socket cannot be bound twice, so a new
 * one replaces a socket whose file is gone. No new client can reach the old socket, which stays
 * open until a later check of the files finds that its last client has been accepted.
 */
#include "config.h"

#include "server/endpoints.h"

#include "server/log.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ACCEPTED_PER_ROUND_MAX 16 /* leaves time for all other work */
#define WATCH_MS 400              /* between two checks of the files */

/* Accepts clients at a listening socket, which libuv owns. */
struct gpald_acceptor {
	uv_pipe_t pipe; /* first */
	struct gpald_endpoint *endpoint;
	bool client_waits; /* a client waits for memory, or for the next round of the loop */
};

/* Accepting. */

/* Accepts the next client. If there is no memory for it, the tick tries again. */
static void accept_client(struct gpald_acceptor *acceptor)
{
	const struct gpald_endpoint *endpoint = acceptor->endpoint;

	acceptor->client_waits = !gpald_connection_accept(endpoint->all->connections,
							  &acceptor->pipe, endpoint->socket_kind);
}

/* Returns whether a client still waits. */
static bool accept_waiting(struct gpald_acceptor *acceptor)
{
	if (acceptor && acceptor->client_waits)
		accept_client(acceptor);
	return acceptor && acceptor->client_waits;
}

bool gpald_endpoints_accept_waiting(struct gpald_endpoints *all)
{
	bool client_waits = false;

	for (size_t i = 0; i < all->count; i++) {
		client_waits |= accept_waiting(all->endpoints[i].acceptor);
		client_waits |= accept_waiting(all->endpoints[i].old_acceptor);
	}
	return client_waits;
}

static void on_round(uv_check_t *check)
{
	struct gpald_endpoints *all = check->data;

	all->accepted = 0;
	uv_check_stop(check);
	gpald_endpoints_accept_waiting(all);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct gpald_acceptor *acceptor = (struct gpald_acceptor *)stream;
	struct gpald_endpoints *all = acceptor->endpoint->all;

	if (status < 0) {
		gpald_log(GPALD_LOG_ERROR, "accept_failed", "error=%s", uv_err_name(status));
		return;
	}
	/* libuv calls this again until no client waits, or until one is not accepted. */
	uv_check_start(&all->round, on_round);
	if (++all->accepted > ACCEPTED_PER_ROUND_MAX)
		acceptor->client_waits = true;
	else
		accept_client(acceptor);
	all->arrived(all->data);
}

/* Opening and closing. */

static void on_acceptor_closed(uv_handle_t *handle)
{
	free(handle);
}

static void close_acceptor(struct gpald_acceptor **acceptor)
{
	if (*acceptor)
		uv_close((uv_handle_t *)&(*acceptor)->pipe, on_acceptor_closed);
	*acceptor = NULL;
}

/* Passes the socket of the listener to libuv. */
static int open_acceptor(struct gpald_endpoint *endpoint)
{
	struct gpald_listener *listener = &endpoint->listener;
	struct gpald_acceptor *acceptor = calloc(1, sizeof(*acceptor));
	char quoted[GPALD_LOG_QUOTE_SIZE];
	int code = UV_ENOMEM;

	if (acceptor) {
		/* It fails only for invalid arguments. */
		uv_pipe_init(endpoint->all->loop, &acceptor->pipe, 0);
		acceptor->endpoint = endpoint;
		code = uv_pipe_open(&acceptor->pipe, listener->fd);
	}
	if (code == 0) {
		listener->fd = -1; /* the pipe closes it */
		code = uv_listen((uv_stream_t *)&acceptor->pipe, SOMAXCONN, on_connection);
	}
	if (code == 0) {
		endpoint->acceptor = acceptor;
		return 0;
	}
	close_acceptor(&acceptor);
	gpald_listener_unbind(listener);
	if (gpald_log_ratelimit())
		gpald_log(GPALD_LOG_ERROR, "listen_failed", "path=%s error=%s",
			  gpald_log_quote(listener->path, quoted), uv_err_name(code));
	return -1;
}

/* Watching. */

static void note_loss(struct gpald_endpoint *endpoint, const char *lost)
{
	char quoted[GPALD_LOG_QUOTE_SIZE];

	if (!endpoint->is_lost)
		gpald_log(GPALD_LOG_WARNING, "socket_lost",
			  "socket=%s path=%s what=\"removed or replaced by someone else\"",
			  endpoint->socket_kind->name, gpald_log_quote(lost, quoted));
	endpoint->is_lost = true;
}

/* If the socket was bound again, replaces the acceptor with one for the new socket. */
static int replace_acceptor(struct gpald_endpoint *endpoint)
{
	struct gpald_acceptor *old_acceptor = endpoint->acceptor;

	if (endpoint->listener.fd < 0)
		return 0;
	endpoint->acceptor = NULL;
	if (open_acceptor(endpoint)) {
		endpoint->acceptor = old_acceptor;
		return -1;
	}
	endpoint->old_acceptor = old_acceptor;
	return 0;
}

static void check_files(struct gpald_endpoint *endpoint)
{
	const char *lost = gpald_listener_lost_path(&endpoint->listener);
	char quoted[GPALD_LOG_QUOTE_SIZE];

	if (endpoint->old_acceptor && !endpoint->old_acceptor->client_waits)
		close_acceptor(&endpoint->old_acceptor);
	if (lost)
		note_loss(endpoint, lost);
	if (!endpoint->is_lost || endpoint->old_acceptor ||
	    gpald_listener_restore(&endpoint->listener) || replace_acceptor(endpoint))
		return;
	endpoint->is_lost = false;
	gpald_log(GPALD_LOG_INFO, "socket_restored", "socket=%s path=%s",
		  endpoint->socket_kind->name, gpald_log_quote(endpoint->listener.path, quoted));
}

static void on_watch(uv_timer_t *timer)
{
	struct gpald_endpoints *all = timer->data;

	for (size_t i = 0; i < all->count; i++)
		check_files(&all->endpoints[i]);
}

/* All of them. */

void gpald_endpoints_init(struct gpald_endpoints *all)
{
	/* These fail only for invalid arguments. */
	all->round.data = all;
	uv_check_init(all->loop, &all->round);
	all->watch.data = all;
	uv_timer_init(all->loop, &all->watch);
	uv_timer_start(&all->watch, on_watch, WATCH_MS, WATCH_MS);
}

static struct gpald_endpoint *next_endpoint(struct gpald_endpoints *all,
					    const struct gpald_socket_kind *socket_kind)
{
	struct gpald_endpoint *endpoint = &all->endpoints[all->count];

	assert(all->count < sizeof(all->endpoints) / sizeof(all->endpoints[0]));
	*endpoint = (struct gpald_endpoint){ .all = all, .socket_kind = socket_kind };
	return endpoint;
}

void gpald_endpoints_add_given(struct gpald_endpoints *all,
			       const struct gpald_socket_kind *socket_kind, const char *path,
			       int fd)
{
	struct gpald_endpoint *endpoint = next_endpoint(all, socket_kind);

	gpald_listener_use_given(&endpoint->listener, path, fd);
	all->count++;
}

/* Returns whether a socket of this daemon is at the path, perhaps under another name. */
static bool is_own_socket(const struct gpald_endpoints *all, const char *path)
{
	struct stat info;

	if (stat(path, &info))
		return false;
	for (size_t i = 0; i < all->count; i++)
		if (all->endpoints[i].listener.inode == info.st_ino &&
		    all->endpoints[i].listener.device == info.st_dev)
			return true;
	return false;
}

int gpald_endpoints_bind(struct gpald_endpoints *all, const struct gpald_socket_kind *socket_kind,
			 const char *path, mode_t mode, uid_t owner, gid_t group)
{
	struct gpald_endpoint *endpoint = next_endpoint(all, socket_kind);
	char quoted[GPALD_LOG_QUOTE_SIZE];

	if (is_own_socket(all, path)) {
		gpald_log(GPALD_LOG_ERROR, "listen_failed",
			  "path=%s what=\"another socket of this daemon has this path\"",
			  gpald_log_quote(path, quoted));
		return -1;
	}
	if (gpald_listener_open(&endpoint->listener, path, mode, owner, group))
		return -1;
	all->count++;
	return 0;
}

static void log_listening(const struct gpald_endpoint *endpoint)
{
	const struct gpald_listener *listener = &endpoint->listener;
	char quoted[GPALD_LOG_QUOTE_SIZE];

	if (listener->is_given)
		gpald_log(GPALD_LOG_INFO, "listening", "socket=%s path=%s from=\"service manager\"",
			  endpoint->socket_kind->name, gpald_log_quote(listener->path, quoted));
	else
		gpald_log(GPALD_LOG_INFO, "listening", "socket=%s path=%s mode=%04o",
			  endpoint->socket_kind->name, gpald_log_quote(listener->path, quoted),
			  listener->mode);
}

int gpald_endpoints_start_accepting(struct gpald_endpoints *all)
{
	for (size_t i = 0; i < all->count; i++) {
		if (open_acceptor(&all->endpoints[i]))
			return -1;
		log_listening(&all->endpoints[i]);
	}
	return 0;
}

void gpald_endpoints_close_listeners(struct gpald_endpoints *all)
{
	for (size_t i = 0; i < all->count; i++)
		gpald_listener_close(&all->endpoints[i].listener);
}

void gpald_endpoints_remove_files(struct gpald_endpoints *all)
{
	uv_timer_stop(&all->watch);
	gpald_endpoints_close_listeners(all);
}

void gpald_endpoints_close(struct gpald_endpoints *all)
{
	gpald_endpoints_remove_files(all);
	for (size_t i = 0; i < all->count; i++) {
		close_acceptor(&all->endpoints[i].acceptor);
		close_acceptor(&all->endpoints[i].old_acceptor);
	}
}

void gpald_endpoints_clear(struct gpald_endpoints *all)
{
	gpald_endpoints_close(all);
	uv_close((uv_handle_t *)&all->round, NULL);
	uv_close((uv_handle_t *)&all->watch, NULL);
}
