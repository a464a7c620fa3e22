/* SPDX-License-Identifier: MIT */
/*
 * What each command does: what it sends and how it shows the answer; and the flags
 * of those that have some besides the request's.
 */
#ifndef GPALAYOUTCTL_COMMANDS_H
#define GPALAYOUTCTL_COMMANDS_H

#include "options.h"

/* commands.c: commands that are about no layout of the daemon's */
enum ctl_exit ctl_run_resolve(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_allocate(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_policies(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_info(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_stats(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_schema(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_call(const struct ctl_invocation *invocation);
extern const struct ctl_flag ctl_resolve_flags[];

/* layout_commands.c */
enum ctl_exit ctl_run_create(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_update(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_get(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_delete(const struct ctl_invocation *invocation);
extern const struct ctl_flag ctl_update_flags[];
extern const struct ctl_flag ctl_get_flags[];
extern const struct ctl_flag ctl_delete_flags[];

/* a file each */
enum ctl_exit ctl_run_compare(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_explain(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_fit(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_list(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_map(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_probe(const struct ctl_invocation *invocation);
enum ctl_exit ctl_run_watch(const struct ctl_invocation *invocation);
extern const struct ctl_flag ctl_compare_flags[];
extern const struct ctl_flag ctl_explain_flags[];
extern const struct ctl_flag ctl_fit_flags[];
extern const struct ctl_flag ctl_list_flags[];
extern const struct ctl_flag ctl_map_flags[];
extern const struct ctl_flag ctl_probe_flags[];
extern const struct ctl_flag ctl_watch_flags[];

#endif
