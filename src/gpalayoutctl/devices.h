/* SPDX-License-Identifier: MIT */
/*
 * Devices at fixed addresses of the platform. They are in chipset-low-mmio, and layouts do not list
 * them. Other devices there depend on the VMM and are not known here.
 */
#ifndef GPALAYOUTCTL_DEVICES_H
#define GPALAYOUTCTL_DEVICES_H

#include <gpalayout/policy.h>
#include <stdint.h>

#define CTL_DEVICE_COUNT 4

/* Devices of one architecture are adjacent, in ascending order. No two are in one page. */
static const struct ctl_device {
	enum gpal_arch arch;
	uint64_t address;
	const char *name;
} ctl_devices[CTL_DEVICE_COUNT] = {
	{ GPAL_ARCH_X86_64, 0xfec00000, "IOAPIC" },
	{ GPAL_ARCH_X86_64, 0xfed40000, "TPM" },
	{ GPAL_ARCH_X86_64, 0xfee00000, "LAPIC" },
	{ GPAL_ARCH_AARCH64, 0xffff0000, "GIC distributor" },
};

#endif
