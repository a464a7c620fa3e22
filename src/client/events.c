/* SPDX-License-Identifier: MIT */
/*
 * A subscription survives the loss of its connection: the library then tries to reconnect every
 * RECONNECT_MS, and asks for the events after the last one. If the daemon no longer keeps them, the
 * caller gets one event that says so.
 */
#include "config.h"

#include "client/client_state.h"
#include "wire/results.h"

#include <stdio.h>
#include <string.h>

#define RECONNECT_MS 200   /* between new connections of a subscription */
#define ACCEPT_MIN_MS 1000 /* least time for the daemon to accept a renewed subscription */

static void write_since(struct gpald_writer *w, const void *args)
{
	const uint64_t *since = args;

	gpald_write_object(w, NULL);
	gpald_write_integer(w, "since", (int64_t)*since);
	gpald_write_object_end(w);
}

/* Decodes a result or an event into the arena. Returns NULL, with *code set, if that fails. */
static const void *decode_event_result(const struct gpald_result *result, const cJSON *value,
				       struct gpald_arena *arena, int *code,
				       struct gpal_client_error *error)
{
	struct gpald_wire_error fault;
	void *made = gpald_arena_zalloc(arena, 1, result->size);

	if (!made) {
		*code = gpald_client_fail(error, GPAL_E_NO_MEMORY, "out of memory");
		return NULL;
	}
	if (gpald_decode_result(result, value, made, arena, &fault)) {
		*code = gpald_client_fail(
			error, GPAL_E_PROTOCOL, "invalid %s: %s",
			result == &gpald_event_result ? "event" : "reply to events.subscribe",
			fault.message);
		return NULL;
	}
	*code = 0;
	return made;
}

/*
 * Reads the revision at which the daemon accepted the subscription, and clears the outage and the
 * deadline for accepting. Refuses a revision below `least`.
 */
static const uint64_t *read_accepted_revision(struct gpal_client *client, const cJSON *result,
					      uint64_t least, struct gpald_arena *arena, int *code,
					      struct gpal_client_error *error)
{
	const uint64_t *revision =
		decode_event_result(&gpald_revision_result, result, arena, code, error);

	if (!revision || *revision >= least) {
		client->accept_by_ms = INT64_MAX;
		*client->outage = '\0';
		return revision;
	}
	*code = gpald_client_fail(
		error, GPAL_E_PROTOCOL,
		"invalid reply to events.subscribe: its revision is lower than one seen before");
	return NULL;
}

int gpal_client_subscribe(struct gpal_client *client, const uint64_t *since, uint64_t *revision,
			  struct gpal_client_error *error)
{
	struct gpald_arena *arena;
	struct gpald_client_reply reply;
	const uint64_t *accepted = NULL;
	const char *line;
	size_t length;
	int code = gpald_client_call_line(client, "events.subscribe", since ? write_since : NULL,
					  since, &line, &length, error);

	if (code)
		return code;
	arena = gpald_arena_new(length);
	if (!arena)
		return gpald_client_fail_call(client, GPAL_E_NO_MEMORY, error);
	code = gpald_client_take_reply(client, line, length, arena, &reply, error);
	if (code == 0)
		accepted = read_accepted_revision(client, reply.result, since ? *since : 0, arena,
						  &code, error);
	if (accepted) {
		client->is_subscribed = true;
		client->revision = since ? *since : *accepted;
		if (revision)
			*revision = *accepted;
	} else if (code != GPAL_E_REFUSED) {
		gpald_link_close(&client->link);
	}
	gpald_arena_free(arena);
	return code;
}

/*
 * Makes the event for a refusal: the daemon no longer keeps the events after the last one, or has
 * another registry. The subscription continues with the events from now on.
 */
static int make_resync_event(struct gpal_client *client, const struct gpald_client_reply *refusal,
			     struct gpald_arena *arena, struct gpal_client_event *event,
			     struct gpal_client_error *error)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(refusal->error, "data");
	int code;
	const uint64_t *revision =
		decode_event_result(&gpald_revision_result, data, arena, &code, error);

	if (!revision)
		return code;
	*event = (struct gpal_client_event){
		.kind = GPAL_EVENT_RESYNC,
		.kind_name = "resync",
		.revision = *revision,
		.follows = client->revision,
	};
	client->revision = *revision;
	gpald_link_close(&client->link);
	return 0;
}

/* Handles a line. Returns GPAL_E_IN_PROGRESS if it is neither an event nor a failure. */
static int take_subscription_line(struct gpal_client *client, const char *line, size_t length,
				  struct gpald_arena *arena, struct gpal_client_event *event,
				  struct gpal_client_error *error)
{
	struct gpal_client_error refusal;
	const struct gpal_client_event *next;
	struct gpald_client_reply reply;
	int code = gpald_client_parse_line(line, length, client->id, arena, &reply, error);

	if (code)
		return code;
	if (reply.error) {
		gpald_client_read_refusal(&reply, &refusal);
		if (strcmp(refusal.reason, "resync_required") == 0)
			return make_resync_event(client, &reply, arena, event, error);
		/*
		 * The daemon cannot serve now, for example because it shuts down: try again later.
		 */
		if (refusal.number >= -32099 && refusal.number <= -32000) {
			snprintf(client->outage, sizeof(client->outage), "%.*s",
				 (int)sizeof(client->outage) - 1, refusal.message);
			return GPAL_E_CLOSED;
		}
		gpald_client_keep_refusal_data(client, line, length);
		return gpald_client_read_refusal(&reply, error);
	}
	if (reply.result)
		return read_accepted_revision(client, reply.result, client->revision, arena, &code,
					      error) ?
			       GPAL_E_IN_PROGRESS :
			       code;
	if (!reply.event)
		return GPAL_E_IN_PROGRESS;
	next = decode_event_result(&gpald_event_result, reply.event, arena, &code, error);
	if (!next)
		return code;
	/* An event must neither be missing nor be repeated. */
	if (next->follows != client->revision || next->revision <= client->revision)
		return gpald_client_fail(error, GPAL_E_PROTOCOL,
					 "an event does not follow the one before it");
	client->revision = next->revision;
	*event = *next;
	return 0;
}

/* Returns the time by which the daemon must accept the subscription. */
static int64_t subscription_deadline_ms(const struct gpal_client *client)
{
	const int64_t deadline_ms = gpald_client_deadline_ms(client);
	const int64_t least_ms = gpald_client_now_ms() + ACCEPT_MIN_MS;

	return deadline_ms > least_ms ? deadline_ms : least_ms;
}

/* Reconnects and subscribes again, if it is time. */
static int reconnect_events(struct gpal_client *client)
{
	const int64_t now_ms = gpald_client_now_ms();
	int code;

	if (client->link.is_connected)
		return 0;
	if (client->link.fd < 0) {
		if (now_ms < client->connect_at_ms)
			return GPAL_E_IN_PROGRESS;
		client->connect_at_ms = now_ms + RECONNECT_MS;
	}
	code = gpald_link_open(&client->link);
	if (code == 0 &&
	    !gpald_client_write_request(client, "events.subscribe", write_since, &client->revision))
		return GPAL_E_NO_MEMORY;
	if (code == 0)
		client->accept_by_ms = subscription_deadline_ms(client);
	return code;
}

/*
 * After a failure the subscription continues on another connection, which begins after the last
 * event. So an event that came later, or that did not fit in memory, is sent again.
 */
static int continue_after_failure(struct gpal_client *client, int code)
{
	if (code == 0 || code == GPAL_E_IN_PROGRESS)
		return code;
	gpald_link_close(&client->link);
	client->accept_by_ms = INT64_MAX;
	if (!*client->outage)
		snprintf(client->outage, sizeof(client->outage), "the connection was lost");
	return code == GPAL_E_CLOSED || code == GPAL_E_NO_DAEMON ? GPAL_E_IN_PROGRESS : code;
}

int gpald_client_advance_events(struct gpal_client *client)
{
	int code;

	/* The bytes that are received next overwrite the last line. */
	client->last_line = NULL;
	if (client->link.has_line)
		return 0;
	code = reconnect_events(client);
	if (code == 0)
		code = gpald_link_step(&client->link);
	if (client->link.has_line)
		return 0;
	if (code == 0 && gpald_client_now_ms() >= client->accept_by_ms)
		code = GPAL_E_CLOSED;
	return continue_after_failure(client, code ? code : GPAL_E_IN_PROGRESS);
}

/* Does one step. Returns GPAL_E_IN_PROGRESS if no event has come. */
static int try_next_event(struct gpal_client *client, struct gpald_arena *arena,
			  struct gpal_client_event *event, struct gpal_client_error *error)
{
	const int code = gpald_client_advance_events(client);
	const char *line;
	size_t length;

	if (code == 0 && gpald_link_take_line(&client->link, &line, &length)) {
		gpald_arena_reset(arena);
		client->last_line = line;
		return continue_after_failure(
			client, take_subscription_line(client, line, length, arena, event, error));
	}
	if (code == GPAL_E_IN_PROGRESS)
		return code;
	if (code == GPAL_E_NO_MEMORY)
		return gpald_client_fail(error, code, "out of memory");
	return gpald_client_fail(error, code, "%s: a line is longer than 256 MiB",
				 client->link.path);
}

int gpal_client_next_event(struct gpal_client *client, struct gpal_client_event *event,
			   struct gpal_client_error *error)
{
	const int64_t deadline_ms = gpald_client_deadline_ms(client);
	struct gpald_arena *arena;
	int code;

	if (!client->is_subscribed)
		return gpald_client_fail(error, GPAL_E_BUSY, "this client is not subscribed");
	gpald_client_clear_last_reply(client);
	arena = gpald_arena_new(0);
	if (!arena)
		return gpald_client_fail(error, GPAL_E_NO_MEMORY, "out of memory");
	while ((code = try_next_event(client, arena, event, error)) == GPAL_E_IN_PROGRESS) {
		if (client->link.has_line)
			continue;
		if (!client->blocks) {
			gpald_client_fail(error, code, "no event has come");
			break;
		}
		if (!gpald_client_wait(client, deadline_ms)) {
			code = gpald_client_fail(error, GPAL_E_TIMED_OUT, "no event has come");
			break;
		}
	}
	gpald_arena_free(arena);
	return code;
}
