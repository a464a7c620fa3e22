/* SPDX-License-Identifier: MIT */
/*
 * The policies. A released row is frozen, because a change would move the memory of guests that are
 * suspended. To change a default, add a row. Source: OpenVMM's resolver and manifest builder, as of
 * the month in the name; for May, as of pull request 3501.
 */
#include "config.h"

#include <gpalayout/policy.h>
#include <string.h>

#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

#define LOW_MMIO                                                                \
	{                                                                       \
		[GPAL_ARCH_X86_64] = 128 * MIB, [GPAL_ARCH_AARCH64] = 512 * MIB \
	}
#define STARTS(aarch64_start)                                                 \
	{                                                                     \
		[GPAL_ARCH_X86_64] = 0, [GPAL_ARCH_AARCH64] = (aarch64_start) \
	}
#define PROFILE(high, vtl2, aarch64_start)                                              \
	{                                                                               \
		.low_mmio = LOW_MMIO, .high_mmio = (high), .vtl2_chipset_mmio = (vtl2), \
		.memory_start = STARTS(aarch64_start)                                   \
	}
#define PROFILES(unenlightened_high, linux_direct_start)                                 \
	{                                                                                \
		[GPAL_PROFILE_GEN2_UEFI] = PROFILE(512 * MIB, 0, 0),                     \
		[GPAL_PROFILE_GEN1] = PROFILE(512 * MIB, 0, 0),                          \
		[GPAL_PROFILE_LINUX_DIRECT] = PROFILE(512 * MIB, 0, linux_direct_start), \
		[GPAL_PROFILE_LINUX_DIRECT_UNENLIGHTENED] =                              \
			PROFILE(unenlightened_high, 0, linux_direct_start),              \
		[GPAL_PROFILE_HCL_HOST] = PROFILE(512 * MIB, 1 * GIB, 0),                \
	}

static const struct gpal_policy policies[] = {
	{
		.name = "openvmm-2026.05",
		.summary = "ECAM below 4 GiB; 512 MiB of high MMIO for unenlightened Linux; "
			   "RAM from 0 on aarch64",
		.ecam = GPAL_ECAM_BELOW_4GIB,
		.root_complex_low_mmio = 64 * MIB,
		.root_complex_high_mmio = 1 * GIB,
		.profiles = PROFILES(512 * MIB, 0),
	},
	{
		.name = "openvmm-2026.06",
		.summary = "ECAM below 4 GiB; no high MMIO for unenlightened Linux; RAM from 1 GiB "
			   "for Linux direct boot on aarch64",
		.ecam = GPAL_ECAM_BELOW_4GIB,
		.root_complex_low_mmio = 64 * MIB,
		.root_complex_high_mmio = 1 * GIB,
		.profiles = PROFILES(0, 1 * GIB),
	},
	{
		.name = "openvmm-2026.07",
		.summary =
			"ECAM above 4 GiB, leaving low MMIO to device BARs; otherwise as 2026.06",
		.ecam = GPAL_ECAM_ABOVE_4GIB,
		.root_complex_low_mmio = 64 * MIB,
		.root_complex_high_mmio = 1 * GIB,
		.profiles = PROFILES(0, 1 * GIB),
	},
};

#define POLICY_COUNT (sizeof(policies) / sizeof(policies[0]))

const struct gpal_policy *gpal_policies(size_t *count)
{
	*count = POLICY_COUNT;
	return policies;
}

const struct gpal_policy *gpal_policy_find(const char *name)
{
	for (size_t i = 0; i < POLICY_COUNT; i++)
		if (strcmp(policies[i].name, name) == 0)
			return &policies[i];
	return NULL;
}

const struct gpal_policy *gpal_policy_default(void)
{
	return &policies[POLICY_COUNT - 1];
}
