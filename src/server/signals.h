/* SPDX-License-Identifier: MIT */
/*
 * The effect of signals on the daemon: nothing, an orderly stop, or a line in the log before they
 * kill it. SIGSTOP, SIGTSTP, SIGTTIN and SIGTTOU suspend it, as any process. Three kill it without
 * a line: SIGKILL, which no program can handle, and the two that the C library reserves (32 and
 * 33). So does a stack overflow of the store thread or a work thread; only the thread of the loop
 * has a signal stack.
 */
#ifndef GPALD_SERVER_SIGNALS_H
#define GPALD_SERVER_SIGNALS_H

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct gpald_signals {
	uv_signal_t handles[64];
	size_t count; /* number of initialised ones */
};

/*
 * Ignores SIGHUP, SIGPIPE and SIGXFSZ. Logs signals of crashes, such as SIGSEGV, and SIGQUIT, which
 * people send to get a core; then they take their default action. One of these that was
 * ignored at the start stays ignored.
 */
void gpald_signals_prepare(void);

/*
 * Calls `arrived` on the loop for each other signal that would terminate the process, even if it
 * was blocked when the daemon was started. Returns 0 or a libuv error.
 */
GPAL_MUST_USE int gpald_signals_start(struct gpald_signals *signals, uv_loop_t *loop,
				      uv_signal_cb arrived, void *data);

/*
 * Closes the handles. Signals that arrive now are blocked, because their default action would make
 * a clean exit look like a crash.
 */
void gpald_signals_stop(struct gpald_signals *signals);

/* Returns whether people and service managers stop a daemon with this signal. */
bool gpald_signal_is_stop_request(int number);

/* Writes the name of a signal, such as "SIGTERM" or "SIGRTMIN+3". */
#define GPALD_SIGNAL_NAME_SIZE 16
const char *gpald_signal_name(int number, char buffer[GPALD_SIGNAL_NAME_SIZE]);

#endif
