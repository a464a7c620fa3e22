/* SPDX-License-Identifier: MIT */
/*
 * The tables of roles and of IOMMUs. Roles are in the order in which request_inputs.c adds their
 * ranges.
 */
#include "config.h"

#include "core/roles.h"

#include <stddef.h>
#include <string.h>

#define BIT(kind) (1u << GPAL_KIND_##kind)
#define TAG(first, last)                                                         \
	.prefix = (first), .prefix_length = sizeof(first) - 1, .suffix = (last), \
	.suffix_length = sizeof(last) - 1
#define IN_LAYOUT(pointer, name) .member = (pointer), .offset = offsetof(struct gpal_layout, name)
#define IN_ROOT_COMPLEX(pointer, name)                       \
	.list = "/pcie/root_complexes", .member = (pointer), \
	.offset = offsetof(struct gpal_layout_root_complex, name)
#define AN_IOMMU                                                          \
	.kinds = BIT(MMIO32), .subject = GPAL_SUBJECT_ROOT_COMPLEX_IOMMU, \
	.list = "/iommu/instances", .member = "",                         \
	.offset = offsetof(struct gpal_layout_iommu, range)

const struct gpald_role_row gpald_roles[GPALD_ROLE_COUNT] = {
	[GPALD_ROLE_LOW_RAM_GAP] = { TAG("low-ram-gap", ""), .kinds = BIT(RESERVED),
				     .subject = GPAL_SUBJECT_MEMORY_START },
	[GPALD_ROLE_RESERVED] = { TAG("reserved-", ""), .kinds = BIT(RESERVED),
				  .subject = GPAL_SUBJECT_RESERVED },
	[GPALD_ROLE_HOLE] = { TAG("reserved-", ""), .kinds = BIT(RESERVED),
			      .subject = GPAL_SUBJECT_HOST_HOLE },
	[GPALD_ROLE_CHIPSET_LOW_MMIO] = { TAG("chipset-low-mmio", ""), .kinds = BIT(FIXED),
					  .subject = GPAL_SUBJECT_CHIPSET_LOW_MMIO,
					  IN_LAYOUT("/chipset/low_mmio", chipset_low_mmio) },
	[GPALD_ROLE_CHIPSET_HIGH_MMIO] = { TAG("chipset-high-mmio", ""),
					   .kinds = BIT(MMIO64) | BIT(FIXED),
					   .subject = GPAL_SUBJECT_CHIPSET_HIGH_MMIO,
					   IN_LAYOUT("/chipset/high_mmio", chipset_high_mmio) },
	[GPALD_ROLE_ECAM] = { TAG("pcie-seg", "-ecam"), .kinds = BIT(MMIO32) | BIT(MMIO64),
			      .subject = GPAL_SUBJECT_ROOT_COMPLEX, .list = "/pcie/segments",
			      .member = "", .offset = offsetof(struct gpal_layout_segment, ecam) },
	[GPALD_ROLE_BUSES] = { TAG("pcie-", "-ecam"), .subject = GPAL_SUBJECT_ROOT_COMPLEX,
			       IN_ROOT_COMPLEX("/ecam", ecam) },
	[GPALD_ROLE_LOW_MMIO] = { TAG("pcie-", "-low-mmio"), .kinds = BIT(MMIO32) | BIT(FIXED),
				  .subject = GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO,
				  IN_ROOT_COMPLEX("/low_mmio", low_mmio) },
	[GPALD_ROLE_HIGH_MMIO] = { TAG("pcie-", "-high-mmio"), .kinds = BIT(MMIO64) | BIT(FIXED),
				   .subject = GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO,
				   IN_ROOT_COMPLEX("/high_mmio", high_mmio) },
	[GPALD_ROLE_CXL_HDM] = { TAG("pcie-", "-cxl-hdm"), .kinds = BIT(MMIO64),
				 .subject = GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM,
				 IN_ROOT_COMPLEX("/cxl/hdm", cxl_hdm) },
	[GPALD_ROLE_CXL_CHBCR] = { TAG("pcie-", "-cxl-chbcr"), .kinds = BIT(MMIO64),
				   .subject = GPAL_SUBJECT_ROOT_COMPLEX,
				   IN_ROOT_COMPLEX("/cxl/chbcr", cxl_chbcr) },
	[GPALD_ROLE_CXL_WINDOW] = { TAG("cxl-window-", ""), .kinds = BIT(MMIO64),
				    .subject = GPAL_SUBJECT_CXL_WINDOW_SIZE, .list = "/cxl_windows",
				    .member = "",
				    .offset = offsetof(struct gpal_layout_cxl_window, range) },
	[GPALD_ROLE_VIRTIO_MMIO] = { TAG("virtio-mmio", ""), .kinds = BIT(MMIO32),
				     .subject = GPAL_SUBJECT_VIRTIO_MMIO_SLOTS,
				     IN_LAYOUT("/virtio_mmio", virtio_mmio) },
	[GPALD_ROLE_SMMU] = { TAG("smmu-", ""), AN_IOMMU },
	[GPALD_ROLE_AMD_IOMMU] = { TAG("amd-iommu-", ""), AN_IOMMU },
	[GPALD_ROLE_INTEL_VTD] = { TAG("intel-vtd-", ""), AN_IOMMU },
	[GPALD_ROLE_LOW_RAM_WINDOW] = { TAG("ram", ""), .kinds = BIT(RAM),
					.subject = GPAL_SUBJECT_MEMORY_LOW_WINDOW },
	[GPALD_ROLE_RAM] = { TAG("ram", ""), .kinds = BIT(RAM), .subject = GPAL_SUBJECT_MEMORY_NODE,
			     .list = "/ram", .member = "",
			     .offset = offsetof(struct gpal_ram_extent, range) },
	[GPALD_ROLE_HOTPLUG] = { TAG("hotplug-", ""), .kinds = BIT(POST_MMIO),
				 .subject = GPAL_SUBJECT_HOTPLUG_SIZE, .list = "/hotplug",
				 .member = "",
				 .offset = offsetof(struct gpal_layout_hotplug_room, range) },
	[GPALD_ROLE_VTL2_CHIPSET_MMIO] = { TAG("vtl2-chipset-mmio", ""), .kinds = BIT(POST_MMIO),
					   .subject = GPAL_SUBJECT_VTL2_CHIPSET_MMIO,
					   IN_LAYOUT("/vtl2/chipset_mmio", vtl2_chipset_mmio) },
	[GPALD_ROLE_VTL2_MEMORY] = { TAG("vtl2", ""), .kinds = BIT(POST_MMIO),
				     .subject = GPAL_SUBJECT_VTL2_MEMORY_SIZE,
				     IN_LAYOUT("/vtl2/memory", vtl2_memory) },
	[GPALD_ROLE_VTL2_FRAMEBUFFER] = { TAG("vtl2-framebuffer", ""), .kinds = BIT(POST_MMIO),
					  .subject = GPAL_SUBJECT_VTL2_FRAMEBUFFER,
					  IN_LAYOUT("/vtl2/framebuffer", vtl2_framebuffer) },
};

const struct gpald_iommu_row gpald_iommu_rows[GPAL_IOMMU_COUNT] = {
	[GPAL_IOMMU_SMMUV3] = { GPALD_ROLE_SMMU, GPAL_ARCH_AARCH64, 128 * GPALD_KIB },
	[GPAL_IOMMU_AMD_VI] = { GPALD_ROLE_AMD_IOMMU, GPAL_ARCH_X86_64, 16 * GPALD_KIB },
	[GPAL_IOMMU_INTEL_VTD] = { GPALD_ROLE_INTEL_VTD, GPAL_ARCH_X86_64, 4 * GPALD_KIB },
};

const char *gpald_decimal(uint64_t value, char buffer[GPALD_DECIMAL_SIZE])
{
	char *at = buffer + GPALD_DECIMAL_SIZE - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	return at;
}

bool gpald_role_has_tag(enum gpald_role role, const char *name, const char *tag)
{
	const struct gpald_role_row *row = &gpald_roles[role];
	const size_t length = strlen(name);

	return strncmp(tag, row->prefix, row->prefix_length) == 0 &&
	       strncmp(tag + row->prefix_length, name, length) == 0 &&
	       strcmp(tag + row->prefix_length + length, row->suffix) == 0;
}
