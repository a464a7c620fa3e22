/* SPDX-License-Identifier: MIT */
/* The table of known devices, which maps and probes share. */
#include "config.h"

#include "gpalayoutctl/map/devices.h"

#define DEVICE_COUNT (sizeof(devices) / sizeof(devices[0]))

/* By architecture, ascending. No page is that of two. */
static const struct ctl_device devices[] = {
	{ GPAL_ARCH_X86_64, 0xfec00000, "IOAPIC" },
	{ GPAL_ARCH_X86_64, 0xfed40000, "TPM" },
	{ GPAL_ARCH_X86_64, 0xfee00000, "LAPIC" },
	{ GPAL_ARCH_AARCH64, 0xffff0000, "GIC distributor" },
};

const struct ctl_device *ctl_devices_in(enum gpal_arch arch, struct gpal_range range, size_t *count)
{
	const struct ctl_device *first = NULL;

	*count = 0;
	for (size_t i = 0; i < DEVICE_COUNT; i++) {
		if (devices[i].arch != arch || devices[i].address < range.start ||
		    devices[i].address >= range.end)
			continue;
		if (!first)
			first = &devices[i];
		++*count;
	}
	return first;
}

const struct ctl_device *ctl_device_at(uint64_t address)
{
	for (size_t i = 0; i < DEVICE_COUNT; i++)
		if (address / GPAL_PAGE_SIZE == devices[i].address / GPAL_PAGE_SIZE)
			return &devices[i];
	return NULL;
}
