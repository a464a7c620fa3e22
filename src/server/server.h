/* SPDX-License-Identifier: MIT */
/* Runs the daemon: opens the registry and the sockets, serves, and closes them. */
#ifndef GPALD_SERVER_SERVER_H
#define GPALD_SERVER_SERVER_H

#include "server/options.h"

/*
 * Serves with finished options until a signal stops the daemon or the store fails. Returns the exit
 * status: 0 after SIGTERM or SIGINT; 1 if another signal came first, the start failed or the store
 * failed. It has logged the cause. If the disk does not answer in time, it does not return: the
 * process exits with status 1.
 */
int gpald_server_run(struct gpald_options *options);

#endif
