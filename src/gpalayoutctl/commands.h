/* SPDX-License-Identifier: MIT */
/*
 * What each command does: what it sends and how it shows the answer.
 */
#ifndef GPALAYOUTCTL_COMMANDS_H
#define GPALAYOUTCTL_COMMANDS_H

#include "options.h"

enum ctl_exit ctl_run_resolve(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_allocate(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_policies(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_info(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_schema(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_call(const struct ctl_invocation *invocation);

#endif
