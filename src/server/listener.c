/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * The lock, not the socket, shows whether a daemon is alive: the kernel releases it when the
 * process exits, even by SIGKILL. On a clean exit the lock file is removed while it is still
 * locked. So a new daemon may lock a file that has just been removed, and must check that the path
 * still leads to the locked file.
 *
 * Files of other programs are left alone: a path that is not a socket, a socket at which
 * another program may listen, a lock file that has anything but a number.
 */
#include "config.h"

#include "server/listener.h"

#include "server/log.h"
#include "server/new_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128        /* until uv_listen() in endpoints.c sets SOMAXCONN */
#define RESTORES_TO_SKIP 5 /* after a socket that is not stale was found at the path */

/* Stores a message. Returns whether it differs from the one before. */
static bool note_complaint(struct gpald_listener *listener, const char *what, int error)
{
	const bool is_same = listener->complaint && strcmp(listener->complaint, what) == 0 &&
			     listener->complaint_error == error;

	listener->complaint = what;
	listener->complaint_error = error;
	return !is_same;
}

/* Logs a failure with the text of errno. Returns -1. */
static int complain_of(struct gpald_listener *listener, const char *path, const char *what)
{
	const int error = errno;
	char quoted[GPALD_LOG_QUOTE_SIZE];

	if (note_complaint(listener, what, error))
		gpald_log(GPALD_LOG_ERROR, "listen_failed", "path=%s what=\"%s\" error=\"%s\"",
			  gpald_log_quote(path, quoted), what, strerror(error));
	return -1;
}

static int complain_of_socket(struct gpald_listener *listener, const char *what)
{
	return complain_of(listener, listener->path, what);
}

/* Gives a new folder to the owner of the socket. */
static int give_socket_folder(struct gpald_listener *listener, const char *path)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int result = 0;

	if (fd < 0 || gpald_new_folder_set_owner(fd, listener->owner, (gid_t)-1))
		result = complain_of_socket(
			listener, errno == EEXIST ?
					  "somebody has replaced the folder of the socket" :
					  "cannot set the folder's owner");
	if (fd >= 0)
		close(fd);
	return result;
}

/* The mode does not depend on the umask: the modes of the sockets decide who may connect. */
static int make_folder(struct gpald_listener *listener)
{
	char *copy = strdup(listener->path), *folder;
	mode_t before;
	int result, error;

	if (!copy)
		return complain_of_socket(listener, "out of memory");
	folder = dirname(copy);
	before = umask(0022);
	result = mkdir(folder, 0755);
	error = errno;
	umask(before);
	errno = error;
	if (result == 0 && listener->owner != GPALD_USER_UNCHANGED && listener->owner != geteuid())
		result = give_socket_folder(listener, folder);
	else if (result && errno == EEXIST)
		result = 0;
	else if (result)
		complain_of_socket(listener, "cannot create the folder of the socket");
	free(copy);
	return result;
}

/* Returns whether `fd` is the file at `path`. */
static bool is_at_path(int fd, const char *path)
{
	struct stat opened, at_path;

	return fstat(fd, &opened) == 0 && lstat(path, &at_path) == 0 &&
	       opened.st_dev == at_path.st_dev && opened.st_ino == at_path.st_ino;
}

/*
 * Returns the pid in a lock file; 0: it is empty; -1: it is not a lock file. A file with a second
 * name may belong to somebody else, and root must not write it.
 */
static long read_lock_pid(int fd)
{
	struct stat info;
	char text[24], *end;
	ssize_t length;
	long pid;

	if (fstat(fd, &info) || !S_ISREG(info.st_mode) || info.st_nlink > 1)
		return -1;
	length = pread(fd, text, sizeof(text) - 1, 0);
	if (length <= 0)
		return length;
	text[length] = '\0';
	pid = strtol(text, &end, 10);
	return pid > 0 && strcmp(end, "\n") == 0 ? pid : -1;
}

/* Locks the file. Returns 0, -1, or 1 to try again, because the file at the path has changed. */
static int try_lock(struct gpald_listener *listener)
{
	char quoted[GPALD_LOG_QUOTE_SIZE];
	const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	int fd = open(listener->lock_path, flags);
	long holder_pid;

	/*
	 * In a sticky folder the kernel may forbid root to open a file of the service user with
	 * O_CREAT; see proc_sys_fs(5), protected_regular. So an existing file is opened without it.
	 */
	if (fd < 0 && errno == ENOENT)
		fd = open(listener->lock_path, flags | O_CREAT | O_EXCL, 0600);
	if (fd < 0 && errno == EEXIST)
		return 1;
	if (fd < 0)
		return complain_of(listener, listener->lock_path,
				   errno == ELOOP ? "the lock file is a symbolic link" :
						    "cannot open the lock file");
	holder_pid = read_lock_pid(fd);
	if (holder_pid < 0) {
		close(fd);
		errno = EEXIST;
		return complain_of(listener, listener->lock_path, "the path is not a lock file");
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			complain_of(listener, listener->lock_path, "cannot lock");
		else if (note_complaint(listener, "already running", EWOULDBLOCK))
			gpald_log(GPALD_LOG_ERROR, "already_running", "path=%s pid=%ld",
				  gpald_log_quote(listener->path, quoted), holder_pid);
		close(fd);
		return -1;
	}
	if (!is_at_path(fd, listener->lock_path)) {
		close(fd);
		return 1;
	}
	if (listener->lock_fd >= 0)
		close(listener->lock_fd);
	listener->lock_fd = fd;
	/* The pid is for people; only the lock counts. */
	if (ftruncate(fd, 0) || dprintf(fd, "%ld\n", (long)getpid()) < 0)
		return complain_of(listener, listener->lock_path, "cannot write the lock file");
	if (listener->owner != GPALD_USER_UNCHANGED && fchown(fd, listener->owner, (gid_t)-1))
		return complain_of(listener, listener->lock_path,
				   "cannot set the lock file's owner");
	return 0;
}

static int lock_socket(struct gpald_listener *listener)
{
	int result;

	do
		result = try_lock(listener);
	while (result > 0);
	return result;
}

/* Returns 0 if there is a socket at the path, 1 if there is nothing, otherwise -1. */
static int look_for_socket(struct gpald_listener *listener)
{
	struct stat info;

	if (lstat(listener->path, &info))
		return errno == ENOENT ? 1 : complain_of_socket(listener, "cannot access the path");
	if (!S_ISSOCK(info.st_mode)) {
		errno = EEXIST;
		return complain_of_socket(listener, "the path is not a socket");
	}
	return 0;
}

/*
 * Returns true if no program listens at the address. Otherwise sets errno: EADDRINUSE if a program
 * listens there, even with a full queue, or has a socket of another type there; any other errno
 * says why this cannot be known.
 */
static bool is_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0)
		return false;
	error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
	close(fd);
	errno = error == 0 || error == EAGAIN || error == EPROTOTYPE ? EADDRINUSE : error;
	return error == ECONNREFUSED;
}

/*
 * Removes a stale socket. The lock is held, so the socket is stale or belongs to another program.
 */
static int remove_stale(struct gpald_listener *listener, const struct sockaddr_un *address)
{
	int found = look_for_socket(listener);

	if (found != 0)
		return found < 0 ? -1 : 0;
	if (!is_stale(address)) {
		listener->restores_to_skip = RESTORES_TO_SKIP;
		return complain_of_socket(
			listener, errno == EADDRINUSE ?
					  "another program listens there" :
					  "cannot find out whether another program listens there");
	}
	if (unlink(listener->path))
		return complain_of_socket(listener, "cannot remove the stale socket");
	return 0;
}

/*
 * Gives the socket to its owner and group. Anyone who may write in its folder could have replaced
 * it, so only a socket that belongs to the user of this process and has no second name is changed.
 */
static int set_owner(struct gpald_listener *listener)
{
	const int fd = open(listener->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat info;
	int result = 0;

	if (fd < 0 || fstat(fd, &info)) {
		result = complain_of_socket(listener, "cannot access the socket");
	} else if (!S_ISSOCK(info.st_mode) || info.st_uid != geteuid() || info.st_nlink != 1) {
		errno = EEXIST;
		result = complain_of_socket(listener, "somebody has replaced the socket");
	} else if (fchownat(fd, "", listener->owner, listener->group, AT_EMPTY_PATH)) {
		result = complain_of_socket(
			listener, errno == EPERM && listener->group != GPALD_GROUP_UNCHANGED ?
					  "cannot set the group: the daemon's user must be root or "
					  "in the group that socket-group names" :
					  "cannot set the owner and the group");
	}
	if (fd >= 0)
		close(fd);
	return result;
}

/*
 * The socket has its mode from the beginning. It refuses clients until listen(), and by then it has
 * its owner and group, too.
 */
static int bind_and_listen(struct gpald_listener *listener, const struct sockaddr_un *address)
{
	struct stat info;
	mode_t before;
	int result, error;

	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return complain_of_socket(listener, "cannot create a socket");
	before = umask(0777 & ~listener->mode);
	result = bind(listener->fd, (const struct sockaddr *)address, sizeof(*address));
	error = errno;
	umask(before);
	errno = error;
	if (result)
		return complain_of_socket(listener, "cannot bind");
	if (lstat(listener->path, &info))
		return complain_of_socket(listener, "cannot access the socket");
	listener->device = info.st_dev;
	listener->inode = info.st_ino;
	if ((listener->owner != GPALD_USER_UNCHANGED || listener->group != GPALD_GROUP_UNCHANGED) &&
	    set_owner(listener))
		return -1;
	if (listen(listener->fd, BACKLOG))
		return complain_of_socket(listener, "cannot listen");
	return 0;
}

static bool has_socket_file(const struct gpald_listener *listener)
{
	struct stat info;

	return listener->inode != 0 && lstat(listener->path, &info) == 0 &&
	       info.st_dev == listener->device && info.st_ino == listener->inode;
}

static int bind_socket(struct gpald_listener *listener)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	/* Its length has been checked. */
	strcpy(address.sun_path, listener->path);
	listener->inode = 0;
	if (remove_stale(listener, &address) == 0 && bind_and_listen(listener, &address) == 0)
		return 0;
	gpald_listener_unbind(listener);
	return -1;
}

int gpald_listener_open(struct gpald_listener *listener, const char *path, mode_t mode, uid_t owner,
			gid_t group)
{
	*listener = (struct gpald_listener){
		.path = path,
		.mode = mode,
		.owner = owner,
		.group = group,
		.fd = -1,
		.lock_fd = -1,
	};
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		errno = ENAMETOOLONG;
		return complain_of_socket(listener, "a socket path may have at most 107 bytes");
	}
	if (asprintf(&listener->lock_path, "%s.lock", path) < 0) {
		listener->lock_path = NULL;
		return complain_of_socket(listener, "out of memory");
	}
	if (make_folder(listener) || look_for_socket(listener) < 0 || lock_socket(listener) ||
	    bind_socket(listener)) {
		gpald_listener_close(listener);
		return -1;
	}
	return 0;
}

void gpald_listener_use_given(struct gpald_listener *listener, const char *path, int fd)
{
	*listener = (struct gpald_listener){
		.path = path,
		.fd = fd,
		.lock_fd = -1,
		.is_given = true,
	};
}

const char *gpald_listener_lost_path(const struct gpald_listener *listener)
{
	if (listener->is_given)
		return NULL;
	if (!has_socket_file(listener))
		return listener->path;
	return is_at_path(listener->lock_fd, listener->lock_path) ? NULL : listener->lock_path;
}

int gpald_listener_restore(struct gpald_listener *listener)
{
	if (listener->restores_to_skip > 0) {
		listener->restores_to_skip--;
		return -1;
	}
	if (make_folder(listener) ||
	    (!is_at_path(listener->lock_fd, listener->lock_path) && lock_socket(listener)) ||
	    (!has_socket_file(listener) && bind_socket(listener)))
		return -1;
	listener->complaint = NULL;
	return 0;
}

void gpald_listener_unbind(struct gpald_listener *listener)
{
	if (has_socket_file(listener))
		unlink(listener->path);
	listener->inode = 0;
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
}

void gpald_listener_close(struct gpald_listener *listener)
{
	gpald_listener_unbind(listener);
	if (listener->lock_path && listener->lock_fd >= 0) {
		if (is_at_path(listener->lock_fd, listener->lock_path))
			unlink(listener->lock_path);
		close(listener->lock_fd);
	}
	free(listener->lock_path);
	*listener = (struct gpald_listener)GPALD_LISTENER_NONE;
}
