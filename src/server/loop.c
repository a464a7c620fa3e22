/* SPDX-License-Identifier: MIT */
/*
 * Makes the loop. A loop has a table with an entry for each descriptor up to the highest one. If
 * there is no memory to enlarge the table, libuv aborts. So the table gets its full size here, when
 * a lack of memory only makes the start fail.
 */
#include "config.h"

#include "server/loop.h"

#include "server/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* Replaces realloc() in libuv, where the daemon needs it only for that table. */
static void *realloc_or_exit(void *block, size_t size)
{
	void *moved = realloc(block, size);

	if (!moved) {
		gpald_log(GPALD_LOG_ERROR, "start_failed", "error=\"out of memory\"");
		_exit(1);
	}
	return moved;
}

static void on_never(uv_poll_t *poll, int status, int events)
{
	(void)poll, (void)status, (void)events;
}

/*
 * Opens the descriptor with the number `descriptors` - 1, or with the highest one that the process
 * may have. Returns it; -1: no descriptor is available.
 */
static int open_highest_descriptor(uint64_t descriptors)
{
	const int fd = eventfd(0, EFD_CLOEXEC);
	struct rlimit limit;
	int greatest;

	if (fd < 0)
		return -1;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < descriptors)
		descriptors = limit.rlim_cur;
	greatest = fcntl(fd, F_DUPFD_CLOEXEC, (int)descriptors - 1);
	close(fd);
	return greatest;
}

int gpald_loop_init(uv_loop_t *loop, uint64_t descriptors)
{
	static uv_poll_t watcher; /* static because libuv uses it until it is closed */
	int code, fd;

	uv_replace_allocator(malloc, realloc_or_exit, calloc, free);
	code = uv_loop_init(loop);
	if (code < 0)
		return code;
	fd = open_highest_descriptor(descriptors);
	if (fd < 0)
		return UV_EMFILE;
	code = uv_poll_init(loop, &watcher, fd);
	if (code == 0) {
		code = uv_poll_start(&watcher, UV_READABLE, on_never);
		uv_close((uv_handle_t *)&watcher, NULL);
	}
	close(fd);
	return code;
}
