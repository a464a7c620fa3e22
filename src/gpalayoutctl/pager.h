/* SPDX-License-Identifier: MIT */
/* Long text on a terminal goes through the user's pager. */
#ifndef GPALAYOUTCTL_PAGER_H
#define GPALAYOUTCTL_PAGER_H

#include "gpalayoutctl/buffer.h"
#include "gpalayoutctl/invocation.h"

/*
 * Writes text to standard output: through $PAGER, or less, if that is a terminal with fewer
 * lines and no --no-pager was given. An empty PAGER, or "cat", is none. Returns as
 * ctl_write_output() does.
 */
enum ctl_exit ctl_show(const struct ctl_invocation *invocation, const struct ctl_buffer *text);

#endif
