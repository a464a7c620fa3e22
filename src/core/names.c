/* SPDX-License-Identifier: MIT */
/* The names of the enumerators, as requests and layouts spell them. */
#include "config.h"

#include <assert.h>
#include <gpalayout/layout.h>

#define ASSERT_ALL_NAMED(table, enum_count)                               \
	static_assert(sizeof(table) / sizeof((table)[0]) == (enum_count), \
		      "each enumerator has a name")

static const char *const kind_names[] = {
	[GPAL_KIND_RESERVED] = "reserved", [GPAL_KIND_FIXED] = "fixed",
	[GPAL_KIND_MMIO32] = "mmio32",     [GPAL_KIND_RAM] = "ram",
	[GPAL_KIND_MMIO64] = "mmio64",     [GPAL_KIND_POST_MMIO] = "post_mmio",
};
ASSERT_ALL_NAMED(kind_names, GPAL_KIND_COUNT);

static const char *const arch_names[] = {
	[GPAL_ARCH_X86_64] = "x86_64",
	[GPAL_ARCH_AARCH64] = "aarch64",
};
ASSERT_ALL_NAMED(arch_names, GPAL_ARCH_COUNT);

static const char *const profile_names[] = {
	[GPAL_PROFILE_GEN2_UEFI] = "gen2-uefi",
	[GPAL_PROFILE_GEN1] = "gen1",
	[GPAL_PROFILE_LINUX_DIRECT] = "linux-direct",
	[GPAL_PROFILE_LINUX_DIRECT_UNENLIGHTENED] = "linux-direct-unenlightened",
	[GPAL_PROFILE_HCL_HOST] = "hcl-host",
};
ASSERT_ALL_NAMED(profile_names, GPAL_PROFILE_COUNT);

static const char *const ecam_names[] = {
	[GPAL_ECAM_DEFAULT] = NULL,
	[GPAL_ECAM_BELOW_4GIB] = "below-4gib",
	[GPAL_ECAM_ABOVE_4GIB] = "above-4gib",
};
ASSERT_ALL_NAMED(ecam_names, GPAL_ECAM_COUNT);

static const char *const iommu_names[] = {
	[GPAL_IOMMU_NONE] = NULL,
	[GPAL_IOMMU_SMMUV3] = "smmuv3",
	[GPAL_IOMMU_AMD_VI] = "amd-vi",
	[GPAL_IOMMU_INTEL_VTD] = "intel-vtd",
};
ASSERT_ALL_NAMED(iommu_names, GPAL_IOMMU_COUNT);

static const char *const warning_tokens[] = {
	[GPAL_WARN_RAM_NOT_AT_ZERO] = "ram_not_at_zero",
	[GPAL_WARN_PINNED_HIGH_MMIO_BELOW_4GIB] = "pinned_high_mmio_below_4gib",
	[GPAL_WARN_PINNED_WINDOW_UNALIGNED] = "pinned_window_unaligned",
	[GPAL_WARN_MANY_VIRTIO_MMIO_SLOTS] = "many_virtio_mmio_slots",
	[GPAL_WARN_PARTIAL_INTEL_VTD] = "partial_intel_vtd",
	[GPAL_WARN_NO_LOW_MEMORY] = "no_low_memory",
	[GPAL_WARN_LARGEST_BAR_BELOW_SIZE] = "largest_bar_below_size",
	[GPAL_WARN_AMD_VI_CROSSES_HYPERTRANSPORT] = "amd_vi_crosses_hypertransport",
	[GPAL_WARN_MOST_RAM_ABOVE_PINNED_WINDOW] = "most_ram_above_pinned_window",
	[GPAL_WARN_NO_RAM_BELOW_1GIB] = "no_ram_below_1gib",
	[GPAL_WARN_HOTPLUG_OFF_BLOCK] = "hotplug_off_block",
};
ASSERT_ALL_NAMED(warning_tokens, GPAL_WARN_COUNT);

/* Returns NULL for a value that is not in the table. */
#define LOOK_UP(table, value, enum_count) \
	((unsigned int)(value) < (unsigned int)(enum_count) ? (table)[(value)] : NULL)

const char *gpal_kind_name(enum gpal_kind kind)
{
	return LOOK_UP(kind_names, kind, GPAL_KIND_COUNT);
}

const char *gpal_arch_name(enum gpal_arch arch)
{
	return LOOK_UP(arch_names, arch, GPAL_ARCH_COUNT);
}

const char *gpal_profile_name(enum gpal_profile profile)
{
	return LOOK_UP(profile_names, profile, GPAL_PROFILE_COUNT);
}

const char *gpal_ecam_name(enum gpal_ecam ecam)
{
	return LOOK_UP(ecam_names, ecam, GPAL_ECAM_COUNT);
}

const char *gpal_iommu_name(enum gpal_iommu iommu)
{
	return LOOK_UP(iommu_names, iommu, GPAL_IOMMU_COUNT);
}

const char *gpal_warning_token(enum gpal_warning_reason reason)
{
	return LOOK_UP(warning_tokens, reason, GPAL_WARN_COUNT);
}
