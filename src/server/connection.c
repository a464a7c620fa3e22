/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * Bytes read are gathered in `input`; whole lines are answered at once and their
 * replies gathered in `output`, which goes to libuv in one write. A request counts
 * as queued from the moment its line is taken until libuv has written its reply.
 * libuv queues writes without bound, so the bound is here: while too many requests
 * are queued or too many bytes unsent, no line is taken and nothing is read, and
 * the client's own writes block. Each finished write takes up the work again.
 *
 * End of input is not end of output: the connection closes when nothing is owed.
 */
#include "config.h"

#include "server/connection.h"

#include "server/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum state {
	STATE_OPEN,
	STATE_INPUT_ENDED, /* reads no more; closes when nothing is owed */
	STATE_CLOSING,     /* the handle is being closed */
	STATE_COUNT
};

static const char *const state_names[] = { "open", "input_ended", "closing" };

static_assert(sizeof(state_names) / sizeof(state_names[0]) == STATE_COUNT, "each state has a name");

struct gpald_connection {
	uv_pipe_t pipe; /* first, so that the two share an address */
	struct gpald_connections *all;
	struct gpald_connection *previous, *next;
	struct gpald_caller caller;
	enum state state;
	bool reading;

	char *input;
	size_t input_length;
	size_t input_capacity;
	size_t searched;     /* bytes of input known to hold no LF */
	bool discarding;     /* inside a line that is too long */
	uint64_t line_since; /* when the unfinished line began, in loop time; 0: there is none */
	bool cut_off;        /* the unfinished line at the end of the input does not count */
	bool stopping;       /* refuse what comes after `owed` bytes */
	size_t owed;         /* bytes of input read before the daemon was asked to stop */

	char *output;
	size_t output_length;
	size_t output_capacity;
	size_t output_requests; /* whose replies are in output */
	size_t queued;          /* requests taken whose replies are not wholly written */

	size_t backlog_seen; /* bytes libuv had not written at the last look */
	uint64_t progress_at;
};

struct write {
	uv_write_t request; /* first */
	struct gpald_connection *connection;
	size_t requests;
	char *data;
};

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
	free(c->input);
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
	uv_close((uv_handle_t *)&c->pipe, on_closed);
}

/* Growing buffers. */

static bool reserve(char **buffer, size_t *capacity, size_t needed)
{
	size_t larger = *capacity ? *capacity : 1024;
	char *grown;

	if (needed <= *capacity)
		return true;
	while (larger < needed) {
		if (larger > SIZE_MAX / 2)
			return false;
		larger *= 2;
	}
	grown = realloc(*buffer, larger);
	if (!grown)
		return false;
	*buffer = grown;
	*capacity = larger;
	return true;
}

/* Output. */

static bool is_held_back(const struct gpald_connection *c)
{
	const size_t unsent = c->output_length + c->pipe.write_queue_size;

	return c->queued >= limit(c, GPALD_LIMIT_QUEUED_REQUESTS) ||
	       unsent >= limit(c, GPALD_LIMIT_OUTPUT_PAUSE_BYTES);
}

/* Adds a reply, which is freed; NULL is out of memory and closes the connection. */
static void add_reply(struct gpald_connection *c, char *reply, size_t length)
{
	if (!reply || !reserve(&c->output, &c->output_capacity, c->output_length + length)) {
		free(reply);
		close_connection(c, GPALD_LOG_ERROR, "out_of_memory");
		return;
	}
	memcpy(c->output + c->output_length, reply, length);
	c->output_length += length;
	c->output_requests++;
	c->queued++;
	free(reply);
}

static void refuse(struct gpald_connection *c, enum gpald_reason reason)
{
	size_t length = 0;
	char *reply = gpald_service_refusal(c->all->service, &c->caller, reason, &length);

	add_reply(c, reply, length);
}

static void advance(struct gpald_connection *c);

static void on_written(uv_write_t *request, int status)
{
	struct write *write = (struct write *)request;
	struct gpald_connection *c = write->connection;

	c->queued -= write->requests;
	free(write->data);
	free(write);
	if (c->state == STATE_CLOSING)
		return;
	if (status < 0)
		close_connection(c, GPALD_LOG_DEBUG, uv_err_name(status));
	else
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
		.data = c->output,
	};
	/* At most two replies of bounded size above the pause limit, so it fits 32 bits. */
	buffer = uv_buf_init(c->output, (unsigned int)c->output_length);
	if (c->pipe.write_queue_size == 0)
		c->progress_at = uv_now(c->all->loop);
	c->output = NULL;
	c->output_length = c->output_capacity = c->output_requests = 0;
	code = uv_write(&write->request, stream(c), &buffer, 1, on_written);
	if (code < 0) {
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

static bool is_blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	return true;
}

static void answer(struct gpald_connection *c, const char *line, size_t length, bool stopping)
{
	size_t reply_length = 0;
	bool failed;
	char *reply;

	if (length > 0 && line[length - 1] == '\r')
		length--;
	if (is_blank(line, length))
		return;
	if (length > limit(c, GPALD_LIMIT_REQUEST_LINE_BYTES)) {
		refuse(c, GPALD_MESSAGE_TOO_LARGE);
		return;
	}
	reply = gpald_service_answer(c->all->service, &c->caller, line, length, stopping,
				     &reply_length, &failed);
	if (reply || failed)
		add_reply(c, reply, reply_length);
}

/* Drops bytes from the front of the input. */
static void consume(struct gpald_connection *c, size_t bytes)
{
	if (bytes == 0)
		return;
	c->input_length -= bytes;
	memmove(c->input, c->input + bytes, c->input_length);
	c->owed -= bytes < c->owed ? bytes : c->owed;
	c->searched = 0;
	if (c->input_length == 0) {
		free(c->input);
		c->input = NULL;
		c->input_capacity = 0;
	}
}

/* The unfinished line at the end of the input has become too long: skips to its end. */
static void discard(struct gpald_connection *c)
{
	if (!c->discarding)
		refuse(c, GPALD_MESSAGE_TOO_LARGE);
	c->discarding = true;
	consume(c, c->input_length);
}

/* Takes whole lines until there are none or the connection is held back. */
static bool take_lines(struct gpald_connection *c)
{
	size_t at = 0;
	bool took_any = false;

	while (c->state != STATE_CLOSING && !is_held_back(c)) {
		const size_t from = at > c->searched ? at : c->searched;
		const char *lf = c->input_length > from ?
					 memchr(c->input + from, '\n', c->input_length - from) :
					 NULL;
		size_t length;

		if (!lf) {
			c->searched = c->input_length;
			break;
		}
		length = (size_t)(lf - (c->input + at));
		if (!c->discarding)
			answer(c, c->input + at, length, c->stopping && at >= c->owed);
		c->discarding = false;
		at += length + 1;
		took_any = true;
	}
	if (at > 0) {
		const size_t searched = c->searched;

		consume(c, at);
		c->searched = searched > at ? searched - at : 0;
	}
	return took_any;
}

/* A last line without LF counts at end of input. */
static void take_last_line(struct gpald_connection *c)
{
	if (!c->discarding && !c->cut_off && c->input_length > 0)
		answer(c, c->input, c->input_length, c->stopping && c->owed == 0);
	if (c->state != STATE_CLOSING)
		consume(c, c->input_length);
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
		if (!reserve(&c->input, &c->input_capacity, c->input_length + (size_t)length)) {
			close_connection(c, GPALD_LOG_ERROR, "out_of_memory");
			return;
		}
		memcpy(c->input + c->input_length, buffer->base, (size_t)length);
		c->input_length += (size_t)length;
	}
	advance(c);
}

static void update_reading(struct gpald_connection *c)
{
	const bool want = c->state == STATE_OPEN && !is_held_back(c);
	int code = 0;

	if (want && !c->reading)
		code = uv_read_start(stream(c), on_alloc, on_read);
	else if (!want && c->reading)
		uv_read_stop(stream(c));
	c->reading = want;
	if (code < 0)
		close_connection(c, GPALD_LOG_DEBUG, uv_err_name(code));
}

/* Does all there is to do now: takes lines, writes replies, reads on, or ends. */
static void advance(struct gpald_connection *c)
{
	const bool took_any = take_lines(c);
	bool unfinished;

	if (c->state != STATE_CLOSING && !is_held_back(c)) {
		if (c->state == STATE_INPUT_ENDED)
			take_last_line(c);
		else if (c->discarding ||
			 c->input_length > limit(c, GPALD_LIMIT_REQUEST_LINE_BYTES) + 1)
			discard(c);
	}
	flush(c);
	if (c->state == STATE_CLOSING)
		return;

	unfinished = c->state == STATE_OPEN && !is_held_back(c) &&
		     (c->input_length > 0 || c->discarding);
	if (!unfinished)
		c->line_since = 0;
	else if (took_any || c->line_since == 0)
		c->line_since = uv_now(c->all->loop);

	update_reading(c);
	if (c->state == STATE_INPUT_ENDED && c->input_length == 0 && c->queued == 0)
		close_connection(c, GPALD_LOG_DEBUG, "done");
}

/* Ends input from this side; what was read and not answered yet is answered. */
static void end_input(struct gpald_connection *c)
{
	if (c->state != STATE_OPEN)
		return;
	c->state = STATE_INPUT_ENDED;
	c->cut_off = true;
	advance(c);
}

/* Accepting. */

/* Whether the connection, which is in the list already, is one too many. */
static bool is_too_many(const struct gpald_connection *c)
{
	const struct gpald_connections *all = c->all;
	const uint64_t of_root = limit(c, GPALD_LIMIT_CONNECTIONS_FOR_ROOT);
	uint64_t most = all->most, of_uid = 0;

	/* However few there may be, half of them are for everyone. */
	if (c->caller.uid != 0)
		most -= of_root < most / 2 ? of_root : most / 2;
	for (const struct gpald_connection *other = all->first; other; other = other->next)
		of_uid += other->caller.uid == c->caller.uid;
	return all->count > most || of_uid > limit(c, GPALD_LIMIT_CONNECTIONS_PER_UID);
}

/* Says why and hangs up. What the client has sent is read, so that it sees the reply, not a reset. */
static void turn_away(struct gpald_connection *c, int fd)
{
	size_t length = 0;
	char *reply = gpald_service_refusal(c->all->service, &c->caller, GPALD_OVERLOADED, &length);

	if (reply && send(fd, reply, length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
		shutdown(fd, SHUT_WR);
		while (recv(fd, c->all->read_buffer, sizeof(c->all->read_buffer), MSG_DONTWAIT) > 0)
			;
	}
	free(reply);
	close_connection(c, GPALD_LOG_WARNING, "too_many_connections");
}

bool gpald_connection_accept(struct gpald_connections *all, uv_pipe_t *listener, bool inspect)
{
	struct gpald_connection *c = calloc(1, sizeof(*c));
	struct ucred peer = { .uid = (uid_t)-1, .pid = 0 };
	socklen_t size = sizeof(peer);
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

	c->caller = (struct gpald_caller){ .uid = (uid_t)-1, .inspect = inspect };
	if (uv_accept((uv_stream_t *)listener, stream(c)) ||
	    uv_fileno((uv_handle_t *)&c->pipe, &fd) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size)) {
		close_connection(c, GPALD_LOG_WARNING, "accept_failed");
		return true;
	}
	c->caller.uid = peer.uid;
	c->caller.pid = peer.pid;
	if (is_too_many(c)) {
		turn_away(c, fd);
		return true;
	}
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
		if (c->state != STATE_CLOSING)
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
	c->stopping = true;
	c->owed = c->input_length;
}

void gpald_connections_stop_serving(struct gpald_connections *all)
{
	for_each(all, stop_serving);
}

static void stop_reading(struct gpald_connection *c, uint64_t now)
{
	(void)now;
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
