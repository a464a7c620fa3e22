/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * Reading and answering are apart. Bytes that arrive are only cut into lines; a
 * connection with a whole line waits for its turn. Turns go round the users, and
 * within a user round the connections; a turn is a fraction of a millisecond, and
 * after a few of them the loop looks at its sockets again. So no client waits for
 * another's pile of work.
 *
 * A request counts as queued from the moment its line is taken until libuv has
 * written its reply. libuv queues writes without bound, so the bound is here:
 * while too many requests are queued or too many bytes unsent, by the connection
 * or by all of its user, no line is taken and nothing is read, and the client's
 * own writes block. Each finished write takes up the work again.
 *
 * End of input is not end of output: the connection closes when nothing is owed.
 */
#include "config.h"

#include "server/connection.h"

#include "server/line_buffer.h"
#include "server/log.h"

#include <assert.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum state {
	STATE_OPEN,
	STATE_INPUT_ENDED, /* reads no more; closes when nothing is owed */
	STATE_CLOSING,     /* the handle is being closed */
	STATE_COUNT
};

static const char *const state_names[] = { "open", "input_ended", "closing" };

static_assert(sizeof(state_names) / sizeof(state_names[0]) == STATE_COUNT, "each state has a name");

#define TURN_NS UINT64_C(250000)   /* of a connection, but always one request */
#define TURNS_NS UINT64_C(2000000) /* of all connections, before sockets are looked at again */

struct gpald_connection {
	uv_pipe_t pipe; /* first, so that the two share an address */
	struct gpald_connections *all;
	struct gpald_connection *previous, *next;
	struct gpald_user *user;
	struct gpald_turn turn;
	struct gpald_caller caller;
	enum state state;
	bool is_reading;

	struct gpald_line_buffer input;
	bool is_cut_off;      /* the unfinished line at the end of the input does not count */
	uint64_t line_since;  /* when the unfinished line began, in loop time; 0: there is none */
	uint64_t serve_until; /* refuse lines that begin here in the stream, or later */

	char *output;
	size_t output_length;
	size_t output_capacity;
	size_t output_requests; /* whose replies are in output */
	size_t queued;          /* requests taken whose replies are not wholly written */
	size_t unsent;          /* bytes of replies not wholly written, in output and in libuv */

	size_t backlog_seen; /* bytes libuv had not written at the last look */
	uint64_t progress_at;
};

struct write {
	uv_write_t request; /* first */
	struct gpald_connection *connection;
	size_t requests;
	size_t length;
	char *data;
};

static struct gpald_connection *of_turn(struct gpald_turn *turn)
{
	return (struct gpald_connection *)((char *)turn - offsetof(struct gpald_connection, turn));
}

static uint64_t limit(const struct gpald_connection *c, enum gpald_limit which)
{
	return c->all->service->limits->values[which];
}

static uv_stream_t *stream(struct gpald_connection *c)
{
	return (uv_stream_t *)&c->pipe;
}

static void log_peer(enum gpald_log_level level, const char *event,
		     const struct gpald_connection *c, const char *reason)
{
	gpald_log(level, event, "uid=%ld pid=%ld socket=%s state=%s reason=%s", (long)c->caller.uid,
		  (long)c->caller.pid, c->caller.inspect ? "inspect" : "control",
		  state_names[c->state], reason);
}

static void advance(struct gpald_connection *c);

/*
 * Bytes of replies are no longer owed: they were written, or the connection is
 * gone. Connections that were held back by them go on.
 */
static void release(struct gpald_connection *c, size_t bytes)
{
	const uint64_t most = limit(c, GPALD_LIMIT_OUTPUT_USER_BYTES);
	const bool held_back = c->user->unsent >= most;

	c->unsent -= bytes;
	c->user->unsent -= bytes;
	if (!held_back || c->user->unsent >= most)
		return;
	for (struct gpald_connection *other = c->all->first; other; other = other->next)
		if (other != c && other->user == c->user && other->state != STATE_CLOSING)
			advance(other);
}

static void on_closed(uv_handle_t *handle)
{
	struct gpald_connection *c = (struct gpald_connection *)handle;
	struct gpald_connections *all = c->all;

	if (c->previous)
		c->previous->next = c->next;
	else
		all->first = c->next;
	if (c->next)
		c->next->previous = c->previous;
	all->count--;
	if (c->user) {
		release(c, c->unsent);
		gpald_user_unref(&all->users, c->user);
	}
	gpald_line_buffer_clear(&c->input);
	free(c->output);
	free(c);
	if (all->count == 0 && all->on_empty)
		all->on_empty(all);
}

static void close_connection(struct gpald_connection *c, enum gpald_log_level level,
			     const char *reason)
{
	if (c->state == STATE_CLOSING)
		return;
	log_peer(level, "connection_closed", c, reason);
	c->state = STATE_CLOSING;
	if (c->user) {
		gpald_user_leave(c->user, &c->turn);
		c->user->connections--;
		c->all->users.connections--;
	}
	uv_close((uv_handle_t *)&c->pipe, on_closed);
}

/* Output. */

static bool is_held_back(const struct gpald_connection *c)
{
	return c->queued >= limit(c, GPALD_LIMIT_QUEUED_REQUESTS) ||
	       c->unsent >= limit(c, GPALD_LIMIT_OUTPUT_PAUSE_BYTES) ||
	       c->user->unsent >= limit(c, GPALD_LIMIT_OUTPUT_USER_BYTES);
}

static bool append_output(struct gpald_connection *c, const char *reply, size_t length)
{
	const size_t needed = c->output_length + length;
	size_t capacity = c->output_capacity;
	char *grown;

	while (capacity < needed) {
		if (capacity > SIZE_MAX / 2)
			return false;
		capacity *= 2;
	}
	if (capacity > c->output_capacity) {
		grown = realloc(c->output, capacity);
		if (!grown)
			return false;
		c->output = grown;
		c->output_capacity = capacity;
	}
	memcpy(c->output + c->output_length, reply, length);
	c->output_length = needed;
	return true;
}

/* Takes over a reply; NULL is out of memory and closes the connection. */
static void add_reply(struct gpald_connection *c, char *reply, size_t length)
{
	if (reply && c->output_length == 0) {
		free(c->output);
		c->output = reply;
		c->output_length = c->output_capacity = length;
	} else if (reply && append_output(c, reply, length)) {
		free(reply);
	} else {
		free(reply);
		close_connection(c, GPALD_LOG_ERROR, "out_of_memory");
		return;
	}
	c->output_requests++;
	c->queued++;
	c->unsent += length;
	c->user->unsent += length;
}

static void refuse(struct gpald_connection *c, enum gpald_reason reason)
{
	size_t length = 0;
	char *reply = gpald_service_refusal(c->all->service, &c->caller, reason, &length);

	add_reply(c, reply, length);
}

static void on_written(uv_write_t *request, int status)
{
	struct write *write = (struct write *)request;
	struct gpald_connection *c = write->connection;

	c->queued -= write->requests;
	release(c, write->length);
	free(write->data);
	free(write);
	if (c->state == STATE_CLOSING)
		return;
	if (status < 0) {
		close_connection(c, GPALD_LOG_DEBUG, uv_err_name(status));
		return;
	}
	c->progress_at = uv_now(c->all->loop);
	advance(c);
}

static void flush(struct gpald_connection *c)
{
	struct write *write;
	uv_buf_t buffer;
	int code;

	if (c->output_length == 0 || c->state == STATE_CLOSING)
		return;
	write = malloc(sizeof(*write));
	if (!write) {
		close_connection(c, GPALD_LOG_ERROR, "out_of_memory");
		return;
	}
	*write = (struct write){
		.connection = c,
		.requests = c->output_requests,
		.length = c->output_length,
		.data = c->output,
	};
	/* At most one reply of bounded size above the pause limit, so it fits 32 bits. */
	buffer = uv_buf_init(c->output, (unsigned int)c->output_length);
	/* What libuv has written since the last look would be forgotten below. */
	if (c->pipe.write_queue_size == 0 || c->pipe.write_queue_size != c->backlog_seen)
		c->progress_at = uv_now(c->all->loop);
	c->output = NULL;
	c->output_length = c->output_capacity = c->output_requests = 0;
	code = uv_write(&write->request, stream(c), &buffer, 1, on_written);
	if (code < 0) {
		/* What it held stays counted as unsent until the connection has closed. */
		free(write->data);
		free(write);
		close_connection(c, GPALD_LOG_DEBUG, uv_err_name(code));
		return;
	}
	c->backlog_seen = c->pipe.write_queue_size;
	if (c->backlog_seen > limit(c, GPALD_LIMIT_OUTPUT_CLOSE_BYTES))
		close_connection(c, GPALD_LOG_WARNING, "output_queue_full");
}

/* Input. */

static void answer(struct gpald_connection *c, const char *line, size_t length, uint64_t offset)
{
	size_t reply_length = 0;
	bool failed;
	char *reply = gpald_service_answer(c->all->service, &c->caller, line, length,
					   offset >= c->serve_until, &reply_length, &failed);

	if (reply || failed)
		add_reply(c, reply, reply_length);
}

/* Takes one line and answers it. False: there is none now. */
static bool take_line(struct gpald_connection *c)
{
	const char *line;
	size_t length;
	uint64_t offset;
	enum gpald_line found = gpald_line_buffer_next(&c->input, &line, &length, &offset);

	if (found == GPALD_LINE_NONE && c->state == STATE_INPUT_ENDED && !c->is_cut_off)
		found = gpald_line_buffer_last(&c->input, &line, &length, &offset);
	if (found == GPALD_LINE_NONE)
		return false;
	if (found == GPALD_LINE_TOO_LONG)
		refuse(c, GPALD_MESSAGE_TOO_LARGE);
	else
		answer(c, line, length, offset);
	return true;
}

/* Whether there are lines to take, held back or not. */
static bool has_lines(struct gpald_connection *c)
{
	return gpald_line_buffer_has_line(&c->input) ||
	       (c->state == STATE_INPUT_ENDED && !c->is_cut_off &&
		gpald_line_buffer_received(&c->input) > c->input.taken);
}

/* A connection's turn: lines until its time is up, it is held back, or there are none. */
static void serve(struct gpald_connection *c)
{
	const uint64_t end = uv_hrtime() + TURN_NS;

	while (c->state != STATE_CLOSING && !is_held_back(c) && take_line(c))
		if (uv_hrtime() >= end)
			break;
	gpald_line_buffer_trim(&c->input);
	flush(c);
	if (c->state != STATE_CLOSING)
		advance(c);
}

static void on_idle(uv_idle_t *idle)
{
	struct gpald_connections *all = idle->data;
	const uint64_t end = uv_hrtime() + TURNS_NS;
	struct gpald_turn *turn;

	while ((turn = gpald_users_next_turn(&all->users))) {
		serve(of_turn(turn));
		if (uv_hrtime() >= end)
			return;
	}
	uv_idle_stop(idle);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct gpald_connection *c = (struct gpald_connection *)handle;

	(void)suggested;
	*buffer = uv_buf_init(c->all->read_buffer, sizeof(c->all->read_buffer));
}

static void on_read(uv_stream_t *handle, ssize_t length, const uv_buf_t *buffer)
{
	struct gpald_connection *c = (struct gpald_connection *)handle;

	if (length == 0 || c->state == STATE_CLOSING)
		return;
	if (length == UV_EOF) {
		c->state = STATE_INPUT_ENDED;
	} else if (length < 0) {
		close_connection(c, GPALD_LOG_DEBUG, uv_err_name((int)length));
		return;
	} else {
		if (!gpald_line_buffer_append(&c->input, buffer->base, (size_t)length)) {
			close_connection(c, GPALD_LOG_ERROR, "out_of_memory");
			return;
		}
	}
	advance(c);
}

static void update_reading(struct gpald_connection *c)
{
	/* Lines that wait for a turn are enough for now. */
	const bool want = c->state == STATE_OPEN && !is_held_back(c) && !c->turn.is_waiting;
	int code = 0;

	if (want && !c->is_reading)
		code = uv_read_start(stream(c), on_alloc, on_read);
	else if (!want && c->is_reading)
		uv_read_stop(stream(c));
	c->is_reading = want;
	if (code < 0)
		close_connection(c, GPALD_LOG_DEBUG, uv_err_name(code));
}

/*
 * Goes on after anything has changed: waits for a turn, reads on, or ends. Has no
 * effect on a connection whose state is as it should be.
 */
static void advance(struct gpald_connection *c)
{
	const bool has_work = has_lines(c);
	const bool held_back = is_held_back(c);
	const bool is_unfinished = c->state == STATE_OPEN && !held_back && !has_work &&
				   gpald_line_buffer_is_unfinished(&c->input);

	if (!is_unfinished)
		c->line_since = 0;
	else if (c->line_since == 0)
		c->line_since = uv_now(c->all->loop);

	if (has_work && !held_back) {
		gpald_user_wait(c->user, &c->turn);
		uv_idle_start(&c->all->idle, on_idle);
	}
	update_reading(c);
	if (c->state == STATE_INPUT_ENDED && c->queued == 0 && !has_work)
		close_connection(c, GPALD_LOG_DEBUG, "done");
}

/* Ends input from this side; whole lines that have been read are answered. */
static void end_input(struct gpald_connection *c)
{
	if (c->state != STATE_OPEN)
		return;
	c->state = STATE_INPUT_ENDED;
	c->is_cut_off = true;
	advance(c);
}

/* Accepting. */

/* Whether there is no place for one more connection of that user. */
static bool is_full(const struct gpald_connections *all, const struct gpald_user *user)
{
	const uint64_t *limits = all->service->limits->values;
	const uint64_t all_places = limits[GPALD_LIMIT_CONNECTIONS];
	const uint64_t of_root = limits[GPALD_LIMIT_CONNECTIONS_FOR_ROOT];
	uint64_t places = all_places;

	/* However few there may be, half of them are for everyone. */
	if (user->uid != 0)
		places -= of_root < all_places / 2 ? of_root : all_places / 2;
	return all->users.connections >= places ||
	       user->connections >= limits[GPALD_LIMIT_CONNECTIONS_PER_UID];
}

/*
 * Says why and hangs up. Some of what the client has sent is read, so that most
 * clients see the reply before the reset.
 */
static void turn_away(struct gpald_connection *c, int fd)
{
	size_t length = 0;
	char *reply = gpald_service_refusal(c->all->service, &c->caller, GPALD_OVERLOADED, &length);

	if (reply && send(fd, reply, length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
		shutdown(fd, SHUT_WR);
		for (int i = 0; i < 8; i++)
			if (recv(fd, c->all->read_buffer, sizeof(c->all->read_buffer),
				 MSG_DONTWAIT) <= 0)
				break;
	}
	free(reply);
	/* The refusal has been logged. */
	close_connection(c, GPALD_LOG_DEBUG, "too_many_connections");
}

bool gpald_connection_accept(struct gpald_connections *all, uv_pipe_t *listener, bool inspect)
{
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
	c->next = all->first;
	if (c->next)
		c->next->previous = c;
	all->first = c;
	all->count++;
	c->serve_until = all->is_stopping ? 0 : UINT64_MAX;
	gpald_line_buffer_init(&c->input, (size_t)limit(c, GPALD_LIMIT_REQUEST_LINE_BYTES));

	if (uv_accept((uv_stream_t *)listener, stream(c)) ||
	    uv_fileno((uv_handle_t *)&c->pipe, &fd) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size)) {
		close_connection(c, GPALD_LOG_WARNING, "accept_failed");
		return true;
	}
	c->caller = (struct gpald_caller){ peer.uid, peer.pid, inspect };
	user = gpald_user_ref(&all->users, peer.uid);
	if (!user) {
		close_connection(c, GPALD_LOG_ERROR, "out_of_memory");
		return true;
	}
	if (is_full(all, user)) {
		turn_away(c, fd);
		gpald_user_unref(&all->users, user);
		return true;
	}
	c->user = user;
	user->connections++;
	all->users.connections++;
	log_peer(GPALD_LOG_DEBUG, "connection_accepted", c, "none");
	advance(c);
	return true;
}

/* All connections. */

static void check_times(struct gpald_connection *c, uint64_t now)
{
	const size_t backlog = c->pipe.write_queue_size;

	if (backlog == 0 || backlog != c->backlog_seen) {
		c->backlog_seen = backlog;
		c->progress_at = now;
	} else if (now - c->progress_at >= limit(c, GPALD_LIMIT_OUTPUT_STALL_MS)) {
		close_connection(c, GPALD_LOG_WARNING, "output_stalled");
		return;
	}
	if (c->line_since != 0 && now - c->line_since >= limit(c, GPALD_LIMIT_UNFINISHED_LINE_MS)) {
		log_peer(GPALD_LOG_WARNING, "line_unfinished", c, "timeout");
		refuse(c, GPALD_TIMEOUT);
		flush(c);
		end_input(c);
	}
}

/* Calls `visit` for each connection not yet closing; it may close the one it is given. */
static void for_each(struct gpald_connections *all,
		     void (*visit)(struct gpald_connection *c, uint64_t now))
{
	const uint64_t now = uv_now(all->loop);

	/* A closed connection leaves the list only when the loop turns. */
	for (struct gpald_connection *c = all->first; c; c = c->next)
		if (c->state != STATE_CLOSING)
			visit(c, now);
}

void gpald_connections_tick(struct gpald_connections *all)
{
	for_each(all, check_times);
}

static void stop_serving(struct gpald_connection *c, uint64_t now)
{
	(void)now;
	c->serve_until = gpald_line_buffer_received(&c->input);
}

void gpald_connections_stop_serving(struct gpald_connections *all)
{
	all->is_stopping = true;
	for_each(all, stop_serving);
}

/*
 * From here on the kernel takes nothing more from the client, and says so to it.
 * What it has taken is read to the end, and refused by name.
 */
static void stop_reading(struct gpald_connection *c, uint64_t now)
{
	struct pollfd peer = { .events = POLLRDHUP };

	(void)now;
	if (c->state != STATE_OPEN || uv_fileno((uv_handle_t *)&c->pipe, &peer.fd))
		return;
	/* A client that has ended its input itself has had its last line cut off by nobody. */
	if (poll(&peer, 1, 0) == 1 && (peer.revents & POLLRDHUP))
		return;
	c->is_cut_off = true;
	if (shutdown(peer.fd, SHUT_RD))
		end_input(c);
}

void gpald_connections_stop_reading(struct gpald_connections *all)
{
	for_each(all, stop_reading);
}

static void close_now(struct gpald_connection *c, uint64_t now)
{
	(void)now;
	close_connection(c, GPALD_LOG_WARNING, "drain_timeout");
}

void gpald_connections_close(struct gpald_connections *all)
{
	for_each(all, close_now);
}
