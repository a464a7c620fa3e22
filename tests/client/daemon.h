/* SPDX-License-Identifier: MIT */
/* Runs a daemon, or a peer that sends prepared replies, in a folder of its own. */
#ifndef GPALD_TESTS_CLIENT_DAEMON_H
#define GPALD_TESTS_CLIENT_DAEMON_H

#include <stddef.h>
#include <sys/types.h>

struct daemon {
	char folder[32];
	char control[64]; /* path of the socket */
	pid_t pid;        /* 0 if it does not run */
};

/* Makes the folder. The daemon keeps its layouts there. */
void daemon_prepare(struct daemon *daemon);

/* Starts $GPALAYOUTD and waits until it accepts connections. `option` may be NULL. */
void daemon_start(struct daemon *daemon, const char *option);

/* Sends a signal to the daemon and waits until it has exited. */
void daemon_stop(struct daemon *daemon, int signal);

/* Stops the daemon and removes the folder. */
void daemon_remove(struct daemon *daemon);

/*
 * Starts a peer that accepts `count` connections, one after the other. On each it reads a line,
 * sends the entry of `replies` for this connection, and closes. If `waits` is set, it reads to the
 * end of the input before it closes.
 */
void daemon_fake(struct daemon *daemon, const char *const *replies, size_t count, int waits);

#endif
