/* SPDX-License-Identifier: MIT */
/*
 * Records what the daemon does to a disk, for tests. LD_PRELOAD loads it into the daemon.
 * GPALAYOUT_RECORD names a file. A record is added to it for each change in and below the folder
 * GPALAYOUT_RECORD_FOLDER, and for each write to a socket, in their order. Files and folders are
 * named by their inodes. A record is a line, and the data that follows it:
 *
 *   create FOLDER INODE NAME
 *   mkdir FOLDER INODE NAME
 *   rename FOLDER NAME FOLDER NAME
 *   unlink FOLDER NAME
 *   write INODE OFFSET LENGTH           and the data
 *   truncate INODE LENGTH
 *   allocate INODE LENGTH               the file has at least that length
 *   sync INODE                          covers all earlier changes of a file or folder
 *   sent LENGTH                         and the data
 *
 * Nothing is really synchronised, because no power is really lost. If there is a file with the name
 * of the records and ".kill" appended, the process kills itself after the next record. A signal
 * from outside could hit it between a change and its record.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Held from before a change until it is recorded. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void kill_self_if_requested(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s.kill", getenv("GPALAYOUT_RECORD"));
	if (access(path, F_OK) == 0)
		raise(SIGKILL);
}

static void add_record(const struct iovec *data, int count, const char *format, ...)
{
	static int fd = -1;
	struct iovec parts[64];
	char line[PATH_MAX + 256];
	va_list args;

	if (fd < 0 && getenv("GPALAYOUT_RECORD"))
		fd = REAL(open)(getenv("GPALAYOUT_RECORD"),
				O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || count > 63)
		abort();
	va_start(args, format);
	parts[0] = (struct iovec){ line, (size_t)vsnprintf(line, sizeof(line), format, args) };
	va_end(args);
	for (int i = 0; i < count; i++)
		parts[i + 1] = data[i];
	if (REAL(writev)(fd, parts, count + 1) < 0)
		abort();
	kill_self_if_requested();
}

static bool is_below(const char *path)
{
	const char *folder = getenv("GPALAYOUT_RECORD_FOLDER");

	return folder && strncmp(path, folder, strlen(folder)) == 0;
}

/*
 * The inodes of the opened files and folders that are recorded, all on one device; 0 if one is
 * gone. They are kept here because the daemon may not ask for the path of a descriptor. Read
 * without the lock, see write_recorded().
 */
static ino_t known[256];
static dev_t device;

static ino_t *find_known(ino_t inode)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (__atomic_load_n(&known[i], __ATOMIC_SEQ_CST) == inode)
			return &known[i];
	return NULL;
}

/* Returns the inode of an open file or folder that is recorded, or 0. */
static uintmax_t inode_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_dev == device &&
			       (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) &&
			       find_known(status.st_ino) ?
		       status.st_ino :
		       0;
}

/* Notes a file or folder that was opened, if it is below the folder. */
static void note_opened(int fd, int folder_fd, const char *path)
{
	static pthread_mutex_t learning = PTHREAD_MUTEX_INITIALIZER;
	struct stat status;
	ino_t *place;

	if (!(path[0] == '/' || folder_fd == AT_FDCWD ? is_below(path) : inode_of(folder_fd)) ||
	    fstat(fd, &status))
		return;
	pthread_mutex_lock(&learning);
	if (!find_known(status.st_ino)) {
		place = find_known(0);
		if (!place)
			abort();
		device = status.st_dev;
		__atomic_store_n(place, status.st_ino, __ATOMIC_SEQ_CST);
	}
	pthread_mutex_unlock(&learning);
}

/* Forgets a file that is about to be removed, because another one may get its number. */
static void forget(int folder_fd, const char *path)
{
	struct stat status;
	ino_t *place = fstatat(folder_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0 ?
			       find_known(status.st_ino) :
			       NULL;

	if (place)
		__atomic_store_n(place, 0, __ATOMIC_SEQ_CST);
}

/* The place of a name. */
struct place {
	uintmax_t folder; /* 0 if it is not recorded */
	char name[NAME_MAX + 1];
};

static struct place place_of(int folder_fd, const char *path)
{
	struct place place = { 0 };
	char folder[PATH_MAX], name[PATH_MAX];
	const char *above;
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	snprintf(name, sizeof(name), "%s", path);
	snprintf(place.name, sizeof(place.name), "%.255s", basename(name));
	above = dirname(folder);
	fd = REAL(openat)(folder_fd, above, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		note_opened(fd, folder_fd, above);
		place.folder = inode_of(fd);
		close(fd);
	}
	return place;
}

static void add_created(const char *kind, const struct place *place, int folder_fd,
			const char *path)
{
	struct stat status;

	if (place->folder && fstatat(folder_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0)
		add_record(NULL, 0, "%s %ju %ju %s\n", kind, place->folder,
			   (uintmax_t)status.st_ino, place->name);
}

static int open_recorded(int folder_fd, const char *path, int flags, mode_t mode)
{
	struct place place;
	bool is_new;
	int fd;

	if (!(flags & (O_CREAT | O_TRUNC))) {
		fd = REAL(openat)(folder_fd, path, flags, mode);
		if (fd >= 0)
			note_opened(fd, folder_fd, path);
		return fd;
	}
	pthread_mutex_lock(&lock);
	place = place_of(folder_fd, path);
	is_new = faccessat(folder_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
	fd = REAL(openat)(folder_fd, path, flags, mode);
	if (fd >= 0)
		note_opened(fd, folder_fd, path);
	if (fd >= 0 && is_new)
		add_created("create", &place, folder_fd, path);
	else if (fd >= 0 && place.folder && flags & O_TRUNC)
		add_record(NULL, 0, "truncate %ju 0\n", inode_of(fd));
	pthread_mutex_unlock(&lock);
	return fd;
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & O_CREAT ? va_arg(args, mode_t) : 0;
}

/* Defines variants with and without the folder argument. */
#define DEFINE_OPEN(name, folder_fd, ...)                                     \
	int name(__VA_ARGS__ __VA_OPT__(, ) const char *path, int flags, ...) \
	{                                                                     \
		va_list args;                                                 \
		mode_t mode;                                                  \
                                                                              \
		va_start(args, flags);                                        \
		mode = mode_of(flags, args);                                  \
		va_end(args);                                                 \
		return open_recorded(folder_fd, path, flags, mode);           \
	}                                                                     \
	__typeof__(name) name

DEFINE_OPEN(open, AT_FDCWD);
DEFINE_OPEN(open64, AT_FDCWD);
DEFINE_OPEN(openat, folder_fd, int folder_fd);
DEFINE_OPEN(openat64, folder_fd, int folder_fd);

int mkdir(const char *path, mode_t mode)
{
	struct place place;
	int code;

	pthread_mutex_lock(&lock);
	place = place_of(AT_FDCWD, path);
	code = REAL(mkdir)(path, mode);
	if (code == 0)
		add_created("mkdir", &place, AT_FDCWD, path);
	pthread_mutex_unlock(&lock);
	return code;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	struct place old, new;
	int code;

	pthread_mutex_lock(&lock);
	old = place_of(from_fd, from);
	new = place_of(to_fd, to);
	code = REAL(renameat)(from_fd, from, to_fd, to);
	if (code == 0 && old.folder)
		add_record(NULL, 0, "rename %ju %s %ju %s\n", old.folder, old.name, new.folder,
			   new.name);
	pthread_mutex_unlock(&lock);
	return code;
}

int unlinkat(int folder_fd, const char *path, int flags)
{
	struct place place;
	int code;

	pthread_mutex_lock(&lock);
	place = place_of(folder_fd, path);
	forget(folder_fd, path);
	code = REAL(unlinkat)(folder_fd, path, flags);
	if (code == 0 && place.folder)
		add_record(NULL, 0, "unlink %ju %s\n", place.folder, place.name);
	pthread_mutex_unlock(&lock);
	return code;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

/*
 * Writes to a file, at an offset or at its current position. All other writes go without the lock,
 * because a signal handler writes to a pipe.
 */
static ssize_t write_recorded(int fd, const void *data, size_t length, off_t offset, bool is_at)
{
	const uintmax_t inode = inode_of(fd);
	ssize_t done;

	if (!inode)
		return is_at ? REAL(pwrite64)(fd, data, length, offset) :
			       REAL(write)(fd, data, length);
	pthread_mutex_lock(&lock);
	if (!is_at)
		offset = lseek(fd, 0, SEEK_CUR);
	done = is_at ? REAL(pwrite64)(fd, data, length, offset) : REAL(write)(fd, data, length);
	if (done > 0)
		add_record(&(struct iovec){ (void *)data, (size_t)done }, 1, "write %ju %jd %zd\n",
			   inode, (intmax_t)offset, done);
	pthread_mutex_unlock(&lock);
	return done;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
	return write_recorded(fd, data, length, offset, true);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
	return write_recorded(fd, data, length, offset, true);
}

static int set_length(int fd, off_t length)
{
	uintmax_t inode;
	int code;

	pthread_mutex_lock(&lock);
	inode = inode_of(fd);
	code = REAL(ftruncate)(fd, length);
	if (code == 0 && inode)
		add_record(NULL, 0, "truncate %ju %jd\n", inode, (intmax_t)length);
	pthread_mutex_unlock(&lock);
	return code;
}

int ftruncate(int fd, off_t length)
{
	return set_length(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
	return set_length(fd, length);
}

static int allocate(int fd, off_t offset, off_t length)
{
	uintmax_t inode;
	int code;

	pthread_mutex_lock(&lock);
	inode = inode_of(fd);
	code = REAL(posix_fallocate)(fd, offset, length);
	if (code == 0 && inode)
		add_record(NULL, 0, "allocate %ju %jd\n", inode, (intmax_t)(offset + length));
	pthread_mutex_unlock(&lock);
	return code;
}

int posix_fallocate(int fd, off_t offset, off_t length)
{
	return allocate(fd, offset, length);
}

int posix_fallocate64(int fd, off64_t offset, off64_t length)
{
	return allocate(fd, offset, length);
}

int fdatasync(int fd)
{
	uintmax_t inode;

	pthread_mutex_lock(&lock);
	inode = inode_of(fd);
	if (inode)
		add_record(NULL, 0, "sync %ju\n", inode);
	pthread_mutex_unlock(&lock);
	return 0;
}

int fsync(int fd)
{
	return fdatasync(fd);
}

static bool is_socket(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

/*
 * Data for a client is recorded before it is sent, so that the client cannot get it without a
 * record.
 */
static void add_sent(const struct iovec *data, int count)
{
	size_t length = 0;

	for (int i = 0; i < count; i++)
		length += data[i].iov_len;
	pthread_mutex_lock(&lock);
	add_record(data, count, "sent %zu\n", length);
	pthread_mutex_unlock(&lock);
}

ssize_t write(int fd, const void *data, size_t length)
{
	if (is_socket(fd))
		add_sent(&(struct iovec){ (void *)data, length }, 1);
	return write_recorded(fd, data, length, 0, false);
}

ssize_t writev(int fd, const struct iovec *data, int count)
{
	if (is_socket(fd))
		add_sent(data, count);
	return REAL(writev)(fd, data, count);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (is_socket(fd))
		add_sent(message->msg_iov, (int)message->msg_iovlen);
	return REAL(sendmsg)(fd, message, flags);
}
