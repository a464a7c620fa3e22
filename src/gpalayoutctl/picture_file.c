/* SPDX-License-Identifier: MIT */
/* The temporary file is as any new file of the user's: its mode is up to the umask. */
#include "config.h"

#include "picture_file.h"

#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool write_all(int fd, const struct ctl_buffer *content)
{
	size_t written = 0;

	while (written < content->len) {
		ssize_t count = write(fd, content->data + written, content->len - written);

		if (count < 0 && errno != EINTR)
			return false;
		if (count > 0)
			written += (size_t)count;
	}
	return true;
}

enum ctl_exit ctl_picture_write(const char *path, const struct ctl_buffer *content)
{
	ctl_cleanup_buffer struct ctl_buffer temporary = { 0 };
	bool failed;
	int error;
	int fd;

	ctl_buffer_printf(&temporary, "%s.%ld.tmp", path, (long)getpid());
	fd = open(temporary.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return ctl_usage_error("%s: %s", path, strerror(errno));
	failed = !write_all(fd, content);
	error = errno;
	if (close(fd) && !failed) {
		failed = true;
		error = errno;
	}
	if (!failed && rename(temporary.data, path)) {
		failed = true;
		error = errno;
	}
	if (!failed)
		return CTL_OK;
	unlink(temporary.data);
	return ctl_usage_error("%s: %s", path, strerror(error));
}
