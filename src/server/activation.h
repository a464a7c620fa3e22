/* SPDX-License-Identifier: MIT */
/* Sockets on which the service manager listens for the daemon; see sd_listen_fds(3). */
#ifndef GPALD_SERVER_ACTIVATION_H
#define GPALD_SERVER_ACTIVATION_H

#include <gpalayout/export.h>
#include <sys/un.h>

#define GPALD_ACTIVATION_FIRST 3 /* the first descriptor, by the protocol */

struct gpald_given_socket {
	int fd; /* -1: not given */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

struct gpald_activation {
	int count; /* descriptors from GPALD_ACTIVATION_FIRST on */
	struct gpald_given_socket control, inspect, ttrpc;
};

/*
 * Returns how many descriptors the service manager passes to this process; 0 also if their number
 * is invalid, which gpald_activation_take_sockets() reports.
 */
int gpald_activation_count(void);

/*
 * Takes the sockets by their names (FileDescriptorName=, in LISTEN_FDNAMES): "control", "inspect"
 * and "ttrpc". If there are any, the control socket must be among them. Child processes get none:
 * this removes the variables and closes the descriptors on exec. Returns what is wrong; NULL:
 * nothing.
 */
GPAL_MUST_USE const char *gpald_activation_take_sockets(struct gpald_activation *activation);

#endif
