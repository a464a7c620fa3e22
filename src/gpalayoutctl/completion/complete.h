/* SPDX-License-Identifier: MIT */
/* What may stand next on the command line, for the shells. */
#ifndef GPALAYOUTCTL_COMPLETION_COMPLETE_H
#define GPALAYOUTCTL_COMPLETION_COMPLETE_H

#include "gpalayoutctl/invocation.h"

/* The command by which a shell asks: its operands are the words so far. */
#define CTL_COMPLETE "__complete"

/*
 * Prints each word that can take the place of the last of `words`, which it begins with: a
 * line each, and behind a tab what it is. Nothing where only the shell knows, as with files.
 * Names of layouts, tags and methods are the daemon's; one that does not answer at once has
 * none.
 */
enum ctl_exit ctl_complete(const struct ctl_command *commands, int count, char **words);

#endif
