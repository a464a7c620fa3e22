/* SPDX-License-Identifier: MIT */
/* The daemon between its first bind and its last close. */
#ifndef GPALD_SERVER_SERVER_H
#define GPALD_SERVER_SERVER_H

#include "server/limits.h"

#include <gpalayout/policy.h>
#include <stdbool.h>
#include <sys/types.h>

struct gpald_server_options {
	const char *socket_path;
	const char *inspect_path; /* NULL: no inspect socket */
	int control_fd;           /* of the service manager, at socket_path; -1: the daemon binds */
	int inspect_fd;           /* the same at inspect_path, if the control socket is given */
	mode_t socket_mode;
	mode_t inspect_mode;
	gid_t group;       /* of both; GPALD_GROUP_UNCHANGED: the daemon's */
	gid_t admin_group; /* may change the layouts of others; GPALD_GROUP_UNCHANGED: none */
	const char *state_folder; /* NULL: nothing is kept */
	bool require_state;       /* a folder without a registry is refused */
	const struct gpal_policy *default_policy;
	struct gpald_limits limits;
};

/*
 * Serves until a signal ends it, or until the store fails. Returns the exit status: 0
 * after SIGTERM or SIGINT, 1 if another signal came first, or if it could not start or the
 * store failed; each of these it has logged.
 */
int gpald_server_run(const struct gpald_server_options *options);

#endif
