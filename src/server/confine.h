/* SPDX-License-Identifier: MIT */
/*
 * What the process may ask of the kernel once it serves. Whoever takes over the daemon
 * through a fault in it gets no further than the calls on the list in confine.c.
 */
#ifndef GPALD_SERVER_CONFINE_H
#define GPALD_SERVER_CONFINE_H

#include <gpalayout/export.h>

/* The default of the option: "no" in builds whose runtime needs more calls than the daemon. */
#define GPALD_CONFINE_STANDARD (GPALD_CAN_CONFINE ? "yes" : "no")

/*
 * From here on no program that is executed gets privileges that this process lacks. A
 * kernel that does not know it is ignored. Call it before a second thread starts.
 */
void gpald_confine_privileges(void);

/*
 * From here on there are no rings of io_uring, whose requests bypass filters: libuv has
 * other ways, but goes on with a ring that it has. Call it after the former, before
 * there is a loop and a second thread. What fails, gpald_confine_calls() returns.
 */
void gpald_confine_rings(void);

/*
 * Allows all threads the calls on the list. Any other call is logged as "forbidden_call",
 * with its name, and ends the process with SIGSYS before the call does anything; nothing
 * is closed or flushed. Call it once, after the last thread has started. 0, or the errno
 * with which the kernel refuses the filter, and then nothing is forbidden but rings.
 */
GPAL_MUST_USE int gpald_confine_calls(void);

#endif
