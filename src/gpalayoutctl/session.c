/* SPDX-License-Identifier: MIT */
/*
 * Whatever listens on the socket may not be the daemon; what is believed of an answer is
 * left to the client library and to the tables of results.
 */
#include "config.h"

#include "gpalayoutctl/session.h"

#include "gpalayoutctl/hint.h"
#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/terminal_text.h"
#include "wire/json_parse.h"
#include "wire/reason.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How often a daemon is looked for that is not there yet. */
#define RETRY_MS 100

bool ctl_wants_text(const struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;

	return !invocation->json && !invocation->field && !invocation->quiet;
}

/* Failures. */

enum ctl_exit ctl_session_complain(const struct ctl_session *session)
{
	const struct gpal_client_error *error = &session->error;

	if (error->code == GPAL_E_NO_MEMORY)
		ctl_out_of_memory();
	ctl_complain("%s", error->message);
	ctl_hint_failure(session);
	return error->code == GPAL_E_NO_DAEMON && error->system_error == ENAMETOOLONG ?
		       CTL_USAGE :
		       CTL_NO_DAEMON;
}

enum ctl_exit ctl_not_understood(const struct ctl_session *session, const char *what)
{
	ctl_complain("the answer to %s is not understood: %s", session->method, what);
	ctl_hint("%sclient and daemon may be of different versions",
		 session->invocation->json ? "" : "--json shows the line that came; ");
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

/* Whether a daemon may come that is not there yet. */
static bool may_come(const struct gpal_client_error *error)
{
	return error->code == GPAL_E_NO_DAEMON &&
	       (error->system_error == ENOENT || error->system_error == ECONNREFUSED);
}

enum ctl_exit ctl_connect(struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;
	const struct gpal_client_error *error = &session->error;
	const int64_t until_ms = monotonic_ms() + invocation->retry_ms;
	struct gpal_client_error first;
	int code = connect_to(session, invocation->socket);

	while (code && may_come(error) && monotonic_ms() < until_ms) {
		poll(NULL, 0, RETRY_MS);
		code = connect_to(session, invocation->socket);
	}
	if (code && error->system_error == EACCES && invocation->inspect_socket) {
		/* It is the first that was asked for. */
		first = *error;
		code = connect_to(session, invocation->inspect_socket);
		if (code)
			session->error = first;
	}
	if (code)
		return ctl_session_complain(session);
	gpal_client_set_timeout(session->client, invocation->timeout_ms);
	return CTL_OK;
}

/* Questions and answers. */

enum ctl_exit ctl_ask(struct ctl_session *session, const char *method, const char *params)
{
	const enum ctl_exit connected = session->client ? CTL_OK : ctl_connect(session);
	const char *line;
	int code;

	if (connected)
		return connected;
	session->method = method;
	gpal_client_free(session->result);
	code = gpal_client_call(session->client, method, params, &session->result, &session->error);
	if (code == 0 || code == GPAL_E_REFUSED)
		return CTL_OK;
	line = gpal_client_line(session->client);
	if (session->invocation->json && line)
		ctl_print_line(line, strlen(line));
	return ctl_session_complain(session);
}

enum ctl_exit ctl_status(const struct ctl_session *session)
{
	enum gpald_reason reason;

	if (session->result)
		return CTL_OK;
	reason = gpald_reason_find(session->error.reason);
	/* A daemon that is newer may have others. */
	return reason == GPALD_REASON_COUNT ? CTL_REFUSED :
					      (enum ctl_exit)gpald_reason_exit(reason);
}

/* Exact for programs; on a terminal no byte may act on it, and the JSON stays the same. */
enum ctl_exit ctl_print_line(const char *line, size_t length)
{
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };

	if (isatty(STDOUT_FILENO))
		ctl_append_safe(&out, line, length, "\t\r");
	else
		ctl_buffer_append(&out, line, length);
	ctl_buffer_puts(&out, "\n");
	return ctl_write_output(&out);
}

/* The line of the answer, with a name in the place of its id. */
static enum ctl_exit print_named_line(const struct ctl_session *session, const char *name)
{
	const char *line = gpal_client_line(session->client);
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };
	struct gpald_raw id;

	if (!name || !gpald_raw_member(gpald_raw_value(line, strlen(line)), "id", &id))
		return ctl_print_line(line, strlen(line));
	ctl_buffer_append(&out, line, (size_t)(id.text - line));
	ctl_append_json(&out, name);
	ctl_buffer_puts(&out, id.text + id.length);
	return ctl_print_line(out.data, out.length);
}

/* A string as its text, anything else as JSON. */
static void append_value(struct ctl_buffer *out, struct gpald_raw value)
{
	cJSON *text = *value.text == '"' ? cJSON_ParseWithLength(value.text, value.length) : NULL;
	const char *decoded = text ? cJSON_GetStringValue(text) : NULL;

	if (!decoded)
		ctl_buffer_append(out, value.text, value.length);
	else
		ctl_buffer_puts(out, decoded);
	cJSON_Delete(text);
}

/* The member or the element that a step of a path names. */
static bool step_into(struct gpald_raw *value, const char *step)
{
	struct gpald_raw rest = *value, name;
	uint64_t index = 0, wanted;

	if (*value->text == '{')
		return gpald_raw_member(*value, step, value);
	if (!ctl_count_parse(step, &wanted))
		return false;
	while (gpald_raw_next(&rest, &name, value))
		if (index++ == wanted)
			return true;
	return false;
}

/* The same for a name with dots in it, such as a method's: the next steps in *rest belong to it. */
static bool step_on(struct gpald_raw *value, char *step, char **rest)
{
	while (!step_into(value, step)) {
		if (!*rest || *value->text != '{')
			return false;
		(*rest)[-1] = '.';
		strsep(rest, ".");
	}
	return true;
}

static void append_steps(struct ctl_buffer *out, struct gpald_raw value)
{
	struct gpald_raw rest = value, name;
	size_t count = 0;

	if (*value.text != '{' && *value.text != '[') {
		ctl_buffer_puts(out, "it is a single value");
		return;
	}
	while (gpald_raw_next(&rest, &name, &value)) {
		if (name.length > 2)
			ctl_buffer_printf(out, "%s%.*s", count ? ", " : "it has ",
					  (int)name.length - 2, name.text + 1);
		count++;
	}
	if (!out->length)
		ctl_buffer_printf(out, "it has %zu elements", count);
}

enum ctl_exit ctl_print_field(const struct ctl_session *session, struct gpald_raw result)
{
	ctl_cleanup_buffer struct ctl_buffer path = { 0 };
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };
	char *rest, *step;

	ctl_buffer_puts(&path, session->invocation->field);
	rest = path.data;
	while ((step = strsep(&rest, "."))) {
		const struct gpald_raw container = result;
		const int length = (int)strlen(step);

		if (step_on(&result, step, &rest))
			continue;
		append_steps(&out, container);
		ctl_complain("--field %s: there is no %.*s", session->invocation->field,
			     length ? length : INT_MAX, length ? step : "member without a name");
		ctl_hint("%s", ctl_buffer_text(&out));
		return CTL_NOT_FOUND;
	}
	append_value(&out, result);
	return ctl_print_line(ctl_buffer_text(&out), out.length);
}

enum ctl_exit ctl_print_answer(struct ctl_session *session, const char *name)
{
	if (session->invocation->json)
		return print_named_line(session, name);
	if (session->invocation->field && session->result)
		return ctl_print_field(session,
				       gpald_raw_value(session->result, strlen(session->result)));
	return CTL_OK;
}

enum ctl_exit ctl_answer(struct ctl_session *session, const char *name)
{
	const enum ctl_exit code = ctl_print_answer(session, name);

	if (!session->result)
		ctl_print_refusal(session, name);
	return code ? code : ctl_status(session);
}

enum ctl_exit ctl_ask_and_answer(struct ctl_session *session, const char *method,
				 const char *params)
{
	const enum ctl_exit code = ctl_ask(session, method, params);

	return code ? code : ctl_answer(session, NULL);
}

/* Results. */

static enum ctl_exit not_read(const struct ctl_session *session,
			      const struct gpald_wire_error *fault)
{
	ctl_cleanup_buffer struct ctl_buffer what = { 0 };

	if (fault->reason == GPALD_REASON_OF(GPAL_E_NO_MEMORY))
		ctl_out_of_memory();
	ctl_buffer_puts(&what, fault->message);
	if (fault->has_pointer && *fault->pointer)
		ctl_buffer_printf(&what, " at %s", fault->pointer);
	return ctl_not_understood(session, ctl_buffer_text(&what));
}

static struct gpald_arena *arena_of(struct ctl_session *session)
{
	if (!session->arena)
		session->arena = gpald_arena_new(0);
	if (!session->arena)
		ctl_out_of_memory();
	return session->arena;
}

const cJSON *ctl_result_tree(struct ctl_session *session)
{
	struct gpald_wire_error fault;
	const cJSON *tree;

	if (gpald_json_parse_long(session->result, strlen(session->result), arena_of(session),
				  &tree, &fault) == 0)
		return tree;
	not_read(session, &fault);
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
	not_read(session, &fault);
	return NULL;
}

const void *ctl_result(struct ctl_session *session, const struct gpald_result *result)
{
	const cJSON *tree = ctl_result_tree(session);

	return tree ? ctl_decode(session, result, tree) : NULL;
}

void ctl_session_free(struct ctl_session *session)
{
	gpal_client_free(session->result);
	gpal_client_close(session->client);
	gpald_arena_free(session->arena);
	ctl_buffer_free(&session->request);
}
