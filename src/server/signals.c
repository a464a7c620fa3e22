/* SPDX-License-Identifier: MIT */
/*
 * Handles signals. Each signal that would terminate the process and can be handled is in one of
 * three lists; real-time signals belong to the third.
 */
#include "config.h"

#include "server/signals.h"

#include "server/log.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* For the last two, the call that caused them also fails. */
static const int ignored[] = { SIGHUP, SIGPIPE, SIGXFSZ };

static const int crashes[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS };

static const int stopping[] = { SIGTERM, SIGINT, SIGUSR1, SIGUSR2,   SIGALRM, SIGVTALRM,
				SIGPROF, SIGIO,  SIGPWR,  SIGSTKFLT, SIGXCPU };

bool gpald_signal_is_stop_request(int number)
{
	return number == SIGTERM || number == SIGINT;
}

const char *gpald_signal_name(int number, char buffer[GPALD_SIGNAL_NAME_SIZE])
{
	const char *name = sigabbrev_np(number);

	if (name)
		snprintf(buffer, GPALD_SIGNAL_NAME_SIZE, "SIG%s", name);
	else
		snprintf(buffer, GPALD_SIGNAL_NAME_SIZE, "SIGRTMIN+%d", number - SIGRTMIN);
	return buffer;
}

/* The kernel has restored the default action, which takes effect when this returns. */
static void on_crash(int number)
{
	gpald_log_crash(sigabbrev_np(number));
	raise(number);
}

/* If the stack has overflowed, the handler needs another one. */
static void set_signal_stack(void)
{
	static char memory[64 * 1024];
	const stack_t stack = { .ss_sp = memory, .ss_size = sizeof(memory) };
	stack_t before;

	if (sigaltstack(NULL, &before) == 0 && (before.ss_flags & SS_DISABLE))
		sigaltstack(&stack, NULL);
}

void gpald_signals_prepare(void)
{
	const struct sigaction crash = {
		.sa_handler = on_crash,
		.sa_flags = (int)(SA_RESETHAND | SA_ONSTACK),
	};
	struct sigaction before;

	for (size_t i = 0; i < COUNT_OF(ignored); i++)
		signal(ignored[i], SIG_IGN);
	set_signal_stack();
	/*
	 * A signal that is ignored stays so, and a sanitizer keeps its handlers, which report more.
	 */
	for (size_t i = 0; i < COUNT_OF(crashes); i++)
		if (sigaction(crashes[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			sigaction(crashes[i], &crash, NULL);
}

static int start_signal(struct gpald_signals *signals, uv_loop_t *loop, int number,
			uv_signal_cb arrived, void *data)
{
	uv_signal_t *handle = &signals->handles[signals->count++];

	assert(signals->count <= COUNT_OF(signals->handles));
	uv_signal_init(loop, handle);
	handle->data = data;
	return uv_signal_start(handle, arrived, number);
}

int gpald_signals_start(struct gpald_signals *signals, uv_loop_t *loop, uv_signal_cb arrived,
			void *data)
{
	sigset_t none;
	int code = 0;

	for (size_t i = 0; i < COUNT_OF(stopping) && code == 0; i++)
		code = start_signal(signals, loop, stopping[i], arrived, data);
	for (int number = SIGRTMIN; number <= SIGRTMAX && code == 0; number++) {
		code = start_signal(signals, loop, number, arrived, data);
		/*
		 * A tool that runs the daemon, such as valgrind, may keep the last signal for
		 * itself.
		 */
		if (code == UV_EINVAL && number == SIGRTMAX)
			code = 0;
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return code;
}

void gpald_signals_stop(struct gpald_signals *signals)
{
	sigset_t watched;

	sigemptyset(&watched);
	for (size_t i = 0; i < COUNT_OF(stopping); i++)
		sigaddset(&watched, stopping[i]);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		sigaddset(&watched, number);
	sigprocmask(SIG_BLOCK, &watched, NULL);
	while (signals->count > 0)
		uv_close((uv_handle_t *)&signals->handles[--signals->count], NULL);
}
