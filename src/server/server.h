/* SPDX-License-Identifier: MIT */
/* The daemon between its first bind and its last close. */
#ifndef GPALD_SERVER_SERVER_H
#define GPALD_SERVER_SERVER_H

#include "server/options.h"

/*
 * Serves with finished options until a signal ends it, or until the store fails. Returns
 * the exit status: 0 after SIGTERM or SIGINT, 1 if another signal came first, or if it
 * could not start or the store failed; each of these it has logged.
 */
int gpald_server_run(struct gpald_options *options);

#endif
