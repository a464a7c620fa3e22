/* SPDX-License-Identifier: MIT */
/*
 * The request of a layout, built from flags in the manner of OpenVMM's command
 * line.
 */
#ifndef GPALAYOUTCTL_REQUEST_FLAGS_H
#define GPALAYOUTCTL_REQUEST_FLAGS_H

#include "gpalayoutctl/invocation.h"
#include "wire/json_write.h"

/* Flags of every command that takes a request. */
extern const struct ctl_flag ctl_request_flags[];

/*
 * Appends the request as JSON text. Sizes stay as they were typed: the daemon judges
 * them. CTL_USAGE after saying which flag is wrong.
 */
enum ctl_exit ctl_request_build(const struct ctl_invocation *invocation, struct gpald_bytes *text);

/* How many of the given flags are part of a request. */
size_t ctl_request_flag_count(const struct ctl_invocation *invocation);

/*
 * Appends the flag that says what the pointer into the request leads to, with its value if it
 * was given: "--memory 1.5G". False: there is none.
 */
bool ctl_request_flag_at(const struct ctl_invocation *invocation, const char *pointer,
			 struct gpald_bytes *out);

/* A request that is being written; the target of these flags. */
struct ctl_request {
	const struct ctl_invocation *invocation;
	struct gpald_writer writer;
	const char *group; /* the object of the request that is open; NULL: none */
};

#define CTL_CXL_WINDOW_VALUE "NAME,size=SIZE,targets=RC[+RC...][,granularity=SIZE]"
#define CTL_HOTPLUG_VALUE "SIZE[,node=N][,alignment=SIZE]"

/* What elements of lists are written with, also those that are added to a request. */
enum ctl_exit ctl_write_root_complex(void *target, const struct ctl_flag *flag, const char *value);
enum ctl_exit ctl_write_cxl_window(void *target, const struct ctl_flag *flag, const char *value);
enum ctl_exit ctl_write_hotplug(void *target, const struct ctl_flag *flag, const char *value);

/* That the flag names a root complex, which has no other IOMMU. */
enum ctl_exit ctl_check_iommu(void *target, const struct ctl_flag *flag, const char *value);

/* The flag that gives an IOMMU to the root complex of that flag; NULL: there is none. */
const struct ctl_given *ctl_iommu_of(const struct ctl_invocation *invocation,
				     const struct ctl_given *root_complex);

#endif
