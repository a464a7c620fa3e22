/* SPDX-License-Identifier: MIT */
/* The temporary file is as any new file of the user's: its mode is up to the umask. */
#include "config.h"

#include "picture_file.h"

#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum ctl_exit ctl_picture_write(const char *path, const struct ctl_buffer *content)
{
	ctl_cleanup_buffer struct ctl_buffer temporary = { 0 };
	int error;
	int fd;

	ctl_buffer_printf(&temporary, "%s.%ld.tmp", path, (long)getpid());
	fd = open(temporary.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return ctl_usage_error("%s: %s", path, strerror(errno));
	error = ctl_write_all(fd, ctl_buffer_text(content), content->len);
	if (close(fd) && !error)
		error = errno;
	if (!error && rename(temporary.data, path))
		error = errno;
	if (!error)
		return CTL_OK;
	unlink(temporary.data);
	return ctl_usage_error("%s: %s", path, strerror(error));
}
