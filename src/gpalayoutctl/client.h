/* SPDX-License-Identifier: MIT */
/*
 * The connection to the daemon: one request line out, one reply line back.
 */
#ifndef GPALAYOUTCTL_CLIENT_H
#define GPALAYOUTCTL_CLIENT_H

#include "buffer.h"
#include "exit_code.h"

#include <stdint.h>

struct ctl_endpoint {
	const char *path;   /* of the daemon's socket; borrowed */
	int64_t timeout_ms; /* for connecting, sending and receiving together */
};

/*
 * Connects, sends `request` (a line with its LF) and appends the reply to
 * `reply`, without its LF. Otherwise says why and returns CTL_USAGE for a path
 * no socket can have, CTL_NO_DAEMON for everything else.
 */
enum ctl_exit ctl_exchange(const struct ctl_endpoint *endpoint, const struct ctl_buffer *request,
			   struct ctl_buffer *reply);

#endif
