/* SPDX-License-Identifier: MIT */
/* A daemon, or something that only answers as it is told, in a folder of its own. */
#ifndef GPALD_TESTS_CLIENT_DAEMON_H
#define GPALD_TESTS_CLIENT_DAEMON_H

#include <stddef.h>
#include <sys/types.h>

struct daemon {
	char folder[32];
	char control[64]; /* path of the socket */
	pid_t pid;        /* 0: it does not run */
};

/* Makes the folder; the daemon keeps its layouts there. */
void daemon_prepare(struct daemon *daemon);

/* Starts $GPALAYOUTD and waits until it answers; `option` may be NULL. */
void daemon_start(struct daemon *daemon, const char *option);

/* Ends it with a signal and waits for that. */
void daemon_stop(struct daemon *daemon, int signal);

/* Stops it, and removes the folder. */
void daemon_remove(struct daemon *daemon);

/*
 * Starts a peer that takes connections, `count` in all, and on each waits for a line, sends
 * `replies` of that connection as they are, waits for the end of the input if `waits`, and
 * closes.
 */
void daemon_fake(struct daemon *daemon, const char *const *replies, size_t count, int waits);

#endif
