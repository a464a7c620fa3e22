/* SPDX-License-Identifier: MIT */
/* libuv's loop, which is not stopped by a want of memory. */
#ifndef GPALD_SERVER_LOOP_H
#define GPALD_SERVER_LOOP_H

#include <gpalayout/export.h>
#include <stdint.h>
#include <uv.h>

/*
 * Makes a loop for that many descriptors, or for as many as the process may have; to
 * be called before any other function of libuv. 0, or a libuv error. Without memory
 * for the descriptors the process exits with status 1 and a line in the log.
 */
GPAL_MUST_USE int gpald_loop_init(uv_loop_t *loop, uint64_t descriptors);

#endif
