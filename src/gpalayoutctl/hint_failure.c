/* SPDX-License-Identifier: MIT */
/* What to do about a daemon that gave no answer. */
#include "config.h"

#include "gpalayoutctl/hint.h"

#include "gpalayoutctl/message.h"

#include <errno.h>
#include <string.h>

static const struct {
	int error;
	const char *text;
} hints[] = {
	{ ENOENT, "is gpalayoutd running? --socket or GPALAYOUT_SOCKET names its socket" },
	{ ENOTDIR, "--socket or GPALAYOUT_SOCKET names the daemon's socket" },
	{ ECONNREFUSED, "gpalayoutd no longer listens there: start it again" },
	{ EACCES,
	  "this user may not use the socket: join its group; --inspect-socket names the one for "
	  "commands that change nothing" },
	{ ENOTSOCK, "the path is not a socket; --socket or GPALAYOUT_SOCKET names the daemon's" },
	{ EPROTOTYPE,
	  "this is another kind of socket; --socket or GPALAYOUT_SOCKET names the daemon's" },
	{ ETIMEDOUT, "--timeout SECONDS waits longer" },
	{ ECONNRESET,
	  "the daemon's log says why; a stopping or overloaded daemon closes connections" },
};

/* A change of which nobody knows whether it was made. */
static void hint_unknown(const struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;

	/* update may have asked for the layout first. */
	if (!session->method || !invocation->command->on_control || !invocation->command->method ||
	    strcmp(session->method, invocation->command->method) != 0 ||
	    ctl_was_given(invocation, "--dry-run"))
		return;
	if (strcmp(session->method, "layout.create") == 0)
		ctl_hint("whether it was created is not known: repeat the command, which changes "
			 "nothing if it was");
	else
		ctl_hint(
			"whether it was done is not known: gpalayoutctl get %s shows what there is",
			ctl_operand(invocation, 0));
}

void ctl_hint_failure(const struct ctl_session *session)
{
	const struct gpal_client_error *failure = &session->error;
	int error = failure->system_error;

	if (failure->code == GPAL_E_PROTOCOL)
		ctl_hint("does gpalayoutd listen on this socket?%s",
			 session->invocation->json ? "" : " --json shows the line that came");
	if (failure->code == GPAL_E_TIMED_OUT)
		error = ETIMEDOUT;
	else if (failure->code == GPAL_E_CLOSED)
		error = ECONNRESET;
	if (failure->code != GPAL_E_NO_DAEMON)
		hint_unknown(session);
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (hints[i].error == error)
			ctl_hint("%s", hints[i].text);
	}
}
