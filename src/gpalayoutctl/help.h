/* SPDX-License-Identifier: MIT */
/*
 * Help, made from the tables that the command line is read with.
 */
#ifndef GPALAYOUTCTL_HELP_H
#define GPALAYOUTCTL_HELP_H

#include "gpalayoutctl/buffer.h"
#include "gpalayoutctl/invocation.h"

/* Appends the help of `command`, or of the program when it is NULL. */
void ctl_help_append(struct ctl_buffer *out, const struct ctl_command *commands,
		     const struct ctl_command *command);

#endif
