/* SPDX-License-Identifier: MIT */
/*
 * The socket does not block. The link also reads while it sends a line, because the daemon may
 * refuse a line before it has read all of it.
 */
#include "config.h"

#include "client/link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * This stops a wrong peer from filling all memory. The daemon's limit, reply_bytes, is 16 MiB by
 * default and 64 MiB at most.
 */
#define LINE_MAX_BYTES ((size_t)256 << 20)
#define READ_SIZE ((size_t)65536)

bool gpald_link_init(struct gpald_link *link, const char *path)
{
	const size_t length = strlen(path);

	*link = (struct gpald_link){ .fd = -1 };
	if (length == 0 || length >= sizeof(link->path))
		return false;
	memcpy(link->path, path, length + 1);
	return true;
}

static int fail_connect(struct gpald_link *link, int error)
{
	struct stat info;

	/* Linux reports ECONNREFUSED for a file that is not a socket, too. */
	if (error == ECONNREFUSED && stat(link->path, &info) == 0 && !S_ISSOCK(info.st_mode))
		error = ENOTSOCK;
	link->error = error;
	return GPAL_E_NO_DAEMON;
}

int gpald_link_open(struct gpald_link *link)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, link->path, sizeof(address.sun_path));
	if (link->fd < 0)
		link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (link->fd < 0)
		return fail_connect(link, errno);
	while (connect(link->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		if (errno == EAGAIN)
			return GPAL_E_IN_PROGRESS;
		if (errno == EISCONN)
			break;
		if (errno != EINTR)
			return fail_connect(link, errno);
	}
	link->is_connected = true;
	return 0;
}

static bool is_temporary(int error)
{
	return error == EAGAIN || error == EINTR;
}

static bool has_sent_line(const struct gpald_link *link)
{
	return link->sent == link->output.text.length;
}

static void send_some(struct gpald_link *link)
{
	const struct gpald_writer *output = &link->output;
	ssize_t sent;

	if (link->is_send_closed || has_sent_line(link))
		return;
	sent = send(link->fd, output->text.data + link->sent, output->text.length - link->sent,
		    MSG_NOSIGNAL);
	if (sent < 0)
		link->is_send_closed = !is_temporary(errno);
	else
		link->sent += (size_t)sent;
}

/* Searches the bytes that were not searched yet for the end of a line. */
static void find_line(struct gpald_link *link)
{
	const struct gpald_bytes *input = &link->input.text;
	const char *start = input->data + link->taken + link->searched, *end = NULL;
	const size_t left = input->length - link->taken - link->searched;

	if (left > 0)
		end = memchr(start, '\n', left);
	link->searched += end ? (size_t)(end - start) : left;
	link->has_line = end;
}

static int receive_some(struct gpald_link *link)
{
	struct gpald_bytes *input = &link->input.text;
	ssize_t received;

	if (link->taken > 0) {
		memmove(input->data, input->data + link->taken, input->length - link->taken);
		input->length -= link->taken;
		link->taken = 0;
	}
	if (input->length > LINE_MAX_BYTES)
		return GPAL_E_PROTOCOL;
	if (!gpald_writer_reserve(&link->input, READ_SIZE))
		return GPAL_E_NO_MEMORY;
	received = recv(link->fd, input->data + input->length, READ_SIZE, 0);
	if (received > 0) {
		input->length += (size_t)received;
		if (!link->has_line)
			find_line(link);
	} else if (received == 0 || !is_temporary(errno)) {
		return GPAL_E_CLOSED;
	}
	return 0;
}

int gpald_link_step(struct gpald_link *link)
{
	send_some(link);
	return receive_some(link);
}

struct gpald_writer *gpald_link_begin_line(struct gpald_link *link)
{
	gpald_writer_reset(&link->output, 0);
	link->sent = 0;
	return &link->output;
}

bool gpald_link_take_line(struct gpald_link *link, const char **line, size_t *length)
{
	if (!link->has_line)
		return false;
	*line = link->input.text.data + link->taken;
	*length = link->searched;
	link->taken += link->searched + 1;
	link->input.text.data[link->taken - 1] = '\0';
	link->searched = 0;
	find_line(link);
	return true;
}

bool gpald_link_is_idle(struct gpald_link *link)
{
	struct pollfd ready = { .fd = link->fd, .events = POLLIN };

	return link->is_connected && !link->is_send_closed && has_sent_line(link) &&
	       link->input.text.length == link->taken && poll(&ready, 1, 0) == 0;
}

short gpald_link_events(const struct gpald_link *link)
{
	/* The caller must take the line first. */
	if (!link->is_connected || link->has_line)
		return 0;
	return link->is_send_closed || has_sent_line(link) ? POLLIN : POLLIN | POLLOUT;
}

void gpald_link_close(struct gpald_link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	link->is_connected = link->is_send_closed = link->has_line = false;
	gpald_writer_clear(&link->output);
	gpald_writer_reset(&link->input, 0);
	link->sent = link->taken = link->searched = 0;
}

void gpald_link_free(struct gpald_link *link)
{
	gpald_writer_clear(&link->input);
}
