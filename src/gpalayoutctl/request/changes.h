/* SPDX-License-Identifier: MIT */
/*
 * The request of a live layout, changed by flags: one member set, one element of a list
 * added, or left out what has a range.
 */
#ifndef GPALAYOUTCTL_REQUEST_CHANGES_H
#define GPALAYOUTCTL_REQUEST_CHANGES_H

#include "gpalayoutctl/session.h"

#include <stdbool.h>

#define CTL_SET "--set"
#define CTL_ADD_ROOT_COMPLEX "--add-pcie-root-complex"
#define CTL_ADD_CXL_WINDOW "--add-cxl-window"
#define CTL_ADD_HOTPLUG "--add-hotplug"
#define CTL_REMOVE "--remove"

/* Whether such flags were given. */
bool ctl_has_changes(const struct ctl_invocation *invocation);

/*
 * Takes the request of the layout that the session has asked for, changed in the order of the
 * flags, into the session; *generation is that of the layout. Otherwise returns why not, after
 * saying so.
 */
enum ctl_exit ctl_changes_make(struct ctl_session *session, uint64_t *generation);

/*
 * The flag that has added the element which the pointer into the changed request leads to or
 * into; NULL: none has, or it is not known.
 */
const struct ctl_given *ctl_addition_at(const struct ctl_invocation *invocation,
					const cJSON *request, const char *pointer);

/* Calls `use` with each tag of the request that CTL_REMOVE takes. */
void ctl_removable_tags(const cJSON *request, void (*use)(void *data, const char *tag), void *data);

#endif
