/* SPDX-License-Identifier: MIT */
/* Builds a request from flags that are similar to those of OpenVMM. */
#ifndef GPALAYOUTCTL_REQUEST_FLAGS_H
#define GPALAYOUTCTL_REQUEST_FLAGS_H

#include "gpalayoutctl/invocation.h"
#include "wire/json_write.h"

/* Flags of every command that takes a request as flags. */
extern const struct ctl_flag ctl_request_flags[];

/*
 * Appends the request as JSON text. Sizes stay as they were typed, and the daemon checks them; only
 * those of a pinned window of a root complex are read here. Returns CTL_USAGE after a message that
 * names the flag at fault.
 */
enum ctl_exit ctl_request_build(const struct ctl_invocation *invocation, struct gpald_bytes *text);

/* Returns how many of the given flags are part of a request. */
size_t ctl_request_flag_count(const struct ctl_invocation *invocation);

/*
 * Appends the flag that sets what the pointer into the request leads to, with its value if it was
 * given: "--memory 1.5G". Returns false if there is none.
 */
bool ctl_request_flag_at(const struct ctl_invocation *invocation, const char *pointer,
			 struct gpald_bytes *out);

/* A request that is being written. The flags of a request have it as their target. */
struct ctl_request {
	const struct ctl_invocation *invocation;
	struct gpald_writer writer;
	const char *group; /* the open object of the request; NULL: none */
};

#define CTL_CXL_WINDOW_VALUE "NAME,size=SIZE,targets=RC[+RC...][,granularity=SIZE]"
#define CTL_HOTPLUG_VALUE "SIZE[,node=N][,alignment=SIZE]"

/* Write one element of a list, for a new request or for one that is changed. */
enum ctl_exit ctl_write_root_complex(void *target, const struct ctl_flag *flag, const char *value);
enum ctl_exit ctl_write_cxl_window(void *target, const struct ctl_flag *flag, const char *value);
enum ctl_exit ctl_write_hotplug(void *target, const struct ctl_flag *flag, const char *value);

/* Checks that the root complex which the flag names was given, and has no other IOMMU. */
enum ctl_exit ctl_check_iommu(void *target, const struct ctl_flag *flag, const char *value);

/* Returns the flag that gives an IOMMU to that root complex, or NULL if there is none. */
const struct ctl_given *ctl_iommu_of(const struct ctl_invocation *invocation,
				     const struct ctl_given *root_complex);

#endif
