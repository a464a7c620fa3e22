/* SPDX-License-Identifier: MIT */
/*
 * Notifies the service manager; see sd_notify(3). It is code of our own, because a library is not
 * worth it for a few datagrams.
 */
#ifndef GPALD_SERVER_NOTIFY_H
#define GPALD_SERVER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sends assignments such as "READY=1", one per line, to $NOTIFY_SOCKET; does nothing if that is not
 * set. It never waits. Returns false if the socket is full: send important assignments again.
 */
__attribute__((format(printf, 1, 2))) bool gpald_notify(const char *format, ...);

/*
 * Returns within how many milliseconds the service manager needs WATCHDOG=1, or it restarts the
 * daemon; 0: it does not need it.
 */
uint64_t gpald_notify_watchdog_ms(void);

#endif
