/* SPDX-License-Identifier: MIT */
/*
 * Restricts the system calls of the process while it serves. An attacker who takes over the daemon
 * can make only the calls that are listed in confine.c.
 */
#ifndef GPALD_SERVER_CONFINE_H
#define GPALD_SERVER_CONFINE_H

#include <gpalayout/export.h>

/*
 * The default of the option. It is "no" in builds whose runtime needs more calls than the daemon.
 */
#define GPALD_CONFINE_STANDARD (GPALD_CAN_CONFINE ? "yes" : "no")

/*
 * From now on no program that is executed gets privileges that this process lacks. A kernel that
 * does not know this is ignored. Call it before a second thread starts.
 */
void gpald_confine_privileges(void);

/*
 * From now on no ring of io_uring can be made, because its requests bypass filters. libuv has other
 * ways, but would keep using a ring that it has. Call it after gpald_confine_privileges(), and
 * before the loop and a second thread exist. gpald_confine_calls() returns its error.
 */
void gpald_confine_rings(void);

/*
 * Allows only the listed calls, for all threads. Any other call is logged as "forbidden_call" with
 * its name, and SIGSYS kills the process before the call has an effect; nothing is closed or
 * flushed. Call it once, after the last thread has started. Returns 0, or the errno with which the
 * kernel refuses the filter; then only rings are forbidden.
 */
GPAL_MUST_USE int gpald_confine_calls(void);

#endif
