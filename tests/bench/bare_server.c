/* SPDX-License-Identifier: MIT */
/*
 * The baseline of the socket benchmark: the cost of a plain libuv server that reads lines, parses
 * each with cJSON and sends a constant reply. It is written as such servers usually are, with a
 * buffer for each connection and one uv_write for each reply. It checks nothing and limits nothing.
 *
 * With events, a line whose method is events.subscribe makes its connection a subscriber. For each
 * other line the server sends an event to all subscribers and then the reply.
 *
 * usage: bare_server SOCKET REPLY-BYTES EVENT-BYTES
 */
#include "config.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define CHUNK 65536

struct connection {
	uv_pipe_t pipe;
	char *data; /* the unfinished line */
	size_t length;
	size_t capacity;
	bool is_subscribed;
	struct connection *previous, *next; /* subscriber */
};

static uv_buf_t reply, event; /* 0 bytes: there are no events */
static struct connection *subscribers;

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "bare_server: %s\n", what);
	exit(EXIT_FAILURE);
}

static void *require_memory(void *block)
{
	if (!block)
		fail("out of memory");
	return block;
}

static void on_closed(uv_handle_t *handle)
{
	struct connection *c = (struct connection *)handle;

	if (c->is_subscribed) {
		*(c->previous ? &c->previous->next : &subscribers) = c->next;
		if (c->next)
			c->next->previous = c->previous;
	}
	free(c->data);
	free(c);
}

static void on_written(uv_write_t *request, int status)
{
	(void)status;
	free(request);
}

static void send_line(struct connection *c, const uv_buf_t *line)
{
	uv_write_t *request = require_memory(malloc(sizeof(*request)));

	if (uv_write(request, (uv_stream_t *)&c->pipe, line, 1, on_written))
		free(request);
}

static void subscribe(struct connection *c)
{
	c->is_subscribed = true;
	c->next = subscribers;
	if (c->next)
		c->next->previous = c;
	subscribers = c;
}

static void handle_event_request(struct connection *c, const cJSON *request)
{
	const cJSON *method = cJSON_GetObjectItemCaseSensitive(request, "method");

	if (method && strcmp(method->valuestring, "events.subscribe") == 0) {
		subscribe(c);
		return;
	}
	for (struct connection *to = subscribers; to; to = to->next)
		send_line(to, &event);
}

static void answer(struct connection *c, const char *line, size_t length)
{
	cJSON *request = cJSON_ParseWithLength(line, length);

	if (!request)
		fail("a line is not JSON");
	if (event.len > 0)
		handle_event_request(c, request);
	cJSON_Delete(request);
	send_line(c, &reply);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct connection *c = (struct connection *)handle;

	(void)suggested;
	if (c->capacity - c->length < CHUNK) {
		c->capacity = 2 * c->capacity + CHUNK;
		c->data = require_memory(realloc(c->data, c->capacity));
	}
	*buffer = uv_buf_init(c->data + c->length, CHUNK);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	struct connection *c = (struct connection *)stream;
	size_t start = 0;
	char *lf;

	(void)buffer;
	if (count < 0) {
		uv_close((uv_handle_t *)stream, on_closed);
		return;
	}
	lf = memchr(c->data + c->length, '\n', (size_t)count);
	c->length += (size_t)count;
	while (lf) {
		answer(c, c->data + start, (size_t)(lf - c->data) - start);
		start = (size_t)(lf - c->data) + 1;
		lf = memchr(c->data + start, '\n', c->length - start);
	}
	c->length -= start;
	memmove(c->data, c->data + start, c->length);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct connection *c = require_memory(calloc(1, sizeof(*c)));

	if (status || uv_pipe_init(listener->loop, &c->pipe, 0) ||
	    uv_accept(listener, (uv_stream_t *)&c->pipe) ||
	    uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read))
		fail("accept");
}

static uv_buf_t constant(const char *text)
{
	const size_t length = strtoul(text, NULL, 10);
	char *line = require_memory(malloc(length + 1));

	memset(line, 'x', length);
	if (length > 0)
		line[length - 1] = '\n';
	return uv_buf_init(line, (unsigned int)length);
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	uv_pipe_t listener;

	if (argc != 4)
		fail("usage: bare_server SOCKET REPLY-BYTES EVENT-BYTES");
	signal(SIGPIPE, SIG_IGN);
	reply = constant(argv[2]);
	event = constant(argv[3]);
	if (uv_pipe_init(loop, &listener, 0) || uv_pipe_bind(&listener, argv[1]) ||
	    uv_listen((uv_stream_t *)&listener, 512, on_connection))
		fail("listen");
	return uv_run(loop, UV_RUN_DEFAULT);
}
