/* SPDX-License-Identifier: MIT */
/*
 * The size of a window for devices. devices.c names the specifications that it follows.
 */
#ifndef GPALD_CORE_DEVICES_H
#define GPALD_CORE_DEVICES_H

#include <gpalayout/export.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes: least size and alignment of the memory window of a PCIe bridge. */
#define GPALD_BRIDGE_WINDOW_UNIT UINT64_C(0x100000)

/*
 * Computes the size and the alignment of a GPAL_WINDOW_DEVICES. Its BARs are powers of two;
 * `usual` is its least alignment. Returns false if the size is 2^64 or more.
 */
GPAL_MUST_USE bool gpald_size_devices_window(const struct gpal_window *window, uint64_t usual,
					     uint64_t *size, uint64_t *alignment);

#endif
