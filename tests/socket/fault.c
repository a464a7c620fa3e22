/* SPDX-License-Identifier: MIT */
/*
 * Makes the disk fail and the clock stand wrong, for tests: to be loaded into the
 * daemon with LD_PRELOAD. GPALAYOUT_WALL_CLOCK is what the wall clock says, in
 * seconds since 1970. The file named by GPALAYOUT_FAULT holds what is to happen from now on to the
 * files of the registry, and may change at any time:
 *
 *   enospc      writing fails, the file system is full
 *   eio-write   writing fails
 *   eio-sync    synchronising fails, after everything was written
 *   stall       synchronising waits until the file says something else
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME "/registry.db"

/* Whether that is to happen to the file behind a descriptor now. */
static bool is_wanted(const char *fault, int fd)
{
	const char *path = getenv("GPALAYOUT_FAULT");
	char wanted[32] = "", link[64], target[PATH_MAX];
	int control = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t length;

	if (control < 0)
		return false;
	length = read(control, wanted, sizeof(wanted) - 1);
	close(control);
	if (length <= 0 || strncmp(wanted, fault, strlen(fault)) != 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, target, sizeof(target) - 1);
	if (length <= 0)
		return false;
	target[length] = '\0';
	return strstr(target, FILE_NAME);
}

static bool write_fails(int fd)
{
	if (is_wanted("enospc", fd))
		errno = ENOSPC;
	else if (is_wanted("eio-write", fd))
		errno = EIO;
	else
		return false;
	return true;
}

static bool sync_fails(int fd)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	while (is_wanted("stall", fd))
		nanosleep(&pause, NULL);
	if (!is_wanted("eio-sync", fd))
		return false;
	errno = EIO;
	return true;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t length)
{
	return write_fails(fd) ? -1 : REAL(write)(fd, data, length);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
	return write_fails(fd) ? -1 : REAL(pwrite)(fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
	return write_fails(fd) ? -1 : REAL(pwrite64)(fd, data, length, offset);
}

int fsync(int fd)
{
	return sync_fails(fd) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	return sync_fails(fd) ? -1 : REAL(fdatasync)(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	const char *wanted = clock == CLOCK_REALTIME ? getenv("GPALAYOUT_WALL_CLOCK") : NULL;
	const int result = REAL(clock_gettime)(clock, now);

	if (wanted)
		now->tv_sec = atol(wanted);
	return result;
}
