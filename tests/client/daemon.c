/* SPDX-License-Identifier: MIT */
/*
 * The kernel kills each process that is started here when the test process dies, whatever the
 * cause.
 */
#include "config.h"

#include "tests/client/daemon.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void daemon_prepare(struct daemon *daemon)
{
	*daemon = (struct daemon){ .folder = "/tmp/gpalayout-XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(daemon->folder));
	snprintf(daemon->control, sizeof(daemon->control), "%s/control.sock", daemon->folder);
}

static struct sockaddr_un address_of(const struct daemon *daemon)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path, daemon->control);
	return address;
}

/* Returns true if something accepts connections on the socket. */
static int accepts_connections(const struct daemon *daemon)
{
	const struct sockaddr_un address = address_of(daemon);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int code = connect(fd, (const struct sockaddr *)&address, sizeof(address));

	close(fd);
	return code == 0;
}

void daemon_start(struct daemon *daemon, const char *option)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	const char *program = getenv("GPALAYOUTD");

	ck_assert_ptr_nonnull(program);
	daemon->pid = fork();
	ck_assert_int_ge(daemon->pid, 0);
	if (daemon->pid == 0) {
		char admins[32];
		const char *arguments[] = { program,
					    "--config=none",
					    "--socket",
					    daemon->control,
					    "--inspect-socket",
					    "none",
					    "--state-dir",
					    daemon->folder,
					    "--log-level",
					    "error",
					    admins,
					    option,
					    NULL };

		/*
		 * The group of the test's user may take backups, so the tests need not run as root.
		 */
		snprintf(admins, sizeof(admins), "--admin-group=%u", (unsigned int)getegid());
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execv(program, (char *const *)arguments);
		_exit(127);
	}
	while (!accepts_connections(daemon)) {
		ck_assert_int_eq(waitpid(daemon->pid, NULL, WNOHANG), 0);
		nanosleep(&pause, NULL);
	}
}

void daemon_stop(struct daemon *daemon, int signal)
{
	if (daemon->pid <= 0)
		return;
	kill(daemon->pid, signal);
	waitpid(daemon->pid, NULL, 0);
	daemon->pid = 0;
}

void daemon_remove(struct daemon *daemon)
{
	char command[80];

	daemon_stop(daemon, SIGKILL);
	snprintf(command, sizeof(command), "rm -rf %s", daemon->folder);
	ck_assert_int_eq(system(command), 0);
}

/* Reads to the end of the line or of the input. */
static void read_line(int fd)
{
	char byte = 0;

	while (byte != '\n' && read(fd, &byte, 1) == 1)
		;
}

void daemon_fake(struct daemon *daemon, const char *const *replies, size_t count, int waits)
{
	const struct sockaddr_un address = address_of(daemon);
	const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	daemon->pid = fork();
	ck_assert_int_ge(daemon->pid, 0);
	if (daemon->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		for (size_t i = 0; i < count; i++) {
			const int fd = accept(listener, NULL, NULL);
			char byte;

			read_line(fd);
			if (write(fd, replies[i], strlen(replies[i])) < 0)
				_exit(1);
			while (waits && read(fd, &byte, 1) == 1)
				;
			close(fd);
		}
		_exit(0);
	}
	close(listener);
}
