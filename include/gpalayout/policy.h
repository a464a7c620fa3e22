/* SPDX-License-Identifier: MIT */
/*
 * Policies: frozen sets of defaults.
 *
 * A policy fills in what a request leaves out. Its name is recorded with each
 * layout and a released policy never changes, because guests remember their
 * addresses. The figures are those of OpenVMM at the dates in the names.
 */
#ifndef GPALAYOUT_POLICY_H
#define GPALAYOUT_POLICY_H

#include <gpalayout/export.h>
#include <stddef.h>
#include <stdint.h>

GPAL_BEGIN_DECLS

enum gpal_arch {
	GPAL_ARCH_X86_64,
	GPAL_ARCH_AARCH64,
	GPAL_ARCH_COUNT
};

enum gpal_profile {
	GPAL_PROFILE_GEN2_UEFI, /* the default */
	GPAL_PROFILE_GEN1,
	GPAL_PROFILE_LINUX_DIRECT,
	GPAL_PROFILE_LINUX_DIRECT_UNENLIGHTENED,
	GPAL_PROFILE_HCL_HOST,
	GPAL_PROFILE_COUNT
};

enum gpal_ecam {
	GPAL_ECAM_DEFAULT, /* as the policy says */
	GPAL_ECAM_BELOW_4GIB,
	GPAL_ECAM_ABOVE_4GIB,
	GPAL_ECAM_COUNT
};

/* Sizes and addresses in bytes. */
struct gpal_profile_defaults {
	uint64_t low_mmio[GPAL_ARCH_COUNT];     /* chipset low MMIO */
	uint64_t high_mmio;                     /* chipset high MMIO; 0: none */
	uint64_t vtl2_chipset_mmio;             /* 0: none */
	uint64_t memory_start[GPAL_ARCH_COUNT]; /* lowest address of RAM */

	/*
	 * Bytes of node 0 that lie from 0 on, below memory_start; 0: none. Node 0 may be smaller;
	 * a request whose RAM starts below that has none.
	 */
	uint64_t memory_low_window[GPAL_ARCH_COUNT];
};

struct gpal_policy {
	const char *name;
	const char *summary;
	enum gpal_ecam ecam;
	uint64_t root_complex_low_mmio;
	uint64_t root_complex_high_mmio;
	struct gpal_profile_defaults profiles[GPAL_PROFILE_COUNT];
};

/* All policies, oldest first; static. Writes their number to *count. */
GPAL_API const struct gpal_policy *gpal_policies(size_t *count);

/* The policy of that name, or NULL; static. */
GPAL_API const struct gpal_policy *gpal_policy_find(const char *name);

/* The policy of a request that names none; static. */
GPAL_API const struct gpal_policy *gpal_policy_default(void);

/* The names used in requests, such as "x86_64"; static. NULL for a value outside the enum. */
GPAL_API const char *gpal_arch_name(enum gpal_arch arch);
GPAL_API const char *gpal_profile_name(enum gpal_profile profile);
GPAL_API const char *gpal_ecam_name(enum gpal_ecam ecam);

GPAL_END_DECLS

#endif
