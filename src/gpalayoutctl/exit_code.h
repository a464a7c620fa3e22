/* SPDX-License-Identifier: MIT */
/*
 * Exit statuses. Scripts depend on them: from release 0.1.0 on the numbers never change. The table
 * of reasons (wire/reason.h) has the status of each refusal.
 */
#ifndef GPALAYOUTCTL_EXIT_CODE_H
#define GPALAYOUTCTL_EXIT_CODE_H

#include "wire/reason.h"

enum ctl_exit {
	CTL_OK = 0,
	CTL_NO = 1,                       /* of compare, fit and doctor */
	CTL_USAGE = GPALD_CTL_EXIT_USAGE, /* also an error of a file, the output or memory */
	/* No valid reply, or the daemon cannot serve now. */
	CTL_NO_DAEMON = GPALD_CTL_EXIT_NO_DAEMON,
	CTL_REFUSED = GPALD_CTL_EXIT_REFUSED,
	CTL_NOT_FOUND = GPALD_CTL_EXIT_NOT_FOUND,
	CTL_CONFLICT = GPALD_CTL_EXIT_CONFLICT,
	CTL_NO_ROOM = GPALD_CTL_EXIT_NO_ROOM,
};

#endif
