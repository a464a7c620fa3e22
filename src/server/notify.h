/* SPDX-License-Identifier: MIT */
/*
 * What the service manager is told, as sd_notify(3) has it, and what it wants to be told.
 * Its own code: a datagram now and then is not worth a library.
 */
#ifndef GPALD_SERVER_NOTIFY_H
#define GPALD_SERVER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sends assignments such as "READY=1", a line each, to $NOTIFY_SOCKET; without one there is
 * nobody to tell. The daemon waits for nobody. False: there is no room now, so what matters
 * has to be told again.
 */
__attribute__((format(printf, 1, 2))) bool gpald_notify(const char *format, ...);

/*
 * The manager takes the daemon for dead if it is not told WATCHDOG=1 within so many
 * milliseconds; 0: it does not ask for that.
 */
uint64_t gpald_notify_watchdog_ms(void);

#endif
