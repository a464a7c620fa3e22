/* SPDX-License-Identifier: MIT */
/* The name of the temporary file has the process id, so that two commands do not share one. */
#include "config.h"

#include "gpalayoutctl/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int signals[] = { SIGHUP, SIGINT, SIGTERM };

#define SIGNAL_COUNT (sizeof(signals) / sizeof(signals[0]))

/* The path of the temporary file, for the signal handler. */
static const char *volatile unfinished;

static void remove_unfinished(int signal)
{
	if (unfinished)
		unlink(unfinished);
	/* SA_RESETHAND restored the default action: the signal ends the process after this. */
	raise(signal);
}

/* A signal that is ignored, such as SIGHUP under nohup(1), stays ignored. */
static void catch_signals(const char *path)
{
	const struct sigaction remove = { .sa_handler = remove_unfinished,
					  .sa_flags = (int)SA_RESETHAND };
	struct sigaction old;

	unfinished = path;
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(signals[i], &remove, NULL);
}

/* Finds the path of the file to replace or create. */
static int find_target(const char *path, char **target)
{
	struct stat info;

	/* A symbolic link to a missing file is an error. */
	*target = lstat(path, &info) == 0 ? realpath(path, NULL) : strdup(path);
	return *target ? 0 : errno;
}

static int open_beside(struct ctl_output_file *file, const char *path, mode_t mode)
{
	const int error = find_target(path, &file->path);

	if (error)
		return error;
	ctl_buffer_printf(&file->temporary, "%s.%ld.tmp", file->path, (long)getpid());
	file->fd = open(file->temporary.data, O_WRONLY | O_CLOEXEC | O_CREAT | O_EXCL, mode);
	if (file->fd < 0)
		return errno;
	catch_signals(file->temporary.data);
	return 0;
}

static void free_paths(struct ctl_output_file *file)
{
	unfinished = NULL;
	ctl_buffer_free(&file->temporary);
	free(file->path);
	file->path = NULL;
}

int ctl_output_file_open(struct ctl_output_file *file, const char *path, mode_t mode)
{
	struct stat info;
	int error;

	*file = (struct ctl_output_file){ .fd = -1 };
	if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
		file->fd = open(path, O_WRONLY | O_CLOEXEC);
		return file->fd < 0 ? errno : 0;
	}
	error = open_beside(file, path, mode);
	if (error)
		free_paths(file);
	return error;
}

/* Syncs the folder of the file. If it cannot be opened, the new entry reaches the disk later. */
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

	if (file->path && fsync(file->fd))
		error = errno;
	if (close(file->fd) && !error)
		error = errno;
	if (file->path && !error && rename(file->temporary.data, file->path))
		error = errno;
	if (file->path && error)
		unlink(file->temporary.data);
	else if (file->path)
		sync_folder(file->path);
	free_paths(file);
	return error;
}

void ctl_output_file_discard(struct ctl_output_file *file)
{
	close(file->fd);
	if (file->path)
		unlink(file->temporary.data);
	free_paths(file);
}
