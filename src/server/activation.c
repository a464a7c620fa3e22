/* SPDX-License-Identifier: MIT */
/* Reads the variables of the service manager, and checks the sockets that it passes. */
#include "config.h"

#include "server/activation.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS_MAX 16 /* far more than the sockets that have a name here */

/* Returns $LISTEN_FDS if it is for this process; NULL: the service manager passes no sockets. */
static const char *listen_fds(void)
{
	const char *pid = getenv("LISTEN_PID");

	return pid && strtol(pid, NULL, 10) == (long)getpid() ? getenv("LISTEN_FDS") : NULL;
}

int gpald_activation_count(void)
{
	const char *count = listen_fds();
	char *end;
	const long number = count ? strtol(count, &end, 10) : 0;

	return number > 0 && number <= SOCKETS_MAX && !*end ? (int)number : 0;
}

/*
 * Fills in the socket and sets its close-on-exec flag. Returns false unless it is a Unix stream
 * socket that listens at a path.
 */
static bool read_given_socket(int fd, struct gpald_given_socket *given)
{
	struct sockaddr_un address = { .sun_family = AF_UNSPEC };
	socklen_t length = sizeof(address), size = sizeof(int);
	int type = 0, listens = 0;

	if (getsockname(fd, (struct sockaddr *)&address, &length) ||
	    address.sun_family != AF_UNIX || address.sun_path[0] != '/' ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) || type != SOCK_STREAM ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) || !listens)
		return false;
	given->fd = fd;
	/* A path of the greatest length has no NUL, so its last byte is dropped. */
	memcpy(given->path, address.sun_path, sizeof(given->path) - 1);
	return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static const char *take_descriptor(struct gpald_activation *activation, const char *name, int fd)
{
	struct gpald_given_socket *given = strcmp(name, "control") == 0 ? &activation->control :
					   strcmp(name, "inspect") == 0 ? &activation->inspect :
					   strcmp(name, "ttrpc") == 0   ? &activation->ttrpc :
									  NULL;

	const char *what = "is not a Unix stream socket that listens at a path: use "
			   "ListenStream= with a path in its unit";
	static char wrong[320];

	/* Without FileDescriptorName=, the name is that of the unit. */
	if (!given)
		what = "is named neither control, inspect nor ttrpc: set FileDescriptorName= in "
		       "its unit";
	else if (given->fd >= 0)
		what = "has the same FileDescriptorName= as another: set another one in its unit; "
		       "to change a path, set ListenStream= to the empty string first";
	else if (read_given_socket(fd, given))
		return NULL;
	snprintf(wrong, sizeof(wrong), "the socket '%.64s' of the service manager %s", name, what);
	return wrong;
}

static const char *take_descriptors(struct gpald_activation *activation, char *names)
{
	const char *wrong = NULL, *name;

	for (int i = 0; i < activation->count && !wrong; i++) {
		name = strsep(&names, ":");
		wrong = take_descriptor(activation, name ? name : "", GPALD_ACTIVATION_FIRST + i);
	}
	if (!wrong && activation->control.fd < 0)
		wrong = "the service manager passes no control socket: set "
			"FileDescriptorName=control in the unit of the control socket";
	return wrong;
}

const char *gpald_activation_take_sockets(struct gpald_activation *activation)
{
	const char *names = getenv("LISTEN_FDNAMES");
	const char *wrong = NULL;
	char *copy;

	*activation = (struct gpald_activation){
		.count = gpald_activation_count(),
		.control = { .fd = -1 },
		.inspect = { .fd = -1 },
		.ttrpc = { .fd = -1 },
	};
	copy = strdup(names ? names : "");
	if (!copy)
		return "out of memory";
	if (activation->count)
		wrong = take_descriptors(activation, copy);
	else if (listen_fds() && strcmp(listen_fds(), "0") != 0)
		wrong = "$LISTEN_FDS is not a number from 0 to 16";
	free(copy);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return wrong;
}
