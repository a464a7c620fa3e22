/* SPDX-License-Identifier: MIT */
/*
 * Gives a folder away. Any empty folder of root is safe to give away, even if it is not the one
 * that was made.
 */
#include "config.h"

#include "server/new_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_empty(DIR *folder)
{
	const struct dirent *entry;

	while ((entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return false;
	return true;
}

/* Returns 0 if the folder is empty, otherwise -1 with errno. */
static int check_empty(int fd)
{
	const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *folder = copy < 0 ? NULL : fdopendir(copy);
	bool empty;

	if (!folder) {
		if (copy >= 0)
			close(copy);
		return -1;
	}
	empty = is_empty(folder);
	closedir(folder);
	errno = EEXIST;
	return empty ? 0 : -1;
}

int gpald_new_folder_set_owner(int fd, uid_t owner, gid_t group)
{
	struct stat status;

	if (fstat(fd, &status))
		return -1;
	if (status.st_uid != geteuid()) {
		errno = EEXIST;
		return -1;
	}
	return check_empty(fd) || fchown(fd, owner, group) ? -1 : 0;
}
