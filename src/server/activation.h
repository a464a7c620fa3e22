/* SPDX-License-Identifier: MIT */
/* Sockets that the service manager listens on for the daemon, as sd_listen_fds(3) has it. */
#ifndef GPALD_SERVER_ACTIVATION_H
#define GPALD_SERVER_ACTIVATION_H

#include <gpalayout/export.h>
#include <sys/un.h>

#define GPALD_ACTIVATION_FIRST 3 /* the first of them, by the protocol */

struct gpald_given_socket {
	int fd; /* -1: it is not given */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

struct gpald_activation {
	int count; /* descriptors from GPALD_ACTIVATION_FIRST on, which are not to be closed */
	struct gpald_given_socket control, inspect, ttrpc;
};

/*
 * How many there are for this process. Whoever it starts gets none: the environment says
 * nothing of them any more, and they are closed on exec.
 */
int gpald_activation_count(void);

/*
 * Takes them by their names (FileDescriptorName=, here of LISTEN_FDNAMES): "control",
 * "inspect" and "ttrpc". If there are any, the control socket has to be among them. NULL: done;
 * otherwise what is wrong.
 */
GPAL_MUST_USE const char *gpald_activation_take(struct gpald_activation *activation);

#endif
