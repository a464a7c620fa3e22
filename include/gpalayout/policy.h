/* SPDX-License-Identifier: MIT */
/*
 * Policies: frozen sets of defaults.
 *
 * A policy supplies what a request omits. Its name is recorded with each layout. A released
 * policy never changes, because guests remember their addresses.
 *
 * Threads: any thread may call the functions.
 * Memory: policies and strings are static and never freed.
 *
 * Source of the values: OpenVMM in the month that the name of the policy states. POLICIES in
 * gpalayout-policy(7) lists the pull requests.
 */
#ifndef GPALAYOUT_POLICY_H
#define GPALAYOUT_POLICY_H

#include <gpalayout/export.h>
#include <stddef.h>
#include <stdint.h>

GPAL_BEGIN_DECLS

/* The architecture of the guest. */
enum gpal_arch {
	GPAL_ARCH_X86_64,
	GPAL_ARCH_AARCH64,
	GPAL_ARCH_COUNT
};

/* The way in which a VM boots; it selects defaults of the policy. */
enum gpal_profile {
	GPAL_PROFILE_GEN2_UEFI, /* the default */
	GPAL_PROFILE_GEN1,
	GPAL_PROFILE_LINUX_DIRECT,
	GPAL_PROFILE_LINUX_DIRECT_UNENLIGHTENED,
	GPAL_PROFILE_HCL_HOST,
	GPAL_PROFILE_COUNT
};

/* Where the PCIe configuration space (ECAM) is placed. */
enum gpal_ecam {
	GPAL_ECAM_DEFAULT,    /* where the policy places it */
	GPAL_ECAM_BELOW_4GIB, /* as kind mmio32 */
	GPAL_ECAM_ABOVE_4GIB, /* as kind mmio64 */
	GPAL_ECAM_COUNT
};

/* Defaults of a profile, in bytes. */
struct gpal_profile_defaults {
	uint64_t low_mmio[GPAL_ARCH_COUNT];     /* size of chipset low MMIO */
	uint64_t high_mmio;                     /* size of chipset high MMIO; 0: none */
	uint64_t vtl2_chipset_mmio;             /* size of VTL2 chipset MMIO; 0: none */
	uint64_t memory_start[GPAL_ARCH_COUNT]; /* lowest address of RAM */

	/*
	 * Size of the low RAM window: bytes of node 0 at address 0, below the start of RAM; 0:
	 * none. RAM starts at memory_start of the request, or else at memory_start of the profile.
	 * If RAM does not start above this size, there is no window. If node 0 is smaller than this
	 * size, the window has only the whole blocks of 2 MiB of node 0.
	 */
	uint64_t memory_low_window[GPAL_ARCH_COUNT];
};

struct gpal_policy {
	const char *name;               /* such as "openvmm-2026.07" */
	const char *summary;            /* English text for a person */
	enum gpal_ecam ecam;            /* not GPAL_ECAM_DEFAULT */
	uint64_t root_complex_low_mmio; /* bytes */
	uint64_t root_complex_high_mmio;
	struct gpal_profile_defaults profiles[GPAL_PROFILE_COUNT];
};

/*
 * gpal_policies - list all policies
 * @count: receives their number; not NULL
 *
 * Returns a static array, oldest policy first.
 */
GPAL_API const struct gpal_policy *gpal_policies(size_t *count);

/*
 * gpal_policy_find - find a policy by its name
 * @name: borrowed for the call; not NULL
 *
 * Returns the policy, which is static; NULL if there is none with this name.
 */
GPAL_API const struct gpal_policy *gpal_policy_find(const char *name);

/*
 * gpal_policy_default - get the policy of requests that name none
 *
 * Returns the newest policy, which is static.
 */
GPAL_API const struct gpal_policy *gpal_policy_default(void);

/*
 * gpal_arch_name, gpal_profile_name, gpal_ecam_name - get the name of a value, as in requests
 *
 * Each returns a static string, such as "x86_64"; NULL for a value outside the enum.
 * gpal_ecam_name() also returns NULL for GPAL_ECAM_DEFAULT.
 */
GPAL_API const char *gpal_arch_name(enum gpal_arch arch);
GPAL_API const char *gpal_profile_name(enum gpal_profile profile);
GPAL_API const char *gpal_ecam_name(enum gpal_ecam ecam);

GPAL_END_DECLS

#endif
