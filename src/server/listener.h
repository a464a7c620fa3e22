/* SPDX-License-Identifier: MIT */
/*
 * A listening socket in the file system, guarded by a lock file beside it, so that
 * a socket file left behind by a crash is replaced and that of a live daemon is
 * not.
 */
#ifndef GPALD_SERVER_LISTENER_H
#define GPALD_SERVER_LISTENER_H

#include <gpalayout/export.h>
#include <sys/stat.h>
#include <sys/types.h>

struct gpald_listener {
	const char *path; /* borrowed from the options */
	int fd;           /* listening; -1: none, or given away */
	int lock_fd;
	char *lock_path;
	dev_t device; /* of the socket file, so that no other one is removed */
	ino_t inode;
};

#define GPALD_LISTENER_NONE             \
	{                               \
		.fd = -1, .lock_fd = -1 \
	}

#define GPALD_GROUP_UNCHANGED ((gid_t)-1)

/*
 * Locks, replaces what a dead daemon left, binds and listens. The mode and group
 * are in force before the first client can connect. Creates the folder of the
 * socket if it is missing, but not its parents. Logs what goes wrong, with the
 * path, and returns -1; 0: done.
 */
GPAL_MUST_USE int gpald_listener_open(struct gpald_listener *listener, const char *path,
				      mode_t mode, gid_t group);

/*
 * Removes the socket file and the lock. The descriptor is closed too if it was not
 * given away. Does nothing to GPALD_LISTENER_NONE, which is what it leaves.
 */
void gpald_listener_close(struct gpald_listener *listener);

#endif
