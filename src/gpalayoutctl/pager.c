/* SPDX-License-Identifier: MIT */
/* Long text on a terminal goes through the user's pager. */
#include "config.h"

#include "gpalayoutctl/invocation.h"
#include "gpalayoutctl/message.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PAGER "less"

/* less exits if the text fits, passes colours on, and leaves the text on the screen. */
#define LESS_OPTIONS "FRX"

/* Returns the command of the pager, or NULL if the text must not go through one. */
static const char *pager_of(const struct ctl_invocation *invocation)
{
	const char *pager = getenv("PAGER");
	const char *terminal = getenv("TERM");

	if (invocation->no_pager || !isatty(STDOUT_FILENO) || !terminal ||
	    strcmp(terminal, "dumb") == 0)
		return NULL;
	if (!pager)
		return DEFAULT_PAGER;
	pager += strspn(pager, " \t");
	return *pager && strcmp(pager, "cat") != 0 ? pager : NULL;
}

static bool is_long_text(const struct gpald_bytes *text)
{
	struct winsize size;
	size_t lines = 0;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row)
		return false;
	for (size_t i = 0; i < text->length; i++)
		lines += text->data[i] == '\n';
	return lines >= size.ws_row;
}

/*
 * Turns the child into the pager. A shell runs the command in PAGER, which may have options. The
 * default, "less", runs without a shell, because a shell prints an error if it is not installed.
 */
static void become_pager(const char *pager, const int ends[2])
{
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	close(ends[1]);
	setenv("LESS", LESS_OPTIONS, 0);
	if (strcmp(pager, DEFAULT_PAGER) == 0) {
		execlp(pager, pager, (char *)NULL);
		_exit(127);
	}
	execl("/bin/sh", "sh", "-c", pager, (char *)NULL);
	_exit(127);
}

/* Returns true if the pager showed the text, or as much of it as its reader wanted. */
static bool page_text(const char *pager, const struct gpald_bytes *text)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old_pipe, old_interrupt;
	int ends[2], status = 0;
	pid_t child;

	if (pipe(ends))
		return false;
	child = fork();
	if (child == 0)
		become_pager(pager, ends);
	close(ends[0]);
	if (child > 0) {
		/* A reader who quits early is no error, and an interrupt is meant for the pager. */
		sigaction(SIGPIPE, &ignore, &old_pipe);
		sigaction(SIGINT, &ignore, &old_interrupt);
		ctl_write_all(ends[1], ctl_buffer_text(text), text->length);
	}
	close(ends[1]);
	if (child < 0)
		return false;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGPIPE, &old_pipe, NULL);
	sigaction(SIGINT, &old_interrupt, NULL);
	/* A pager that fails may have shown nothing. */
	return !WIFEXITED(status) || WEXITSTATUS(status) == 0;
}

enum ctl_exit ctl_print_paged(const struct ctl_invocation *invocation,
			      const struct gpald_bytes *text)
{
	const char *pager = pager_of(invocation);

	if (pager && is_long_text(text) && page_text(pager, text))
		return CTL_OK;
	return ctl_write_output(text);
}
