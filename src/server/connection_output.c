/* SPDX-License-Identifier: MIT */
/*
 * What a connection owes its client. Lines gather in a buffer until the end of a
 * turn, and then go to libuv as one write.
 */
#include "config.h"

#include "server/connection_state.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_LEAST 4096 /* bytes of a buffer that lines are copied to */

struct write {
	uv_write_t request; /* first */
	struct gpald_connection *connection;
	size_t requests;
	size_t length;
	char *data;
};

void gpald_connection_release(struct gpald_connection *c, size_t bytes)
{
	const uint64_t most = gpald_connection_limit(c, GPALD_LIMIT_OUTPUT_USER_BYTES);
	const bool held_back = c->user->unsent >= most;

	c->unsent -= bytes;
	c->user->unsent -= bytes;
	if (!held_back || c->user->unsent >= most)
		return;
	for (struct gpald_connection *other = c->all->first; other; other = other->next)
		if (other != c && other->user == c->user &&
		    other->state != GPALD_CONNECTION_CLOSING)
			gpald_connection_advance(other);
}

bool gpald_connection_is_held_back(const struct gpald_connection *c)
{
	return c->queued >= gpald_connection_limit(c, GPALD_LIMIT_QUEUED_REQUESTS) ||
	       c->unsent >= gpald_connection_limit(c, GPALD_LIMIT_OUTPUT_PAUSE_BYTES) ||
	       c->user->unsent >= gpald_connection_limit(c, GPALD_LIMIT_OUTPUT_USER_BYTES);
}

static bool append_output(struct gpald_connection *c, const char *reply, size_t length)
{
	const size_t needed = c->output_length + length;
	size_t capacity = c->output_capacity ? c->output_capacity : OUTPUT_LEAST;
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

static void count_output(struct gpald_connection *c, size_t length, size_t requests)
{
	c->output_requests += requests;
	c->queued += requests;
	c->unsent += length;
	c->user->unsent += length;
}

void gpald_connection_add_output(struct gpald_connection *c, char *line, size_t length)
{
	if (c->output_length > 0 && append_output(c, line, length)) {
		free(line);
		count_output(c, length, 1);
		return;
	}
	/* What cannot be appended comes after it all the same. */
	gpald_connection_flush(c);
	if (c->state == GPALD_CONNECTION_CLOSING) {
		free(line);
		return;
	}
	free(c->output);
	c->output = line;
	c->output_length = c->output_capacity = length;
	count_output(c, length, 1);
}

void gpald_connection_add_copy(struct gpald_connection *c, const char *line, size_t length)
{
	if (line && append_output(c, line, length))
		count_output(c, length, 0);
	else
		gpald_connection_close(c, GPALD_LOG_ERROR, "out_of_memory");
}

/* Whether all of it was taken by the kernel. Nothing else may be on its way. */
static bool write_now(struct gpald_connection *c, const char *data, size_t length)
{
	uv_buf_t buffer = uv_buf_init((char *)data, (unsigned int)length);

	if (uv_try_write(gpald_connection_stream(c), &buffer, 1) == (int)length) {
		c->progress_at = uv_now(c->all->loop);
		return true;
	}
	gpald_connection_close(c, GPALD_LOG_ERROR, "out_of_memory");
	return false;
}

void gpald_connection_send_now(struct gpald_connection *c, const char *line, size_t length)
{
	gpald_connection_flush(c);
	if (c->state != GPALD_CONNECTION_CLOSING)
		write_now(c, line, length);
}

void gpald_connection_refuse(struct gpald_connection *c, enum gpald_reason reason)
{
	char line[GPALD_RPC_PLAIN_SIZE];
	const size_t length = gpald_service_refusal(c->all->service, &c->caller, reason, line);

	if (append_output(c, line, length))
		count_output(c, length, 1);
	else
		gpald_connection_send_now(c, line, length);
}

static void on_written(uv_write_t *request, int status)
{
	struct write *write = (struct write *)request;
	struct gpald_connection *c = write->connection;

	c->queued -= write->requests;
	gpald_connection_release(c, write->length);
	free(write->data);
	free(write);
	if (c->state == GPALD_CONNECTION_CLOSING)
		return;
	if (status < 0) {
		gpald_connection_close(c, GPALD_LOG_DEBUG, uv_err_name(status));
		return;
	}
	c->progress_at = uv_now(c->all->loop);
	gpald_connection_advance(c);
}

static void flush_now(struct gpald_connection *c)
{
	const size_t length = c->output_length;

	if (!write_now(c, c->output, length))
		return;
	c->queued -= c->output_requests;
	c->output_length = c->output_requests = 0;
	gpald_connection_release(c, length);
}

void gpald_connection_flush(struct gpald_connection *c)
{
	struct write *write;
	uv_buf_t buffer;
	int code;

	if (c->output_length == 0 || c->state == GPALD_CONNECTION_CLOSING)
		return;
	write = malloc(sizeof(*write));
	if (!write) {
		flush_now(c);
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
	code = uv_write(&write->request, gpald_connection_stream(c), &buffer, 1, on_written);
	if (code < 0) {
		/* What it held stays counted as unsent until the connection has closed. */
		free(write->data);
		free(write);
		gpald_connection_close(c, GPALD_LOG_DEBUG, uv_err_name(code));
		return;
	}
	c->backlog_seen = c->pipe.write_queue_size;
	if (c->backlog_seen > gpald_connection_limit(c, GPALD_LIMIT_OUTPUT_CLOSE_BYTES))
		gpald_connection_close(c, GPALD_LOG_WARNING, "output_queue_full");
}
