/* SPDX-License-Identifier: MIT */
/*
 * Another program may listen on the socket. The client library checks that each line is a reply,
 * and the tables of results check its members. A table here has the hints for a call that gets no
 * reply.
 */
#include "config.h"

#include "gpalayoutctl/session.h"

#include "gpalayoutctl/message.h"
#include "gpalayoutctl/terminal_text.h"
#include "wire/json_parse.h"
#include "wire/reason.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The time between two attempts to connect to a daemon that is not there yet. */
#define RETRY_MS 100

/* Failures. */

static const struct {
	int error;
	const char *text;
} hints[] = {
	{ ENOENT, "is gpalayoutd running? if so, set --socket or GPALAYOUT_SOCKET to its socket" },
	{ ENOTDIR, "set --socket or GPALAYOUT_SOCKET to the path of the daemon's socket" },
	{ ECONNREFUSED, "gpalayoutd no longer listens there: start it again" },
	{ EACCES,
	  "this user may not use the socket: gpalayoutctl doctor, with the same socket options, "
	  "says why" },
	{ ENOTSOCK, "the path is not a socket: set --socket or GPALAYOUT_SOCKET to the daemon's" },
	{ EPROTOTYPE,
	  "this is another kind of socket: set --socket or GPALAYOUT_SOCKET to the daemon's" },
	{ ETIMEDOUT, "--timeout SECONDS waits longer" },
	{ ECONNRESET,
	  "the daemon's log says why; a stopping or overloaded daemon closes connections" },
};

/* Gives a hint if the call was a change and it is not known whether the daemon made it. */
static void hint_unknown_outcome(const struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;

	/* With flags such as --set, update calls layout.get before its own method. */
	if (!session->method || !invocation->command->only_on_control ||
	    !invocation->command->method ||
	    strcmp(session->method, invocation->command->method) != 0 ||
	    ctl_flag_was_given(invocation, "--dry-run"))
		return;
	if (strcmp(session->method, "layout.create") == 0)
		ctl_hint(
			"it is not known whether the layout was created: repeat the command; if it "
			"was created, that prints the layout");
	else
		ctl_hint("it is not known whether this was done: gpalayoutctl get %s shows what "
			 "the daemon has",
			 ctl_operand(invocation, 0));
}

/* Says what to do about the failure in session->error. */
static void hint_failure(const struct ctl_session *session)
{
	const struct gpal_client_error *failure = &session->error;
	int error = failure->system_error;

	if (failure->code == GPAL_E_PROTOCOL)
		ctl_hint("does gpalayoutd listen on this socket?%s",
			 session->invocation->json || !gpal_client_line(session->client) ?
				 "" :
				 " --json shows the line that was received");
	if (failure->code == GPAL_E_TIMED_OUT)
		error = ETIMEDOUT;
	else if (failure->code == GPAL_E_CLOSED)
		error = ECONNRESET;
	if (failure->code != GPAL_E_NO_DAEMON)
		hint_unknown_outcome(session);
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (hints[i].error == error)
			ctl_hint("%s", hints[i].text);
	}
}

enum ctl_exit ctl_report_failed_call(const struct ctl_session *session)
{
	const struct gpal_client_error *error = &session->error;

	if (error->code == GPAL_E_NO_MEMORY)
		ctl_out_of_memory();
	ctl_error("%s", error->message);
	hint_failure(session);
	return error->code == GPAL_E_NO_DAEMON && error->system_error == ENAMETOOLONG ?
		       CTL_USAGE :
		       CTL_NO_DAEMON;
}

enum ctl_exit ctl_invalid_reply(const struct ctl_session *session, const char *what)
{
	ctl_error("invalid reply to %s: %s", session->method, what);
	ctl_hint("%sclient and daemon may have different versions",
		 session->invocation->json ? "" : "--json shows the reply; ");
	return CTL_NO_DAEMON;
}

/* The connection. */

static int64_t monotonic_ms(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int connect_to(struct ctl_session *session, const char *path)
{
	session->socket = path;
	return gpal_client_connect_within(path, session->invocation->timeout_ms, &session->client,
					  &session->error);
}

/* Returns true if the socket may appear, or a daemon may listen on it, later. */
static bool may_appear(const struct gpal_client_error *error)
{
	return error->code == GPAL_E_NO_DAEMON &&
	       (error->system_error == ENOENT || error->system_error == ECONNREFUSED);
}

enum ctl_exit ctl_connect(struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;
	const struct gpal_client_error *error = &session->error;
	const int64_t until_ms = monotonic_ms() + invocation->connect_for_ms;
	struct gpal_client_error first;
	int code = connect_to(session, invocation->socket);

	while (code && may_appear(error) && monotonic_ms() < until_ms) {
		poll(NULL, 0, RETRY_MS);
		code = connect_to(session, invocation->socket);
	}
	if (code && error->system_error == EACCES && invocation->inspect_socket) {
		/* If both fail, the error of the control socket is reported. */
		first = *error;
		code = connect_to(session, invocation->inspect_socket);
		if (code)
			session->error = first;
	}
	if (code)
		return ctl_report_failed_call(session);
	gpal_client_set_timeout(session->client, invocation->timeout_ms);
	return CTL_OK;
}

/* Calls and replies. */

enum ctl_exit ctl_call_method(struct ctl_session *session, const char *method, const char *params)
{
	const enum ctl_exit connected = session->client ? CTL_OK : ctl_connect(session);
	const char *line;
	int code;

	if (connected)
		return connected;
	session->method = method;
	session->params.length = 0;
	ctl_buffer_puts(&session->params, params ? params : "");
	gpal_client_free(session->result);
	code = gpal_client_call(session->client, method, params, &session->result, &session->error);
	if (code == 0 || code == GPAL_E_REFUSED)
		return CTL_OK;
	line = gpal_client_line(session->client);
	if (session->invocation->json && line)
		ctl_print_line(line, strlen(line));
	return ctl_report_failed_call(session);
}

enum ctl_exit ctl_reply_status(const struct ctl_session *session)
{
	enum gpald_reason reason;

	if (session->result)
		return CTL_OK;
	reason = gpald_reason_find(session->error.reason);
	/* A newer daemon may have other reasons. */
	return reason == GPALD_REASON_COUNT ? CTL_REFUSED :
					      (enum ctl_exit)gpald_reason_ctl_exit(reason);
}

/*
 * If stdout is no terminal, prints the line unchanged. JSON that gpalayoutd sent means the same
 * after the escaping.
 */
enum ctl_exit ctl_print_line(const char *line, size_t length)
{
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };

	if (isatty(STDOUT_FILENO))
		ctl_append_safe(&out, line, length, "\t");
	else
		ctl_buffer_append(&out, line, length);
	ctl_buffer_puts(&out, "\n");
	return ctl_write_output(&out);
}

/* Results. */

/* Reports a result that cannot be parsed or decoded. */
static enum ctl_exit report_invalid_result(const struct ctl_session *session,
					   const struct gpald_wire_error *fault)
{
	ctl_cleanup_buffer struct gpald_bytes what = { 0 };

	if (fault->reason == GPALD_REASON_OF(GPAL_E_NO_MEMORY))
		ctl_out_of_memory();
	ctl_buffer_puts(&what, fault->message);
	if (fault->has_pointer && *fault->pointer)
		ctl_buffer_printf(&what, " at %s", fault->pointer);
	return ctl_invalid_reply(session, ctl_buffer_text(&what));
}

static struct gpald_arena *arena_of(struct ctl_session *session)
{
	if (!session->arena)
		session->arena = gpald_arena_new(0);
	if (!session->arena)
		ctl_out_of_memory();
	return session->arena;
}

const cJSON *ctl_parse_result(struct ctl_session *session)
{
	struct gpald_wire_error fault;
	const cJSON *tree;

	if (gpald_json_parse_reply(session->result, strlen(session->result), arena_of(session),
				   &tree, &fault) == 0)
		return tree;
	report_invalid_result(session, &fault);
	return NULL;
}

const void *ctl_decode(struct ctl_session *session, const struct gpald_result *result,
		       const cJSON *tree)
{
	void *object = gpald_arena_zalloc(arena_of(session), 1, result->size);
	struct gpald_wire_error fault = { .reason = 0 };

	if (!object)
		ctl_out_of_memory();
	if (gpald_decode_result(result, tree, object, session->arena, &fault) == 0)
		return object;
	report_invalid_result(session, &fault);
	return NULL;
}

const void *ctl_decode_result(struct ctl_session *session, const struct gpald_result *result)
{
	const cJSON *tree = ctl_parse_result(session);

	return tree ? ctl_decode(session, result, tree) : NULL;
}

void ctl_session_free(struct ctl_session *session)
{
	gpal_client_free(session->result);
	gpal_client_close(session->client);
	gpald_arena_free(session->arena);
	ctl_buffer_free(&session->request);
	ctl_buffer_free(&session->params);
}
