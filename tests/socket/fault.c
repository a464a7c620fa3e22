/* SPDX-License-Identifier: MIT */
/*
 * Makes the disk fail and the clock wrong, for tests. LD_PRELOAD loads it into the daemon.
 * GPALAYOUT_WALL_CLOCK is the time of the wall clock, in seconds since 1970. GPALAYOUT_KEPT_SIGNAL
 * is a signal that cannot be handled. Only call=, clock-call= and swap can make system calls that
 * kill a confined daemon.
 *
 * GPALAYOUT_FAULT_FILE names a file with the current fault. The file may change at any time.
 * Writing and synchronising fail or stall only for files whose names begin with registry.db:
 *
 *   full        the file system is full: what needs room beyond a file's end fails
 *   partly      the same, and half of the room asked for stays allocated
 *   enospc      every write fails, as if it needed room
 *   eio-write   every write fails
 *   eio-sync    every synchronisation fails, after everything was written
 *   eio-once    the first synchronisation of the database after a write to it fails
 *   stall       synchronising waits until the file says something else
 *   overflow    the stack overflows when the database is opened
 *   erofs       the database cannot be opened for writing
 *   lock-gone   the lock file of a socket is removed once before it is locked
 *   swap        a new folder is replaced by the folder of the same name with ".other" appended
 *   no-peer     the user of a client cannot be read
 *   unfiltered  the kernel accepts no filter of system calls
 *   call=NUMBER,ARGUMENT...        a thread makes this system call when it synchronises
 *   clock-call=NUMBER,ARGUMENT...  a thread makes this system call when it reads the wall clock
 *   elsewhere   SQLite opens the file named by GPALAYOUT_FAULT_FILE with ".db" appended
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME "/registry.db"

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WANTED_SIZE 64

/* Returns the current fault, or NULL if it does not begin with `fault`, or if there is none. */
static const char *read_wanted(const char *fault, char wanted[WANTED_SIZE])
{
	const char *path = getenv("GPALAYOUT_FAULT_FILE");
	int control = path ? REAL(open)(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t length;

	if (control < 0)
		return NULL;
	/* The real read(), as with open(): ThreadSanitizer must see all of these calls or none. */
	length = REAL(read)(control, wanted, WANTED_SIZE - 1);
	REAL(close)(control);
	if (length <= 0)
		return NULL;
	wanted[length] = '\0';
	return strncmp(wanted, fault, strlen(fault)) == 0 ? wanted : NULL;
}

/* Returns true if this fault is current. */
static bool is_set(const char *fault)
{
	char wanted[WANTED_SIZE];

	return read_wanted(fault, wanted) != NULL;
}

/* Makes the system call given after `fault`, if there is one. */
static void make_call(const char *fault)
{
	char wanted[WANTED_SIZE];
	const char *text = read_wanted(fault, wanted);
	long values[6] = { 0 };
	char *rest;

	if (!text)
		return;
	text += strlen(fault);
	for (int i = 0; i < 6; i++, text = rest + (*rest == ','))
		values[i] = strtol(text, &rest, 0);
	REAL(syscall)(values[0], values[1], values[2], values[3], values[4], values[5]);
}

/*
 * The opened files of the registry, and whether each is the database itself. They are recorded here
 * because the daemon may not ask for the path of a descriptor.
 */
static struct opened {
	dev_t device;
	ino_t inode;
	bool is_database;
} opened_files[64];
static size_t opened_count;
static pthread_mutex_t opened_lock = PTHREAD_MUTEX_INITIALIZER;

/* The lock file of a socket that was opened last. */
static char lock_path[PATH_MAX];

static void remember(int fd, const char *path)
{
	const char *name = strrchr(path, '/');
	struct stat status;
	size_t at = 0;

	if (strlen(path) > 10 && strcmp(path + strlen(path) - 10, ".sock.lock") == 0)
		snprintf(lock_path, sizeof(lock_path), "%s", path);
	name = name ? name + 1 : path;
	if (strncmp(name, &FILE_NAME[1], strlen(&FILE_NAME[1])) != 0 || fstat(fd, &status))
		return;
	pthread_mutex_lock(&opened_lock);
	while (at < opened_count && (opened_files[at].device != status.st_dev ||
				     opened_files[at].inode != status.st_ino))
		at++;
	if (at == sizeof(opened_files) / sizeof(opened_files[0]))
		abort();
	opened_count += at == opened_count;
	/* A renamed file has the name by which it was opened last. */
	opened_files[at] = (struct opened){
		.device = status.st_dev,
		.inode = status.st_ino,
		.is_database = strcmp(name, &FILE_NAME[1]) == 0,
	};
	pthread_mutex_unlock(&opened_lock);
}

static bool find(int fd, bool must_be_database)
{
	struct stat status;
	bool found = false;

	if (fstat(fd, &status))
		return false;
	pthread_mutex_lock(&opened_lock);
	for (size_t i = 0; i < opened_count; i++)
		if (opened_files[i].device == status.st_dev &&
		    opened_files[i].inode == status.st_ino)
			found |= opened_files[i].is_database || !must_be_database;
	pthread_mutex_unlock(&opened_lock);
	return found;
}

/* Returns true if this fault is current and affects the file of a descriptor. */
static bool is_wanted(const char *fault, int fd)
{
	return is_set(fault) && find(fd, false);
}

/* The same, but only for the database, not for its WAL. */
static bool is_wanted_of_database(const char *fault, int fd)
{
	return is_set(fault) && find(fd, true);
}

static bool is_beyond(int fd, off_t end)
{
	struct stat status;

	return fstat(fd, &status) == 0 && end > status.st_size;
}

/* Only the store thread sets these to true. */
static bool was_written, has_failed_once;

static bool write_fails(int fd, off_t end)
{
	was_written |= is_wanted_of_database("eio-once", fd);
	if (is_wanted("enospc", fd) ||
	    ((is_wanted("full", fd) || is_wanted("partly", fd)) && is_beyond(fd, end)))
		errno = ENOSPC;
	else if (is_wanted("eio-write", fd))
		errno = EIO;
	else
		return false;
	return true;
}

static bool sync_fails(int fd)
{
	make_call("call=");
	while (is_wanted("stall", fd))
		poll(NULL, 0, 5);
	if (was_written && !has_failed_once && is_wanted_of_database("eio-once", fd))
		has_failed_once = true;
	else if (!is_wanted("eio-sync", fd))
		return false;
	errno = EIO;
	return true;
}

ssize_t write(int fd, const void *data, size_t length)
{
	const off_t end = lseek(fd, 0, SEEK_CUR) + (off_t)length;

	return write_fails(fd, end) ? -1 : REAL(write)(fd, data, length);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
	const off_t end = offset + (off_t)length;

	return write_fails(fd, end) ? -1 : REAL(pwrite)(fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
	const off_t end = offset + (off_t)length;

	return write_fails(fd, end) ? -1 : REAL(pwrite64)(fd, data, length, offset);
}

int posix_fallocate(int fd, off_t offset, off_t length)
{
	if (is_wanted("partly", fd) && is_beyond(fd, offset + length))
		return REAL(posix_fallocate)(fd, offset, length / 2) ? EIO : ENOSPC;
	return write_fails(fd, offset + length) ? errno : REAL(posix_fallocate)(fd, offset, length);
}

int fsync(int fd)
{
	return sync_fails(fd) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	return sync_fails(fd) ? -1 : REAL(fdatasync)(fd);
}

/*
 * Returns the path to open in place of `path`. Returns NULL with errno set if nothing may be
 * opened.
 */
static const char *path_to_open(const char *path, int flags, char other[PATH_MAX])
{
	const size_t length = strlen(path), end = strlen(FILE_NAME);
	const bool is_absolute = length > end && strcmp(path + length - end, FILE_NAME) == 0;

	if ((flags & O_ACCMODE) == O_RDONLY || (!is_absolute && strcmp(path, &FILE_NAME[1]) != 0))
		return path;
	while (is_set("overflow"))
		*(volatile char *)alloca(65536) = 1;
	if (is_set("erofs")) {
		errno = EROFS;
		return NULL;
	}
	if (!is_absolute || !is_set("elsewhere"))
		return path;
	snprintf(other, PATH_MAX, "%s.db", getenv("GPALAYOUT_FAULT_FILE"));
	return other;
}

/* Reads the argument after `flags`, which is there only if these flags need it. */
static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define OPEN(call)                                                     \
	do {                                                           \
		char other[PATH_MAX];                                  \
		const char *opened = path_to_open(path, flags, other); \
		va_list args;                                          \
		mode_t mode;                                           \
		int fd;                                                \
                                                                       \
		va_start(args, flags);                                 \
		mode = mode_of(flags, args);                           \
		va_end(args);                                          \
		fd = opened ? call : -1;                               \
		if (fd >= 0)                                           \
			remember(fd, path);                            \
		return fd;                                             \
	} while (0)

int open(const char *path, int flags, ...)
{
	OPEN(REAL(open)(opened, flags, mode));
}

int open64(const char *path, int flags, ...)
{
	OPEN(REAL(open64)(opened, flags, mode));
}

int openat(int folder, const char *path, int flags, ...)
{
	OPEN(REAL(openat)(folder, opened, flags, mode));
}

int flock(int fd, int operation)
{
	static bool was_removed;

	if (!was_removed && lock_path[0] && is_set("lock-gone"))
		was_removed = unlink(lock_path) == 0;
	return REAL(flock)(fd, operation);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	if (level == SOL_SOCKET && name == SO_PEERCRED && is_set("no-peer")) {
		errno = EINVAL;
		return -1;
	}
	return REAL(getsockopt)(fd, level, name, value, length);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	const char *wanted = clock == CLOCK_REALTIME ? getenv("GPALAYOUT_WALL_CLOCK") : NULL;
	const int result = REAL(clock_gettime)(clock, now);

	if (clock == CLOCK_REALTIME)
		make_call("clock-call=");
	if (wanted)
		now->tv_sec = atol(wanted);
	return result;
}

int mkdir(const char *path, mode_t mode)
{
	const int result = REAL(mkdir)(path, mode);
	char other[PATH_MAX], mine[PATH_MAX];

	if (result == 0 && is_set("swap")) {
		snprintf(other, sizeof(other), "%s.other", path);
		snprintf(mine, sizeof(mine), "%s.mine", path);
		if (access(other, F_OK) == 0 && (rename(path, mine) || rename(other, path)))
			abort();
	}
	return result;
}

long syscall(long number, ...)
{
	long values[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		values[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_seccomp && is_set("unfiltered")) {
		errno = EINVAL;
		return -1;
	}
	return REAL(syscall)(number, values[0], values[1], values[2], values[3], values[4],
			     values[5]);
}

int sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
	const char *kept = getenv("GPALAYOUT_KEPT_SIGNAL");

	if (kept && atoi(kept) == number) {
		errno = EINVAL;
		return -1;
	}
	return REAL(sigaction)(number, action, before);
}
