/* SPDX-License-Identifier: MIT */
/* A loop of libuv that does not abort when memory runs out. */
#ifndef GPALD_SERVER_LOOP_H
#define GPALD_SERVER_LOOP_H

#include <gpalayout/export.h>
#include <stdint.h>
#include <uv.h>

/*
 * Makes a loop for `descriptors` descriptors, or for the limit of the process if that is lower.
 * Call it before any other function of libuv. Returns 0 or a libuv error. If there is no memory for
 * the table of descriptors, it logs that and the process exits with status 1.
 */
GPAL_MUST_USE int gpald_loop_init(uv_loop_t *loop, uint64_t descriptors);

#endif
