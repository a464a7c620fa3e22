/* SPDX-License-Identifier: MIT */
/*
 * Changes the request of a live layout by flags: they set a member, add an element to a list, or
 * remove the part of the request that has a range.
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

/* Returns true if such flags were given. */
bool ctl_has_changes(const struct ctl_invocation *invocation);

/*
 * Applies the flags, in the order given, to the request in the last result, which must be that of
 * layout.get, and stores the request in the session. *generation is that of the layout. Returns
 * CTL_OK, or another status after a message.
 */
enum ctl_exit ctl_changes_make(struct ctl_session *session, uint64_t *generation);

/*
 * `pointer` leads into the changed request. If it leads to or into a list element that a flag
 * added, returns that flag. Otherwise, or if it is not known which flag, returns NULL.
 */
const struct ctl_given *ctl_flag_that_added(const struct ctl_invocation *invocation,
					    const cJSON *request, const char *pointer);

/* Calls `use` with a tag for each part of the request that CTL_REMOVE can remove. */
void ctl_removable_tags(const cJSON *request, void (*use)(void *data, const char *tag), void *data);

#endif
