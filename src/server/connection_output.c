/* SPDX-License-Identifier: MIT */
/*
 * The output of a connection. Lines are collected in the workspace until the end of a turn. Then
 * the output of a few turns is held and sent together, because each write may wake a sleeping
 * client, which costs more than the write. The kernel takes most output at once; only the rest is
 * kept, in one piece, until libuv has written it.
 */
#include "config.h"

#include "server/connection_state.h"

#include <stdlib.h>
#include <string.h>

/* Output of this size is passed on without a copy, and a workspace keeps no larger buffer. */
#define LARGE ((size_t)262144)

#define HELD_LENGTH_MAX 16384 /* bytes; larger output is sent when its turn ends */

struct write {
	uv_write_t request; /* first */
	struct gpald_connection *connection;
	size_t requests;
	size_t length; /* bytes of memory */
	char *text;    /* owned */
};

/* Counts bytes as sent. If they paused connections of the user, those continue. */
static void release_bytes(struct gpald_connection *c, size_t bytes)
{
	const uint64_t most = gpald_connection_limit(c, GPALD_LIMIT_OUTPUT_USER_BYTES);
	const bool was_paused = c->user->unsent_bytes >= most;
	struct gpald_connection *other;

	c->unsent_bytes -= bytes;
	c->user->unsent_bytes -= bytes;
	if (!was_paused || c->user->unsent_bytes >= most)
		return;
	gpald_work_pool_dispatch(c->all->service->pool);
	LIST_FOREACH(other, &c->all->list, entry)
		if (other != c && other->user == c->user &&
		    other->state != GPALD_CONNECTION_CLOSING)
			gpald_connection_advance(other);
}

bool gpald_connection_is_paused(const struct gpald_connection *c)
{
	return c->queued_requests + c->output_requests >=
		       gpald_connection_limit(c, GPALD_LIMIT_QUEUED_REQUESTS) ||
	       c->unsent_bytes + c->output_length >=
		       gpald_connection_limit(c, GPALD_LIMIT_OUTPUT_PAUSE_BYTES) ||
	       c->user->unsent_bytes + c->output_length >=
		       gpald_connection_limit(c, GPALD_LIMIT_OUTPUT_USER_BYTES);
}

static struct gpald_writer *output_of(struct gpald_connection *c)
{
	return &c->all->space.out;
}

void gpald_connection_note_output(struct gpald_connection *c, size_t requests)
{
	c->output_length = output_of(c)->text.length;
	c->output_requests += requests;
}

void gpald_connection_send_now(struct gpald_connection *c, const char *line, size_t length)
{
	uv_buf_t buffer = uv_buf_init((char *)line, (unsigned int)length);

	gpald_connection_flush(c);
	if (c->state == GPALD_CONNECTION_CLOSING)
		return;
	if (uv_try_write(gpald_connection_stream(c), &buffer, 1) == (int)length)
		c->progress_at_ms = uv_now(c->all->loop);
	else
		gpald_connection_close(c, GPALD_LOG_ERROR, "out_of_memory");
}

void gpald_connection_refuse_line(struct gpald_connection *c, enum gpald_reason reason)
{
	struct gpald_writer *out = output_of(c);
	char line[GPALD_RPC_PLAIN_SIZE];
	const size_t length =
		gpald_service_write_plain_refusal(c->all->service, &c->caller, reason, line);
	const size_t mark = out->text.length;

	/* A frame needs a stream, and there is none. */
	if (length == 0)
		return;
	gpald_write_bytes(out, line, length);
	if (out->failed) {
		gpald_writer_reset(out, mark);
		gpald_connection_send_now(c, line, length);
	} else {
		gpald_connection_note_output(c, 1);
	}
}

static void on_written(uv_write_t *request, int status)
{
	struct write *write = (struct write *)request;
	struct gpald_connection *c = write->connection;

	c->queued_requests -= write->requests;
	c->all->freed_bytes += write->length;
	release_bytes(c, write->length);
	free(write->text);
	free(write);
	if (c->state == GPALD_CONNECTION_CLOSING)
		return;
	if (status < 0) {
		gpald_connection_close(c, GPALD_LOG_DEBUG, uv_err_name(status));
		return;
	}
	c->progress_at_ms = uv_now(c->all->loop);
	gpald_connection_advance(c);
}

/*
 * Fills in the rest of the text from `sent` on. A long text is taken from the workspace, a short
 * one is copied. Returns false if memory ran out.
 */
static bool take_rest(struct gpald_writer *out, size_t sent, struct write *write, uv_buf_t *rest)
{
	const size_t length = out->text.length - sent;

	if (length < LARGE) {
		write->text = malloc(length);
		if (!write->text)
			return false;
		memcpy(write->text, out->text.data + sent, length);
		write->length = length;
		*rest = uv_buf_init(write->text, (unsigned int)length);
		return true;
	}
	write->text = out->text.data;
	/* Counts the whole buffer, not only the rest of the text. */
	write->length = out->text.capacity;
	/*
	 * Only one reply, whose size is bounded, may exceed the pause limit, so the length fits in
	 * 32 bits.
	 */
	*rest = uv_buf_init(out->text.data + sent, (unsigned int)length);
	out->text = (struct gpald_bytes){ 0 };
	return true;
}

/* Leaves the rest to libuv. */
static void write_rest(struct gpald_connection *c, struct gpald_writer *out, size_t sent)
{
	struct write *write = malloc(sizeof(*write));
	uv_buf_t rest;
	int code;

	if (!write || !take_rest(out, sent, write, &rest)) {
		free(write);
		gpald_connection_close(c, GPALD_LOG_ERROR, "out_of_memory");
		return;
	}
	write->connection = c;
	write->requests = c->output_requests;
	/*
	 * Notes progress that libuv has made since the last look, because backlog_seen changes
	 * below.
	 */
	if (c->pipe.write_queue_size == 0 || c->pipe.write_queue_size != c->backlog_seen)
		c->progress_at_ms = uv_now(c->all->loop);
	code = uv_write(&write->request, gpald_connection_stream(c), &rest, 1, on_written);
	if (code < 0) {
		free(write->text);
		free(write);
		gpald_connection_close(c, GPALD_LOG_DEBUG, uv_err_name(code));
		return;
	}
	c->queued_requests += write->requests;
	c->unsent_bytes += write->length;
	c->user->unsent_bytes += write->length;
	c->backlog_seen = c->pipe.write_queue_size;
	if (c->backlog_seen > gpald_connection_limit(c, GPALD_LIMIT_OUTPUT_CLOSE_BYTES))
		gpald_connection_close(c, GPALD_LOG_WARNING, "output_queue_full");
}

/* Writes as much as the kernel takes now. Returns the number of bytes, or a libuv error. */
static int write_now(struct gpald_connection *c, const struct gpald_writer *out)
{
	uv_buf_t buffer = uv_buf_init(out->text.data, (unsigned int)c->output_length);
	int sent;

	/* Bytes that libuv still holds come first. */
	if (c->unsent_bytes > 0)
		return 0;
	sent = uv_try_write(gpald_connection_stream(c), &buffer, 1);
	if (sent > 0)
		c->progress_at_ms = uv_now(c->all->loop);
	return sent == UV_EAGAIN ? 0 : sent;
}

static void send_output(struct gpald_connection *c, struct gpald_writer *out)
{
	int sent;

	if (c->output_length > 0 && c->state != GPALD_CONNECTION_CLOSING) {
		sent = write_now(c, out);
		if (sent < 0)
			gpald_connection_close(c, GPALD_LOG_DEBUG, uv_err_name(sent));
		else if ((size_t)sent < c->output_length)
			write_rest(c, out, (size_t)sent);
	}
	c->output_length = c->output_requests = 0;
	gpald_writer_reset(out, 0);
	if (out->text.capacity > LARGE)
		gpald_writer_clear(out);
}

void gpald_connection_flush(struct gpald_connection *c)
{
	send_output(c, output_of(c));
}

bool gpald_connection_hold(struct gpald_connection *c)
{
	struct gpald_connections *all = c->all;
	const struct gpald_writer text = all->space.out;
	struct gpald_held_output *held;

	if (c->output_length == 0 || c->output_length > HELD_LENGTH_MAX)
		return false;
	held = &all->held[all->held_count++];
	held->connection = c;
	all->space.out = held->text;
	held->text = text;
	return true;
}

void gpald_connection_send_held(struct gpald_held_output *held)
{
	send_output(held->connection, &held->text);
}
