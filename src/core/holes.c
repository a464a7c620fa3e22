/* SPDX-License-Identifier: MIT */
/*
 * The well-known holes of hosts. Sources: AMD I/O Virtualization Technology Specification, for the
 * addresses of HyperTransport's special functions, which AMD's IOMMU does not translate;
 * MSI_IOVA_BASE in Linux's SMMU driver, for the addresses to which Linux maps the doorbells of MSIs
 * for devices behind an SMMU.
 */
#include "config.h"

#include "core/holes.h"

#include <stddef.h>

static const struct gpald_hole_row holes[GPAL_HOLE_COUNT] = {
	[GPAL_HOLE_AMD_HYPERTRANSPORT] = { "amd-hypertransport",
					   GPAL_ARCH_X86_64,
					   { UINT64_C(0xfd00000000), UINT64_C(0x10000000000) } },
	[GPAL_HOLE_ARM_MSI] = { "arm-msi", GPAL_ARCH_AARCH64, { 0x8000000, 0x8100000 } },
};

const struct gpald_hole_row *gpald_hole_find(enum gpal_hole hole)
{
	return &holes[hole];
}

struct gpal_named_range gpald_reserved_at(const struct gpal_request *request, size_t index)
{
	const struct gpald_hole_row *hole;

	if (index < request->reserved_count)
		return request->reserved[index];
	hole = &holes[request->host_holes[index - request->reserved_count]];
	return (struct gpal_named_range){ hole->name, hole->range };
}

const char *gpal_hole_name(enum gpal_hole hole)
{
	return (unsigned int)hole < GPAL_HOLE_COUNT ? holes[hole].name : NULL;
}
