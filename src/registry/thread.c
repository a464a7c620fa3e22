/* SPDX-License-Identifier: MIT */
/*
 * A new thread inherits the signal mask of the thread that starts it, so the mask is changed during
 * the start.
 */
#include "config.h"

#include "registry/thread.h"

#include <signal.h>
#include <stddef.h>

int gpald_thread_start(pthread_t *thread, const char *name, void *(*run)(void *data), void *data)
{
	static const int crashes[] = { SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS };
	sigset_t others, before;
	int code;

	sigfillset(&others);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		sigdelset(&others, crashes[i]);
	pthread_sigmask(SIG_SETMASK, &others, &before);
	code = pthread_create(thread, NULL, run, data);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code == 0)
		pthread_setname_np(*thread, name);
	return code;
}
