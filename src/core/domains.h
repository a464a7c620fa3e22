/* SPDX-License-Identifier: MIT */
/*
 * How much a request may ask for. The wire takes no more from a client, and the codec
 * no more from a disk, so that nothing behind them meets a value that it was not made
 * for.
 */
#ifndef GPALD_CORE_DOMAINS_H
#define GPALD_CORE_DOMAINS_H

#define GPALD_VIRTIO_MMIO_SLOTS_MAX 4096
#define GPALD_MEMORY_NODES_MAX 1024
#define GPALD_ROOT_COMPLEXES_MAX 4096
#define GPALD_RESERVED_MAX 65536
#define GPALD_HOLES_MAX 16 /* more than exist, so that one named twice is refused for that */
#define GPALD_ADDRESS_BITS_MAX 64
#define GPALD_HOTPLUG_ROOMS_MAX 1024
#define GPALD_CXL_WINDOWS_MAX 256
#define GPALD_NAME_MAX 64      /* of a live layout */
#define GPALD_ANY_NAME_MAX 255 /* of a root complex or a CXL window */
#define GPALD_RESERVED_NAME_MAX 256
#define GPALD_TAG_MAX 280 /* a name, and what stands around it */

#endif
