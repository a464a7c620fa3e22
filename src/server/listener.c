/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * The lock, not the socket, says whether a daemon is alive: the kernel drops it
 * with the process, whatever the process dies of. The lock file is removed on a
 * clean exit while still locked; so a newcomer may lock a file that has just been
 * removed, and must check that the path still leads to the file it has locked.
 */
#include "config.h"

#include "server/listener.h"

#include "server/log.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

static int complain(const char *path, const char *what)
{
	char quoted[GPALD_LOG_QUOTE_SIZE];

	gpald_log(GPALD_LOG_ERROR, "listen_failed", "path=%s what=\"%s\" error=\"%s\"",
		  gpald_log_quote(path, quoted), what, strerror(errno));
	return -1;
}

static int make_folder(const char *path)
{
	char *copy = strdup(path);
	int result = 0;

	if (!copy)
		return complain(path, "out of memory");
	if (mkdir(dirname(copy), 0755) && errno != EEXIST)
		result = complain(path, "cannot create the folder of the socket");
	free(copy);
	return result;
}

/* Who holds the lock, as written in the file; 0: not known. */
static long lock_owner(int fd)
{
	char text[24];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

	if (length <= 0)
		return 0;
	text[length] = '\0';
	return strtol(text, NULL, 10);
}

/* 1: locked a file that is no longer at the path, try again. */
static int try_lock(struct gpald_listener *listener)
{
	char quoted[GPALD_LOG_QUOTE_SIZE];
	struct stat locked, at_path;
	int fd = open(listener->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return complain(listener->lock_path, "cannot open the lock file");
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno == EWOULDBLOCK)
			gpald_log(GPALD_LOG_ERROR, "already_running", "path=%s pid=%ld",
				  gpald_log_quote(listener->path, quoted), lock_owner(fd));
		else
			complain(listener->lock_path, "cannot lock");
		close(fd);
		return -1;
	}
	if (fstat(fd, &locked) || stat(listener->lock_path, &at_path) ||
	    locked.st_dev != at_path.st_dev || locked.st_ino != at_path.st_ino) {
		close(fd);
		return 1;
	}
	listener->lock_fd = fd;
	/* For people; the lock itself is the fact. */
	if (ftruncate(fd, 0) || dprintf(fd, "%ld\n", (long)getpid()) < 0)
		return complain(listener->lock_path, "cannot write the lock file");
	return 0;
}

static int lock(struct gpald_listener *listener)
{
	int result;

	if (asprintf(&listener->lock_path, "%s.lock", listener->path) < 0) {
		listener->lock_path = NULL;
		return complain(listener->path, "out of memory");
	}
	do
		result = try_lock(listener);
	while (result > 0);
	return result;
}

static int remove_stale(const char *path)
{
	struct stat info;

	if (lstat(path, &info))
		return errno == ENOENT ? 0 : complain(path, "cannot look at the path");
	if (!S_ISSOCK(info.st_mode)) {
		errno = EEXIST;
		return complain(path, "the path is not a socket");
	}
	if (unlink(path))
		return complain(path, "cannot remove the stale socket");
	return 0;
}

/* Nobody can connect before chmod(): a socket without permissions refuses all but root. */
static int bind_closed(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0777);
	int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	int error = errno;

	umask(before);
	errno = error;
	return result;
}

static int bind_and_listen(struct gpald_listener *listener, mode_t mode, gid_t group)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat info;

	strcpy(address.sun_path, listener->path);
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return complain(listener->path, "cannot create a socket");
	if (bind_closed(listener->fd, &address))
		return complain(listener->path, "cannot bind");
	if (lstat(listener->path, &info))
		return complain(listener->path, "cannot look at the socket");
	listener->device = info.st_dev;
	listener->inode = info.st_ino;
	if (group != GPALD_GROUP_UNCHANGED && chown(listener->path, (uid_t)-1, group))
		return complain(listener->path, "cannot set the group");
	if (listen(listener->fd, BACKLOG))
		return complain(listener->path, "cannot listen");
	if (chmod(listener->path, mode))
		return complain(listener->path, "cannot set the mode");
	return 0;
}

int gpald_listener_open(struct gpald_listener *listener, const char *path, mode_t mode, gid_t group)
{
	*listener = (struct gpald_listener){ .path = path, .fd = -1, .lock_fd = -1 };
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		errno = ENAMETOOLONG;
		return complain(path, "a socket path has at most 107 bytes");
	}
	if (make_folder(path) || lock(listener) || remove_stale(path) ||
	    bind_and_listen(listener, mode, group)) {
		gpald_listener_close(listener);
		return -1;
	}
	return 0;
}

void gpald_listener_close(struct gpald_listener *listener)
{
	struct stat info;

	if (listener->inode != 0 && lstat(listener->path, &info) == 0 &&
	    info.st_dev == listener->device && info.st_ino == listener->inode)
		unlink(listener->path);
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->lock_path && listener->lock_fd >= 0) {
		unlink(listener->lock_path);
		close(listener->lock_fd);
	}
	free(listener->lock_path);
	*listener = (struct gpald_listener)GPALD_LISTENER_NONE;
}
