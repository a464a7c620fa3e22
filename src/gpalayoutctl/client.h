/* SPDX-License-Identifier: MIT */
/*
 * The connection to the daemon: request lines out, lines back. It says nothing to
 * the user by itself, because whoever connects again takes a failure for granted.
 */
#ifndef GPALAYOUTCTL_CLIENT_H
#define GPALAYOUTCTL_CLIENT_H

#include "buffer.h"
#include "exit_code.h"

#include <stdbool.h>
#include <stdint.h>

struct ctl_endpoint {
	const char *path;         /* of the daemon's socket; borrowed */
	const char *inspect_path; /* where to go if this user may not use that; NULL: nowhere */
	int64_t timeout_ms;       /* for connecting, sending and receiving together */
	int64_t retry_ms;         /* while there is no daemon, try again for so long */
};

/* After anything but CTL_LINK_OK, a client is only good for ctl_client_close(). */
enum ctl_link {
	CTL_LINK_OK,
	CTL_LINK_BAD_PATH,  /* a path no socket can have */
	CTL_LINK_NONE,      /* cannot connect */
	CTL_LINK_TIMED_OUT, /* no answer within the endpoint's time */
	CTL_LINK_CLOSED,    /* by the peer, before or inside a line */
	CTL_LINK_TOO_LARGE, /* a line beyond anything the daemon sends */
	CTL_LINK_NO_READER, /* nobody reads standard output any more */
};

/* Starts as CTL_CLIENT(endpoint), not connected. */
struct ctl_client {
	const struct ctl_endpoint *endpoint; /* borrowed */
	int fd;                              /* -1: not connected */
	int64_t deadline_ms;                 /* of the exchange in progress */
	struct ctl_buffer input;             /* received; the first `taken` bytes are done with */
	size_t taken;
	size_t searched;  /* bytes that hold no line end behind those taken */
	bool unfinished;  /* the last request was answered before all of it was sent */
	const char *step; /* what failed, and how, for ctl_client_complain() */
	int error;
};

#define CTL_CLIENT(where) ((struct ctl_client){ .endpoint = (where), .fd = -1 })
#define ctl_cleanup_client __attribute__((cleanup(ctl_client_close)))

/*
 * Connects unless connected, sends `request` (a line with its LF) and appends
 * the next line that comes to `reply`, without its LF. Lines behind it are kept.
 * A refusal may come before all of the request is sent. The rest is not sent then,
 * and the next request goes out over another connection.
 */
enum ctl_link ctl_client_exchange(struct ctl_client *client, const struct ctl_buffer *request,
				  struct ctl_buffer *reply);

/*
 * Appends the next line to `line`, however long it takes to come; ends with
 * CTL_LINK_NO_READER as soon as standard output has no reader left.
 */
enum ctl_link ctl_client_follow(struct ctl_client *client, struct ctl_buffer *line);

/*
 * Says what `link`, the last result, means, and what to do: CTL_USAGE for a path
 * no socket can have and for output without a reader, otherwise CTL_NO_DAEMON.
 */
enum ctl_exit ctl_client_complain(const struct ctl_client *client, enum ctl_link link);

/* Forgets what was received, too; the client can connect again. */
void ctl_client_close(struct ctl_client *client);

#endif
