/* SPDX-License-Identifier: MIT */
/* The table of known devices, which maps and probes share. */
#include "config.h"

#include "gpalayoutctl/map/devices.h"

/* By architecture, ascending. */
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
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		if (devices[i].arch != arch || devices[i].address < range.start ||
		    devices[i].address >= range.end)
			continue;
		if (!first)
			first = &devices[i];
		++*count;
	}
	return first;
}
