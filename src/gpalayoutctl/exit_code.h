/* SPDX-License-Identifier: MIT */
/*
 * What the exit status tells a script. A contract with users: from release 0.1.0 on
 * the numbers never change. Those of refusals are a column of the table of reasons.
 */
#ifndef GPALAYOUTCTL_EXIT_CODE_H
#define GPALAYOUTCTL_EXIT_CODE_H

#include "wire/reason.h"

enum ctl_exit {
	CTL_OK = 0,
	CTL_NO = 1,                   /* of compare and fit */
	CTL_USAGE = GPALD_EXIT_USAGE, /* also a file, the output or memory */
	CTL_NO_DAEMON =
		GPALD_EXIT_NO_DAEMON, /* cannot connect, no answer, or none that is understood */
	CTL_REFUSED = GPALD_EXIT_REFUSED,
	CTL_NOT_FOUND = GPALD_EXIT_NOT_FOUND,
	CTL_CONFLICT = GPALD_EXIT_CONFLICT,
	CTL_NO_ROOM = GPALD_EXIT_NO_ROOM,
};

#endif
