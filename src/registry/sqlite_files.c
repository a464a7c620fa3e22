/* SPDX-License-Identifier: MIT */
/*
 * SQLite opens files by their paths. Anyone who may rename a folder above the state folder can make
 * a path lead to another folder than the one that was checked, before SQLite opens a file or later.
 * The data of a file without a path are lost when the process exits. So the daemon compares the
 * open files with those in the folder once, when it opens them. Before it acknowledges a change, it
 * compares them with the files at their paths.
 *
 * SQLITE_FCNTL_HAS_MOVED does not suffice: it compares inodes but not devices, and always reports
 * that a write-ahead log is in place.
 */
#include "config.h"

#include "registry/sqlite_database.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* At start few descriptors are open, with the lowest numbers. */
#define DESCRIPTORS_LOOKED_AT 1024

static bool is_same_file(const struct stat *status, const struct gpald_sqlite_file *file)
{
	return status->st_dev == file->device && status->st_ino == file->inode;
}

/* SQLite does not return its descriptor, but nothing else in this process has the file open yet. */
static bool is_open(const struct gpald_sqlite_file *file)
{
	struct stat status;

	for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS_LOOKED_AT; fd++)
		if (fstat(fd, &status) == 0 && is_same_file(&status, file))
			return true;
	return false;
}

bool gpald_sqlite_identify(const struct gpald_sqlite *store, const char *name,
			   struct gpald_sqlite_file *file, char error[GPALD_STORE_ERROR_SIZE])
{
	struct stat status;

	if (fstatat(store->folder_fd, name, &status, AT_SYMLINK_NOFOLLOW))
		return gpald_sqlite_fail(error, "%s: %s in the state folder cannot be examined: %s",
					 store->path, name, strerror(errno));
	file->device = status.st_dev;
	file->inode = status.st_ino;
	return is_open(file) ||
	       gpald_sqlite_fail(error,
				 "%s: SQLite has opened another file than %s in the state folder: "
				 "it is a symbolic link, or somebody has just replaced the folder",
				 store->path, name);
}

static bool check_file(const char *path, const struct gpald_sqlite_file *file,
		       char error[GPALD_STORE_ERROR_SIZE])
{
	struct stat status;

	if (lstat(path, &status))
		return errno == ENOENT || errno == ENOTDIR ?
			       gpald_sqlite_fail(
				       error, "%s: it was removed while the daemon used it", path) :
			       gpald_sqlite_fail(error, "%s: cannot be examined: %s", path,
						 strerror(errno));
	return is_same_file(&status, file) ||
	       gpald_sqlite_fail(error, "%s: it was replaced while the daemon used it", path);
}

bool gpald_sqlite_check_files(const struct gpald_sqlite *store, char error[GPALD_STORE_ERROR_SIZE])
{
	char wal_path[PATH_MAX];

	snprintf(wal_path, sizeof(wal_path), "%s-wal", store->path);
	return check_file(store->path, &store->database, error) &&
	       check_file(wal_path, &store->wal, error);
}
