/* SPDX-License-Identifier: MIT */
/*
 * What signals do to the daemon: nothing, an orderly stop, or a line in the log
 * before it dies of them. Three end it without a line: SIGKILL, which no program can
 * see, and the two that the C library keeps for itself (32 and 33). So does a stack
 * overflow of the store thread, which has no signal stack of its own.
 */
#ifndef GPALD_SERVER_SIGNALS_H
#define GPALD_SERVER_SIGNALS_H

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct gpald_signals {
	uv_signal_t handles[64];
	size_t count; /* of those that are initialised */
};

/*
 * Ignores SIGHUP, SIGPIPE and SIGXFSZ, and logs those that say that the daemon has
 * crashed (SIGSEGV and its like, and SIGQUIT, by which people ask for a core), which
 * then do what they always do.
 */
void gpald_signals_prepare(void);

/*
 * Calls `arrived` on the loop for each other signal that would end the process,
 * whether the daemon was started with it blocked or not. A libuv error or 0.
 */
GPAL_MUST_USE int gpald_signals_start(struct gpald_signals *signals, uv_loop_t *loop,
				      uv_signal_cb arrived, void *data);

/*
 * Closes the handles. Signals that come now are blocked, for their default action
 * would make a clean end look like a crash.
 */
void gpald_signals_stop(struct gpald_signals *signals);

/* Whether the signal is how people and service managers end a daemon. */
bool gpald_signal_is_ordinary(int number);

/* "SIGTERM", "SIGRTMIN+3". */
#define GPALD_SIGNAL_NAME_SIZE 16
const char *gpald_signal_name(int number, char buffer[GPALD_SIGNAL_NAME_SIZE]);

#endif
