/* SPDX-License-Identifier: MIT */
/*
 * The user that a daemon started by root becomes: what belongs to that user from then on,
 * and the change itself, which cannot be undone.
 */
#ifndef GPALD_SERVER_SERVICE_USER_H
#define GPALD_SERVER_SERVICE_USER_H

#include "server/options.h"

#include <gpalayout/export.h>
#include <stdbool.h>

/* Whether the options name another user than the one that runs the daemon. */
bool gpald_service_user_differs(const struct gpald_options *options);

/*
 * As root, before anything is opened: the state folder is made for the user if it is
 * missing. False, which is logged: this is not root, or the folder or the registry in it
 * belongs to somebody else.
 */
GPAL_MUST_USE bool gpald_service_user_prepare(const struct gpald_options *options);

/*
 * Becomes the user, with the user's groups and that of the sockets, and without any
 * capability. Call it while there is one thread, after the sockets are bound. Warns of a
 * folder in which the user cannot replace them. False, which is logged: something of root
 * may be left, and the caller has to exit.
 */
GPAL_MUST_USE bool gpald_service_user_become(const struct gpald_options *options);

#endif
