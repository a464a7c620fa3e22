/* SPDX-License-Identifier: MIT */
/*
 * Devices whose addresses are the platform's, so that no layout lists them: they lie in
 * chipset-low-mmio. What else lies there is up to the host and is not known here.
 */
#ifndef GPALAYOUTCTL_MAP_DEVICES_H
#define GPALAYOUTCTL_MAP_DEVICES_H

#include <gpalayout/policy.h>
#include <gpalayout/range.h>
#include <stddef.h>
#include <stdint.h>

struct ctl_device {
	enum gpal_arch arch;
	uint64_t address;
	const char *name;
};

#define CTL_DEVICES_MAX 3 /* of an architecture */

/* Those of an architecture in a range, ascending; static. Writes their number to *count. */
const struct ctl_device *ctl_devices_in(enum gpal_arch arch, struct gpal_range range,
					size_t *count);

/* The one whose first page an address is in; NULL: none. */
const struct ctl_device *ctl_device_at(uint64_t address);

#endif
