/* SPDX-License-Identifier: MIT */
/* Sends datagrams to the socket of the service manager, and reads its variables. */
#include "config.h"

#include "server/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * Fills in the address: a path, or after an @ a name of the abstract namespace. Returns its length;
 * 0: there is no usable address.
 */
static socklen_t manager_address(struct sockaddr_un *address)
{
	const char *path = getenv("NOTIFY_SOCKET");
	const size_t length = path ? strlen(path) : 0;

	if (length < 2 || length >= sizeof(address->sun_path) || (*path != '/' && *path != '@'))
		return 0;
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, path, length);
	if (*path == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (*path == '/'));
}

bool gpald_notify(const char *format, ...)
{
	struct sockaddr_un address;
	const socklen_t length = manager_address(&address);
	char text[512];
	va_list args;
	int fd, written;
	bool told = true;

	if (length == 0)
		return true;
	va_start(args, format);
	written = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (written > 0 && (size_t)written < sizeof(text))
		told = sendto(fd, text, (size_t)written, MSG_NOSIGNAL | MSG_DONTWAIT,
			      (const struct sockaddr *)&address, length) >= 0 ||
		       (errno != EAGAIN && errno != ENOBUFS);
	close(fd);
	return told;
}

uint64_t gpald_notify_watchdog_ms(void)
{
	const char *interval = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (!interval || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	return strtoull(interval, NULL, 10) / 1000;
}
