/* SPDX-License-Identifier: MIT */
/*
 * A listening socket in the file system, guarded by a lock file beside it, so that
 * a socket file left behind by a crash is replaced and that of a live daemon is
 * not.
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
	uid_t owner; /* of socket, lock and a folder that is made; or GPALD_USER_UNCHANGED */
	gid_t group; /* of the socket; or GPALD_GROUP_UNCHANGED */
	int fd;      /* listening; -1: none, or given away */
	int lock_fd;
	char *lock_path;
	dev_t device; /* of the socket file, so that no other one is removed */
	ino_t inode;  /* 0: there is none */

	const char *complaint; /* the last one, which is not logged again; NULL: none */
	int complaint_error;
	unsigned int pause; /* restorations to leave out */
	bool is_given;      /* the service manager's, who looks after its file */
};

#define GPALD_LISTENER_NONE             \
	{                               \
		.fd = -1, .lock_fd = -1 \
	}

#define GPALD_USER_UNCHANGED ((uid_t)-1)
#define GPALD_GROUP_UNCHANGED ((gid_t)-1)

/*
 * Locks, replaces what a dead daemon left, binds and listens. The mode, the owner and the
 * group are in force before the first client can connect, who waits until somebody
 * accepts. Creates the folder of the socket if it is missing, but not its parents. Logs
 * what goes wrong, with the path, and returns -1; 0: done.
 */
GPAL_MUST_USE int gpald_listener_open(struct gpald_listener *listener, const char *path,
				      mode_t mode, uid_t owner, gid_t group);

/* Takes a socket that listens at `path`, borrowed, and is looked after by somebody else. */
void gpald_listener_take(struct gpald_listener *listener, const char *path, int fd);

/*
 * The file that is not where it was put, of the socket and its lock, because someone
 * removed or replaced it; NULL: both are. It costs a few system calls.
 */
const char *gpald_listener_lost(const struct gpald_listener *listener);

/*
 * Puts back what is lost, as gpald_listener_open() does at first: what is there
 * instead is replaced if nobody uses it. If the socket had to be bound again, there
 * is a new descriptor. It is meant to be tried until it succeeds, so each reason for
 * a failure is logged once. -1: not yet.
 */
GPAL_MUST_USE int gpald_listener_restore(struct gpald_listener *listener);

/* Removes the socket file if it is its own, and closes the descriptor if it was not given away. */
void gpald_listener_unbind(struct gpald_listener *listener);

/*
 * Removes the socket file and the lock. The descriptor is closed too if it was not
 * given away. Does nothing to GPALD_LISTENER_NONE, which is what it leaves.
 */
void gpald_listener_close(struct gpald_listener *listener);

#endif
