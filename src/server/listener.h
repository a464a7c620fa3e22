/* SPDX-License-Identifier: MIT */
/*
 * A listening socket in the file system. A lock file beside it guards it, so that a socket file
 * left by a crash is replaced, and that of a live daemon is not.
 */
#ifndef GPALD_SERVER_LISTENER_H
#define GPALD_SERVER_LISTENER_H

#include <gpalayout/export.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct gpald_listener {
	const char *path; /* borrowed from the options */
	mode_t mode;
	uid_t owner; /* of the socket, the lock and a new folder; or GPALD_USER_UNCHANGED */
	gid_t group; /* of the socket; or GPALD_GROUP_UNCHANGED */
	int fd;      /* listening; -1: none, or passed on */
	int lock_fd;
	char *lock_path;
	dev_t device; /* of the socket file, so that no other file is removed */
	ino_t inode;  /* 0: there is none */

	const char *complaint; /* the last message, which is not logged again; NULL: none */
	int complaint_error;
	unsigned int restores_to_skip; /* calls of gpald_listener_restore() that do nothing */
	bool is_given;                 /* the service manager owns the socket and its file */
};

#define GPALD_LISTENER_NONE             \
	{                               \
		.fd = -1, .lock_fd = -1 \
	}

#define GPALD_USER_UNCHANGED ((uid_t)-1)
#define GPALD_GROUP_UNCHANGED ((gid_t)-1)

/*
 * Locks, removes the socket of a dead daemon, binds and listens. The mode, the owner and the group
 * are set before the first client can connect; clients wait until they are accepted. Creates the
 * folder of the socket if it is missing, but not its parents. Returns 0, or -1 after it has logged
 * the error with its path.
 */
GPAL_MUST_USE int gpald_listener_open(struct gpald_listener *listener, const char *path,
				      mode_t mode, uid_t owner, gid_t group);

/* Uses a socket that listens at `path`, which is borrowed. The service manager owns its file. */
void gpald_listener_use_given(struct gpald_listener *listener, const char *path, int fd);

/*
 * Returns the path of the socket or of its lock file, if somebody has removed or replaced that
 * file. Returns NULL if neither is lost. It costs a few system calls.
 */
const char *gpald_listener_lost_path(const struct gpald_listener *listener);

/*
 * Restores lost files as gpald_listener_open() creates them. At their paths it replaces a stale
 * socket and takes over an unlocked lock file; it refuses any other file. If the socket was bound
 * again, there is a new descriptor. Call it until it succeeds; it does not log the same failure
 * twice in a row. Returns 0, or -1: not yet.
 */
GPAL_MUST_USE int gpald_listener_restore(struct gpald_listener *listener);

/*
 * Removes the socket file if it belongs to this listener, and closes the descriptor unless it was
 * passed on.
 */
void gpald_listener_unbind(struct gpald_listener *listener);

/*
 * Removes the socket file and the lock, and closes the descriptor unless it was passed on. The
 * listener is GPALD_LISTENER_NONE afterwards, for which this does nothing.
 */
void gpald_listener_close(struct gpald_listener *listener);

#endif
