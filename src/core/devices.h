/* SPDX-License-Identifier: MIT */
/* How large a window has to be for the BARs of devices. */
#ifndef GPALD_CORE_DEVICES_H
#define GPALD_CORE_DEVICES_H

#include <gpalayout/export.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stdint.h>

/* The smallest of a PCIe bridge's window, and its alignment. */
#define GPALD_BRIDGE_WINDOW_UNIT UINT64_C(0x100000)

/*
 * The size and the alignment of a GPAL_WINDOW_DEVICES, whose BARs are powers of two; `usual`
 * is the alignment that such a window has at least. False: the size is 2^64 or more.
 */
GPAL_MUST_USE bool gpald_devices_window(const struct gpal_window *window, uint64_t usual,
					uint64_t *size, uint64_t *alignment);

#endif
