/* SPDX-License-Identifier: MIT */
/*
 * The connection to the daemon. The socket does not block, so that one deadline
 * covers every step; reading goes on while the request is being written, because
 * the daemon may refuse a line before it has seen its end. What a line means is
 * left to reply.c and event.c.
 */
#include "config.h"

#include "client.h"

#include "hint.h"
#include "message.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The daemon's own limit is 16 MiB; this one only keeps a wrong peer from taking all memory. */
#define LARGEST_LINE ((size_t)256 << 20)
#define READ_SIZE ((size_t)64 << 10)

/* How often a full listen queue is tried again; the kernel gives no event for it. */
#define CONNECT_RETRY_MS 10

/* How often a daemon is looked for that is not there yet. */
#define DAEMON_RETRY_MS 100

static int64_t now_ms(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Linux says of any file that is no socket what it says of one without a daemon. */
static int connect_error(const char *path, int error)
{
	struct stat info;

	if (error == ECONNREFUSED && stat(path, &info) == 0 && !S_ISSOCK(info.st_mode))
		return ENOTSOCK;
	return error;
}

static enum ctl_link not_connected(struct ctl_client *c, const char *step, int error)
{
	c->step = step;
	c->error = error;
	return CTL_LINK_NONE;
}

static enum ctl_link connect_path(struct ctl_client *c, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (!len || len >= sizeof(address.sun_path))
		return CTL_LINK_BAD_PATH;
	memcpy(address.sun_path, path, len);

	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return not_connected(c, "cannot make a socket", errno);
	while (connect(c->fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == EISCONN)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return not_connected(c, "cannot connect", connect_error(path, errno));
		if (now_ms() >= c->deadline_ms)
			return CTL_LINK_TIMED_OUT;
		poll(NULL, 0, CONNECT_RETRY_MS);
	}
	return CTL_LINK_OK;
}

/* Whether a daemon may come that is not there yet. */
static bool may_come(const struct ctl_client *c, enum ctl_link link)
{
	return link == CTL_LINK_NONE && (c->error == ENOENT || c->error == ECONNREFUSED);
}

static enum ctl_link connect_daemon(struct ctl_client *c)
{
	const struct ctl_endpoint *endpoint = c->endpoint;
	const int64_t until_ms = now_ms() + endpoint->retry_ms;
	enum ctl_link link = connect_path(c, endpoint->path);

	while (may_come(c, link) && now_ms() < until_ms) {
		close(c->fd);
		poll(NULL, 0, DAEMON_RETRY_MS);
		link = connect_path(c, endpoint->path);
	}
	if (link == CTL_LINK_NONE && c->error == EACCES && endpoint->inspect_path) {
		close(c->fd);
		if (connect_path(c, endpoint->inspect_path) == CTL_LINK_OK)
			return CTL_LINK_OK;
		/* It is the first that was asked for. */
		c->error = EACCES;
	}
	return link;
}

/* Waits for `events`; what is ready, or 0 once the deadline has passed. */
static short wait_ready(const struct ctl_client *c, short events)
{
	struct pollfd ready = { .fd = c->fd, .events = events };

	for (;;) {
		int64_t left = c->deadline_ms - now_ms();

		if (left <= 0)
			return 0;
		if (poll(&ready, 1, left > INT_MAX ? INT_MAX : (int)left) > 0)
			return ready.revents;
	}
}

/* Sends what the socket takes; false when the peer takes no more. */
static bool send_some(const struct ctl_client *c, const struct ctl_buffer *request, size_t *sent)
{
	ssize_t count = send(c->fd, request->data + *sent, request->len - *sent, MSG_NOSIGNAL);

	if (count >= 0)
		*sent += (size_t)count;
	return count >= 0 || errno == EAGAIN || errno == EINTR;
}

/* Takes a whole line out of the input; false when there is none yet. */
static bool take_line(struct ctl_client *c, struct ctl_buffer *line)
{
	struct ctl_buffer *input = &c->input;
	size_t searched = c->taken + c->searched;
	const char *start = input->data + c->taken;
	const char *end = NULL;

	if (searched < input->len)
		end = memchr(input->data + searched, '\n', input->len - searched);
	if (!end) {
		c->searched = input->len - c->taken;
		return false;
	}
	ctl_buffer_append(line, start, (size_t)(end - start));
	c->taken += (size_t)(end - start) + 1;
	c->searched = 0;
	return true;
}

/* Reads what there is, while no line is complete. */
static enum ctl_link receive_some(struct ctl_client *c)
{
	struct ctl_buffer *input = &c->input;
	ssize_t count;

	if (c->taken) {
		input->len -= c->taken;
		memmove(input->data, input->data + c->taken, input->len);
		c->taken = 0;
	}
	count = recv(c->fd, ctl_buffer_reserve(input, READ_SIZE), READ_SIZE, 0);
	if (count > 0)
		input->len += (size_t)count;
	else if (!count || (errno != EAGAIN && errno != EINTR))
		return CTL_LINK_CLOSED;
	return CTL_LINK_OK;
}

/* Whether a line is complete, or can still become so. */
static enum ctl_link progress(struct ctl_client *c, struct ctl_buffer *line, bool *complete)
{
	enum ctl_link link = receive_some(c);

	*complete = !link && take_line(c, line);
	if (!link && !*complete && c->input.len - c->taken > LARGEST_LINE)
		link = CTL_LINK_TOO_LARGE;
	return link;
}

enum ctl_link ctl_client_exchange(struct ctl_client *c, const struct ctl_buffer *request,
				  struct ctl_buffer *reply)
{
	bool complete = false;
	bool sending = true;
	size_t sent = 0;
	enum ctl_link link = CTL_LINK_OK;

	if (c->unfinished)
		ctl_client_close(c);
	c->deadline_ms = now_ms() + c->endpoint->timeout_ms;
	if (c->fd < 0) {
		link = connect_daemon(c);
		/* To wait for the daemon takes nothing from the time for its answer. */
		c->deadline_ms = now_ms() + c->endpoint->timeout_ms;
	}
	while (!link && !complete) {
		short ready = wait_ready(c, (short)(sending ? POLLIN | POLLOUT : POLLIN));

		if (!ready)
			return CTL_LINK_TIMED_OUT;
		if (sending && ready & POLLOUT)
			sending = send_some(c, request, &sent) && sent < request->len;
		if (ready & (POLLIN | POLLHUP | POLLERR))
			link = progress(c, reply, &complete);
	}
	c->unfinished = sent < request->len;
	return link;
}

enum ctl_link ctl_client_follow(struct ctl_client *c, struct ctl_buffer *line)
{
	struct pollfd ready[] = {
		{ .fd = c->fd, .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};
	bool complete = take_line(c, line);
	enum ctl_link link = CTL_LINK_OK;

	while (!link && !complete) {
		if (poll(ready, 2, -1) < 0)
			continue;
		if (ready[1].revents)
			return CTL_LINK_NO_READER;
		link = progress(c, line, &complete);
	}
	return link;
}

static enum ctl_exit complain_closed(const struct ctl_client *c)
{
	if (c->input.len > c->taken)
		ctl_complain("%s: connection closed inside the answer, after %zu bytes",
			     c->endpoint->path, c->input.len - c->taken);
	else
		ctl_complain("%s: connection closed without an answer", c->endpoint->path);
	ctl_hint_connection(ECONNRESET);
	return CTL_NO_DAEMON;
}

enum ctl_exit ctl_client_complain(const struct ctl_client *c, enum ctl_link link)
{
	const char *path = c->endpoint->path;

	switch (link) {
	case CTL_LINK_OK:
		return CTL_OK;
	case CTL_LINK_BAD_PATH:
		return ctl_usage_error("%s: a socket path has 1 to %zu bytes", path,
				       sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	case CTL_LINK_NONE:
		ctl_complain("%s: %s: %s", path, c->step, strerror(c->error));
		ctl_hint_connection(c->error);
		break;
	case CTL_LINK_TIMED_OUT:
		ctl_complain("%s: no answer within %g s", path,
			     (double)c->endpoint->timeout_ms / 1000);
		ctl_hint_connection(ETIMEDOUT);
		break;
	case CTL_LINK_CLOSED:
		return complain_closed(c);
	case CTL_LINK_TOO_LARGE:
		ctl_complain("%s: the answer is larger than %zu MiB", path, LARGEST_LINE >> 20);
		break;
	case CTL_LINK_NO_READER:
		return ctl_output_without_reader();
	}
	return CTL_NO_DAEMON;
}

void ctl_client_close(struct ctl_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	ctl_buffer_free(&c->input);
	*c = CTL_CLIENT(c->endpoint);
}
