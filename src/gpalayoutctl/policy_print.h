/* SPDX-License-Identifier: MIT */
/*
 * The policies for people: defaults as a list, profiles side by side.
 */
#ifndef GPALAYOUTCTL_POLICY_PRINT_H
#define GPALAYOUTCTL_POLICY_PRINT_H

#include "buffer.h"
#include "exit_code.h"

#include <cjson/cJSON.h>

/*
 * Appends the result of policy.list. CTL_NO_DAEMON, after a complaint, when it
 * holds no named policies.
 */
enum ctl_exit ctl_policies_append(struct ctl_buffer *out, const cJSON *result);

#endif
