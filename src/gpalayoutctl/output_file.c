/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gpalayoutctl/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int ctl_output_file_open(struct ctl_output_file *file, const char *path, mode_t mode)
{
	struct stat info;

	*file = (struct ctl_output_file){ .path = path };
	if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
		file->fd = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		ctl_buffer_printf(&file->temporary, "%s.%ld.tmp", path, (long)getpid());
		file->fd =
			open(file->temporary.data, O_WRONLY | O_CLOEXEC | O_CREAT | O_EXCL, mode);
	}
	if (file->fd >= 0)
		return 0;
	ctl_buffer_free(&file->temporary);
	return errno;
}

/* A folder that cannot be opened has its entries on the disk some time later. */
static void sync_folder(const char *path)
{
	char *copy = strdup(path);
	const int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

int ctl_output_file_finish(struct ctl_output_file *file)
{
	int error = 0;

	if (file->temporary.len && fsync(file->fd))
		error = errno;
	if (close(file->fd) && !error)
		error = errno;
	if (file->temporary.len && !error && rename(file->temporary.data, file->path))
		error = errno;
	if (file->temporary.len && error)
		unlink(file->temporary.data);
	else if (file->temporary.len)
		sync_folder(file->path);
	ctl_buffer_free(&file->temporary);
	return error;
}

void ctl_output_file_give_up(struct ctl_output_file *file)
{
	close(file->fd);
	if (file->temporary.len)
		unlink(file->temporary.data);
	ctl_buffer_free(&file->temporary);
}
