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
#define GPALD_CONFINE_DEFAULT (GPALD_CONFINES_BY_DEFAULT ? "yes" : "no")

/*
 * From now on, a program that this process executes gets no privileges that the process lacks. Has
 * no effect on a kernel without this feature. Call it before a second thread starts.
 */
void gpald_confine_no_new_privs(void);

/*
 * Forbids io_uring, because the requests in a ring bypass filters. libuv then uses other calls.
 * Call this after gpald_confine_no_new_privs() and before a loop exists, because libuv keeps using
 * a ring that it has. Call it while there is one thread, because other threads would get no filter.
 * If this fails, gpald_confine_system_calls() returns the error.
 */
void gpald_confine_io_uring(void);

/*
 * Allows only the listed calls, for all threads. Any other call is logged as "forbidden_call" with
 * its name, and SIGSYS kills the process before the call has an effect; nothing is closed or
 * flushed. Call it once, after the last thread has started. Returns 0, or the errno with which the
 * kernel refuses a filter; then at most io_uring is forbidden.
 */
GPAL_MUST_USE int gpald_confine_system_calls(void);

#endif
