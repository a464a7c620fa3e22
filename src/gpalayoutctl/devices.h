/* SPDX-License-Identifier: MIT */
/*
 * Devices whose addresses are the platform's, so that no layout lists them: they lie in
 * chipset-low-mmio. What else lies there is up to the host and is not known here.
 */
#ifndef GPALAYOUTCTL_DEVICES_H
#define GPALAYOUTCTL_DEVICES_H

#include <gpalayout/policy.h>
#include <stdint.h>

#define CTL_DEVICE_COUNT 4

/* Those of an architecture follow each other, ascending. No page is that of two. */
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
