/* SPDX-License-Identifier: MIT */
/*
 * Notifies the service manager; see sd_notify(3). The daemon does not link libsystemd, because it
 * only sends a few datagrams.
 */
#ifndef GPALD_SERVER_NOTIFY_H
#define GPALD_SERVER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sends assignments such as "READY=1", one per line, to $NOTIFY_SOCKET; does nothing if that is not
 * set. It never waits. Returns false if another attempt may succeed, because the socket is full or
 * cannot be created now: send important assignments again.
 */
__attribute__((format(printf, 1, 2))) bool gpald_notify(const char *format, ...);

/*
 * Returns the time in which the service manager expects WATCHDOG=1; without it, the service manager
 * restarts the daemon. 0: it expects none.
 */
uint64_t gpald_notify_watchdog_ms(void);

#endif
