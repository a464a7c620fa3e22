/* SPDX-License-Identifier: MIT */
/*
 * The connection to the daemon. The socket does not block, so that one deadline
 * covers every step; reading goes on while the request is being written, because
 * the daemon may refuse a line before it has seen its end. What the reply means
 * is left to reply.c.
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
#define LARGEST_REPLY ((size_t)256 << 20)
#define READ_SIZE ((size_t)64 << 10)

/* How often a full listen queue is tried again; the kernel gives no event for it. */
#define CONNECT_RETRY_MS 10

struct connection {
	const struct ctl_endpoint *endpoint;
	int fd;
	int64_t deadline_ms;
};

static int64_t now_ms(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum ctl_exit no_answer(const struct connection *c, const char *step, int error)
{
	ctl_complain("%s: %s: %s", c->endpoint->path, step, strerror(error));
	ctl_hint_connection(error);
	return CTL_NO_DAEMON;
}

static enum ctl_exit timed_out(const struct connection *c)
{
	ctl_complain("%s: no answer within %g s", c->endpoint->path,
		     (double)c->endpoint->timeout_ms / 1000);
	ctl_hint_connection(ETIMEDOUT);
	return CTL_NO_DAEMON;
}

static enum ctl_exit closed(const struct connection *c, const struct ctl_buffer *reply)
{
	if (reply->len)
		ctl_complain("%s: connection closed inside the answer, after %zu bytes",
			     c->endpoint->path, reply->len);
	else
		ctl_complain("%s: connection closed without an answer", c->endpoint->path);
	ctl_hint_connection(ECONNRESET);
	return CTL_NO_DAEMON;
}

/* Waits for `events`; what is ready, or 0 once the deadline has passed. */
static short wait_ready(const struct connection *c, short events)
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

/* Linux says of any file that is no socket what it says of one without a daemon. */
static int connect_error(const char *path, int error)
{
	struct stat info;

	if (error == ECONNREFUSED && stat(path, &info) == 0 && !S_ISSOCK(info.st_mode))
		return ENOTSOCK;
	return error;
}

static enum ctl_exit connect_daemon(struct connection *c)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(c->endpoint->path);

	if (!len || len >= sizeof(address.sun_path))
		return ctl_usage_error("%s: a socket path has 1 to %zu bytes", c->endpoint->path,
				       sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, c->endpoint->path, len);

	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return no_answer(c, "cannot make a socket", errno);
	while (connect(c->fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == EISCONN)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return no_answer(c, "cannot connect",
					 connect_error(c->endpoint->path, errno));
		if (now_ms() >= c->deadline_ms)
			return timed_out(c);
		poll(NULL, 0, CONNECT_RETRY_MS);
	}
	return CTL_OK;
}

/* Sends what the socket takes; false when the peer takes no more. */
static bool send_some(const struct connection *c, const struct ctl_buffer *request, size_t *sent)
{
	ssize_t count = send(c->fd, request->data + *sent, request->len - *sent, MSG_NOSIGNAL);

	if (count >= 0)
		*sent += (size_t)count;
	return count >= 0 || errno == EAGAIN || errno == EINTR;
}

enum progress {
	PROGRESS_MORE,
	PROGRESS_LINE,
	PROGRESS_CLOSED,
};

static enum progress receive_some(const struct connection *c, struct ctl_buffer *reply)
{
	char *end = ctl_buffer_reserve(reply, READ_SIZE);
	ssize_t count = recv(c->fd, end, READ_SIZE, 0);
	const char *line_end;

	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? PROGRESS_MORE : PROGRESS_CLOSED;
	if (!count)
		return PROGRESS_CLOSED;
	line_end = memchr(end, '\n', (size_t)count);
	reply->len = (size_t)((line_end ? line_end : end + count) - reply->data);
	reply->data[reply->len] = '\0';
	return line_end ? PROGRESS_LINE : PROGRESS_MORE;
}

static enum ctl_exit talk(const struct connection *c, const struct ctl_buffer *request,
			  struct ctl_buffer *reply)
{
	bool sending = true;
	size_t sent = 0;

	for (;;) {
		short ready = wait_ready(c, (short)(sending ? POLLIN | POLLOUT : POLLIN));

		if (!ready)
			return timed_out(c);
		if (sending && ready & POLLOUT)
			sending = send_some(c, request, &sent) && sent < request->len;
		if (ready & (POLLIN | POLLHUP | POLLERR)) {
			switch (receive_some(c, reply)) {
			case PROGRESS_LINE:
				return CTL_OK;
			case PROGRESS_CLOSED:
				return closed(c, reply);
			case PROGRESS_MORE:
				break;
			}
		}
		if (reply->len > LARGEST_REPLY) {
			ctl_complain("%s: the answer is larger than %zu MiB", c->endpoint->path,
				     LARGEST_REPLY >> 20);
			return CTL_NO_DAEMON;
		}
	}
}

enum ctl_exit ctl_exchange(const struct ctl_endpoint *endpoint, const struct ctl_buffer *request,
			   struct ctl_buffer *reply)
{
	struct connection c = {
		.endpoint = endpoint,
		.fd = -1,
		.deadline_ms = now_ms() + endpoint->timeout_ms,
	};
	enum ctl_exit code = connect_daemon(&c);

	if (!code)
		code = talk(&c, request, reply);
	if (c.fd >= 0)
		close(c.fd);
	return code;
}
