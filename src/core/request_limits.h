/* SPDX-License-Identifier: MIT */
/*
 * Limits on requests, names and tags. The decoders refuse values above a maximum from a client, and
 * the codec refuses them from the store, so that no other part of the daemon sees one. The library
 * itself checks only one of these maxima, that of the address bits.
 */
#ifndef GPALD_CORE_REQUEST_LIMITS_H
#define GPALD_CORE_REQUEST_LIMITS_H

#define GPALD_VIRTIO_MMIO_SLOTS_MAX 4096
#define GPALD_MEMORY_NODES_MAX 1024
#define GPALD_ROOT_COMPLEXES_MAX 4096
#define GPALD_RESERVED_MAX 65536
#define GPALD_HOLES_MAX 16 /* more than exist, so a repeated hole is refused as a duplicate */
#define GPALD_ADDRESS_BITS_MAX 64
#define GPALD_HOTPLUG_ROOMS_MAX 1024
#define GPALD_CXL_WINDOWS_MAX 256
#define GPALD_NAME_MAX 64           /* bytes of the name of a live layout, or of an allocator tag */
#define GPALD_UTF8_NAME_MAX 255     /* bytes of the name of a root complex or a CXL window */
#define GPALD_RESERVED_NAME_MAX 256 /* bytes of the name of a reserved range */
#define GPALD_TAG_MAX 280           /* bytes of a tag: a name with a prefix and a suffix */

/*
 * The least sizes of chipset low MMIO, in bytes. It ends at 4 GiB. The resolver raises a smaller
 * size. Guests expect devices at fixed addresses there: LAPIC, IOAPIC and TPM; GIC and PL011.
 */
#define GPALD_CHIPSET_LOW_MMIO_MIN_X86_64 (32 << 20)
#define GPALD_CHIPSET_LOW_MMIO_MIN_AARCH64 (272 << 20)

#endif
