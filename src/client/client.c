/* SPDX-License-Identifier: MIT */
/*
 * Makes one call at a time: sends a line and reads the line of the reply. A call that must wait
 * stays in progress and is continued later. So a blocking call is a loop around steps that do not
 * wait.
 */
#include "config.h"

#include "client/client_state.h"

#include "wire/json_raw.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t gpald_client_now_ms(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t gpald_client_deadline_ms(const struct gpal_client *client)
{
	const int64_t now = gpald_client_now_ms();

	return client->timeout_ms < 0 || client->timeout_ms > INT64_MAX - now ?
		       INT64_MAX :
		       now + client->timeout_ms;
}

int gpald_client_ms_left(int64_t then_ms)
{
	const int64_t left = then_ms - gpald_client_now_ms();

	if (then_ms == INT64_MAX)
		return -1;
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

int64_t gpald_client_wake_ms(const struct gpal_client *client, int64_t deadline_ms)
{
	int64_t wake_ms = client->accept_by_ms;

	if (client->link.fd < 0)
		wake_ms = client->connect_at_ms;
	else if (!client->link.is_connected)
		wake_ms = gpald_client_now_ms() + GPALD_LINK_RETRY_MS;
	return wake_ms < deadline_ms ? wake_ms : deadline_ms;
}

bool gpald_client_wait(const struct gpal_client *client, int64_t deadline_ms)
{
	struct pollfd ready = { .fd = client->link.fd, .events = gpald_link_events(&client->link) };

	/* poll() ignores a negative descriptor. */
	if (!ready.events)
		ready.fd = -1;
	if (gpald_client_ms_left(deadline_ms) == 0)
		return false;
	poll(&ready, 1, gpald_client_ms_left(gpald_client_wake_ms(client, deadline_ms)));
	return true;
}

/* Calls. */

void gpald_client_clear_last_reply(struct gpal_client *client)
{
	free(client->refusal_data);
	client->refusal_data = NULL;
	client->last_line = NULL;
}

static int describe_failure(const struct gpal_client *client, int code,
			    struct gpal_client_error *error)
{
	const char *path = client->link.path;

	switch (code) {
	case GPAL_E_NO_DAEMON:
		gpald_client_fail(error, code, "%s: cannot connect: %s", path,
				  strerror(client->link.error));
		if (error)
			error->system_error = client->link.error;
		return code;
	case GPAL_E_TIMED_OUT:
		if (!client->link.is_connected)
			return gpald_client_fail(
				error, code,
				"%s: the daemon accepts no connection; it may be busy or stopped",
				path);
		return gpald_client_fail(
			error, code, "%s: no reply within %g s; the daemon may be busy or stopped",
			path, (double)client->timeout_ms / 1000);
	case GPAL_E_CLOSED:
		return gpald_client_fail(error, code, "%s: the connection was closed %s", path,
					 client->link.input.text.length > client->link.taken ?
						 "in the middle of a reply" :
						 "without a reply");
	case GPAL_E_PROTOCOL:
		return gpald_client_fail(error, code, "%s: the reply is longer than 256 MiB", path);
	default:
		return gpald_client_fail(error, code, "out of memory");
	}
}

int gpald_client_fail_call(struct gpal_client *client, int code, struct gpal_client_error *error)
{
	describe_failure(client, code, error);
	client->is_asking = false;
	gpald_link_close(&client->link);
	return code;
}

static bool write_request_line(struct gpald_writer *w, uint64_t id, const char *method,
			       gpald_write_params *write, const void *args)
{
	gpald_write_object(w, NULL);
	gpald_write_text(w, "jsonrpc", "2.0");
	gpald_write_integer(w, "id", (int64_t)id);
	gpald_write_text(w, "method", method);
	if (write && gpald_write_key(w, "params", 0))
		write(w, args);
	gpald_write_object_end(w);
	gpald_write_bytes(w, "\n", 1);
	return !w->failed;
}

bool gpald_client_write_request(struct gpal_client *client, const char *method,
				gpald_write_params *write, const void *args)
{
	return write_request_line(gpald_link_begin_line(&client->link), ++client->id, method, write,
				  args);
}

static int start_call(struct gpal_client *client, const char *method, gpald_write_params *write,
		      const void *args, struct gpal_client_error *error)
{
	if (client->is_subscribed)
		return gpald_client_fail(error, GPAL_E_BUSY,
					 "this client is subscribed: use another client for calls");
	gpald_client_clear_last_reply(client);
	/* The daemon may have closed the link, or refused a request before all of it was sent. */
	if (!gpald_link_is_idle(&client->link))
		gpald_link_close(&client->link);
	client->is_asking = true;
	client->deadline_ms = gpald_client_deadline_ms(client);
	if (!gpald_client_write_request(client, method, write, args))
		return gpald_client_fail_call(client, GPAL_E_NO_MEMORY, error);
	return 0;
}

/* Refuses a call that differs from the one in progress. */
static int check_same_call(struct gpal_client *client, const char *method,
			   gpald_write_params *write, const void *args,
			   struct gpal_client_error *error)
{
	const struct gpald_writer *asked = &client->link.output;
	struct gpald_writer again = { 0 };
	int code = 0;

	if (!write_request_line(&again, client->id, method, write, args))
		code = gpald_client_fail_call(client, GPAL_E_NO_MEMORY, error);
	else if (again.text.length != asked->text.length ||
		 memcmp(again.text.data, asked->text.data, again.text.length) != 0)
		code = gpald_client_fail(error, GPAL_E_BUSY, "another call is in progress");
	gpald_writer_clear(&again);
	return code;
}

int gpald_client_advance_call(struct gpal_client *client)
{
	int code = 0;

	if (!client->is_asking || client->link.has_line)
		return 0;
	if (!client->link.is_connected)
		code = gpald_link_open(&client->link);
	if (code == 0)
		code = gpald_link_step(&client->link);
	if (client->link.has_line)
		return 0;
	if (code == 0)
		code = GPAL_E_IN_PROGRESS;
	return code == GPAL_E_IN_PROGRESS && gpald_client_now_ms() >= client->deadline_ms ?
		       GPAL_E_TIMED_OUT :
		       code;
}

int gpald_client_call_line(struct gpal_client *client, const char *method,
			   gpald_write_params *write, const void *args, const char **line,
			   size_t *length, struct gpal_client_error *error)
{
	int code = client->is_asking ? check_same_call(client, method, write, args, error) :
				       start_call(client, method, write, args, error);

	if (code)
		return code;
	while ((code = gpald_client_advance_call(client)) == GPAL_E_IN_PROGRESS) {
		if (!client->blocks)
			return gpald_client_fail(error, code, "the call is in progress");
		gpald_client_wait(client, client->deadline_ms);
	}
	if (code || !gpald_link_take_line(&client->link, line, length))
		return gpald_client_fail_call(client, code ? code : GPAL_E_CLOSED, error);
	client->last_line = *line;
	client->is_asking = false;
	return 0;
}

void gpald_client_keep_refusal_data(struct gpal_client *client, const char *line, size_t length)
{
	struct gpald_raw raw = gpald_raw_value(line, length);

	free(client->refusal_data);
	client->refusal_data = NULL;
	if (gpald_raw_member(raw, "error", &raw) && gpald_raw_member(raw, "data", &raw))
		client->refusal_data = strndup(raw.text, raw.length);
}

int gpald_client_take_reply(struct gpal_client *client, const char *line, size_t length,
			    struct gpald_arena *arena, struct gpald_client_reply *reply,
			    struct gpal_client_error *error)
{
	const int code = gpald_client_parse_line(line, length, client->id, arena, reply, error);

	if (code == 0 && !reply->result && !reply->error)
		return gpald_client_fail(error, GPAL_E_PROTOCOL,
					 "the daemon sent a notification without a subscription");
	if (code || !reply->error)
		return code;
	gpald_client_keep_refusal_data(client, line, length);
	return gpald_client_read_refusal(reply, error);
}

/* The object. */

int gpal_client_connect(const char *path, struct gpal_client **client,
			struct gpal_client_error *error)
{
	return gpal_client_connect_within(path, GPAL_CLIENT_DEFAULT_TIMEOUT_MS, client, error);
}

int gpal_client_connect_within(const char *path, int64_t timeout_ms, struct gpal_client **client,
			       struct gpal_client_error *error)
{
	struct gpal_client *made = calloc(1, sizeof(*made));
	int code;

	*client = NULL;
	if (!path)
		path = getenv("GPALAYOUT_SOCKET");
	if (!path)
		path = GPAL_CLIENT_DEFAULT_PATH;
	if (!made)
		return gpald_client_fail(error, GPAL_E_NO_MEMORY, "out of memory");
	made->timeout_ms = timeout_ms;
	made->accept_by_ms = INT64_MAX;
	made->blocks = true;
	if (!gpald_link_init(&made->link, path)) {
		free(made);
		gpald_client_fail(error, GPAL_E_NO_DAEMON,
				  "\"%.200s\": a socket path must have 1 to %zu bytes", path,
				  sizeof(made->link.path) - 1);
		if (error)
			error->system_error = ENAMETOOLONG;
		return GPAL_E_NO_DAEMON;
	}
	made->deadline_ms = gpald_client_deadline_ms(made);
	while ((code = gpald_link_open(&made->link)) == GPAL_E_IN_PROGRESS)
		if (!gpald_client_wait(made, made->deadline_ms)) {
			code = GPAL_E_TIMED_OUT;
			break;
		}
	if (code) {
		gpald_client_fail_call(made, code, error);
		gpal_client_close(made);
		return code;
	}
	made->timeout_ms = GPAL_CLIENT_DEFAULT_TIMEOUT_MS;
	*client = made;
	return 0;
}

void gpal_client_close(struct gpal_client *client)
{
	if (!client)
		return;
	gpald_link_close(&client->link);
	gpald_link_free(&client->link);
	gpald_client_clear_last_reply(client);
	free(client);
}

void gpal_client_free(const void *result)
{
	gpald_arena_free_object((void *)result);
}

void gpal_client_refuse_warnings(struct gpal_client *client, uint64_t refused)
{
	client->refuse = refused;
}

void gpal_client_set_timeout(struct gpal_client *client, int64_t timeout_ms)
{
	client->timeout_ms = timeout_ms;
}

const char *gpal_client_refusal_data(const struct gpal_client *client)
{
	return client->refusal_data;
}

const char *gpal_client_line(const struct gpal_client *client)
{
	return client->last_line;
}

const char *gpal_client_outage(const struct gpal_client *client)
{
	return *client->outage ? client->outage : NULL;
}

const char *gpal_client_code_token(int code)
{
	static const char *const tokens[] = { "refused",  "no_daemon",   "timed_out", "closed",
					      "protocol", "in_progress", "busy" };

	return code <= GPAL_E_REFUSED && code >= GPAL_E_BUSY ? tokens[GPAL_E_REFUSED - code] :
							       gpal_code_token(code);
}
