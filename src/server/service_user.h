/* SPDX-License-Identifier: MIT */
/*
 * Changes the user of a daemon that was started as root: prepares the state folder for the new
 * user, and later becomes that user, which is irreversible.
 */
#ifndef GPALD_SERVER_SERVICE_USER_H
#define GPALD_SERVER_SERVICE_USER_H

#include "server/options.h"

#include <gpalayout/export.h>
#include <stdbool.h>

/* Returns whether the options name another user than the one that runs the daemon. */
bool gpald_service_user_differs(const struct gpald_options *options);

/*
 * Prepares the state folder as root, before anything is opened: creates it for the user if it is
 * missing, unless require-state is set and no backup is restored. Returns false after it has logged
 * the error: this is not root, the folder cannot be given to the user, or it or its registry
 * belongs to somebody else.
 */
GPAL_MUST_USE bool gpald_service_user_prepare(const struct gpald_options *options);

/*
 * Becomes the user, with the groups of the user and that of the sockets, and without capabilities.
 * Call it while there is one thread, after the sockets are bound. Warns of folders in which the
 * user cannot replace the sockets. Returns false after it has logged the error; the process may
 * still have rights of root, so the caller must exit.
 */
GPAL_MUST_USE bool gpald_service_user_become(const struct gpald_options *options);

#endif
