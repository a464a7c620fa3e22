/* SPDX-License-Identifier: MIT */
/*
 * The request of a layout, built from flags in the manner of OpenVMM's command
 * line.
 */
#ifndef GPALAYOUTCTL_REQUEST_FLAGS_H
#define GPALAYOUTCTL_REQUEST_FLAGS_H

#include "options.h"

#include <cjson/cJSON.h>

/* Flags of every command that takes a request. */
extern const struct ctl_flag ctl_request_flags[];

/* How many of the given flags are part of a request. */
size_t ctl_request_flag_count(const struct ctl_invocation *invocation);

/*
 * Builds the request into *tree, which is the caller's. Sizes stay as they
 * were typed: the daemon judges them. CTL_USAGE after saying which flag is wrong.
 */
enum ctl_exit ctl_request_build(const struct ctl_invocation *invocation, cJSON **tree);

#endif
