/* SPDX-License-Identifier: MIT */
/*
 * What the exit status tells a script. A contract with users: from release 0.1.0 on
 * the numbers never change.
 */
#ifndef GPALAYOUTCTL_EXIT_CODE_H
#define GPALAYOUTCTL_EXIT_CODE_H

enum ctl_exit {
	CTL_OK = 0,
	CTL_REFUSED = 1, /* the daemon answered with an error, or compare or fit has a no */
	CTL_USAGE = 2, /* the command line, a file, the output or memory: nothing the daemon did */
	CTL_NO_DAEMON = 3, /* no answer: cannot connect, closed, timed out, or not understood */
};

#endif
