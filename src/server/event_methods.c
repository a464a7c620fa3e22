/* SPDX-License-Identifier: MIT */
/* The methods about events: of all layouts, or of one. */
#include "config.h"

#include "server/methods.h"

#include "registry/event.h"
#include "wire/params_decode.h"

#include <inttypes.h>
#include <stdlib.h>

void gpald_write_event(struct gpald_writer *w, const struct gpald_event *event)
{
	gpald_write_object(w, NULL);
	gpald_write_integer(w, "revision", (int64_t)event->revision);
	if (event->follows + 1 != event->revision)
		gpald_write_integer(w, "follows", (int64_t)event->follows);
	gpald_write_text(w, "event", gpald_event_kind_name(event->kind));
	gpald_write_text(w, "name", event->name);
	gpald_write_text(w, "digest", event->digest);
	if (event->generation) {
		gpald_write_integer(w, "generation", (int64_t)event->generation);
		gpald_write_time(w, "at", event->at_ms);
		gpald_write_integer(w, "uid", event->uid);
	}
	gpald_write_object_end(w);
}

/* layout.history */

#define EVENTS_IN_TURN_MAX 16384 /* events that may be searched within a turn */

static void write_history(struct gpald_writer *w, const char *name,
			  const struct gpald_history *history)
{
	gpald_write_object(w, NULL);
	gpald_write_text(w, "name", name);
	gpald_write_integer(w, "revision", (int64_t)history->revision);
	gpald_write_integer(w, "oldest_since", (int64_t)history->oldest_since);
	gpald_write_array(w, "events");
	for (size_t i = history->count; i > 0; i--)
		gpald_write_event(w, &history->events[i - 1]);
	gpald_write_array_end(w);
	gpald_write_object_end(w);
}

int gpald_serve_layout_history(const struct gpald_context *context, const void *params,
			       struct gpald_writer *w, struct gpald_wire_error *error)
{
	struct gpald_index *index = context->service->index;
	const struct gpald_name_params *wanted = params;
	struct gpald_history history;

	if (!context->may_take_long && index->events.count > EVENTS_IN_TURN_MAX)
		return GPALD_TAKES_LONG;
	if (!gpald_index_history(index, wanted->name,
				 (size_t)context->service->limits->values[GPALD_LIMIT_LIST_PAGE],
				 &history))
		return gpald_method_no_memory(error);
	if (history.count > 0 || history.is_live)
		write_history(w, wanted->name, &history);
	free(history.events);
	return history.count > 0 || history.is_live ?
		       0 :
		       gpald_refuse_unknown_layout(wanted->name, "/name", error);
}

/* events.subscribe */

/* Checks that the events after a revision are kept. Returns 0, or -1 with *error set. */
static int check_since(const struct gpald_event_ring *events, uint64_t since,
		       struct gpald_wire_error *error)
{
	if (since == events->revision || gpald_event_ring_after(events, since))
		return 0;
	gpald_refuse(error, GPALD_RESYNC_REQUIRED,
		     "this daemon does not have all events after revision %" PRIu64
		     ": list the layouts, and continue from the revision of the list",
		     since);
	error->revision = events->revision;
	error->oldest_since = gpald_event_ring_oldest_since(events);
	return gpald_set_pointer(error, "/since");
}

int gpald_serve_events_subscribe(const struct gpald_context *context, const void *params,
				 struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_event_ring *events = &context->service->index->events;
	const struct gpald_subscribe_params *subscribe = params;
	const uint64_t since = subscribe->since.set ? subscribe->since.value : events->revision;

	if (context->caller->is_subscribed)
		return gpald_refuse(error, GPALD_INVALID_REQUEST,
				    "this connection is subscribed already; use another one");
	if (check_since(events, since, error))
		return -1;
	gpald_write_object(w, NULL);
	gpald_write_integer(w, "revision", (int64_t)events->revision);
	gpald_write_object_end(w);
	context->answer->subscribed = (struct gpal_optional){ true, since };
	return 0;
}

/* WaitEvents of ttrpc: the client asks for each batch of events. */

#define EVENTS_AT_A_TIME 256
#define WAIT_MS 30000 /* default */

int gpald_events_answer(const struct gpald_service *service, uint64_t since, bool is_over,
			struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_event_ring *events = &service->index->events;
	uint64_t revision = since;

	if (check_since(events, since, error))
		return -1;
	if (since == events->revision && !is_over)
		return GPALD_WAITS;
	gpald_write_object(w, NULL);
	gpald_write_array(w, "events");
	for (int i = 0; i < EVENTS_AT_A_TIME && revision < events->revision; i++) {
		const struct gpald_event *event = gpald_event_ring_after(events, revision);

		gpald_write_event(w, event);
		revision = event->revision;
	}
	gpald_write_array_end(w);
	gpald_write_integer(w, "revision", (int64_t)revision);
	gpald_write_object_end(w);
	return 0;
}

int gpald_serve_events_wait(const struct gpald_context *context, const void *params,
			    struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_wait_params *wait = params;
	const uint64_t since = wait->since.set ? wait->since.value :
						 context->service->index->events.revision;
	const uint64_t ms = wait->timeout_ms.set ? wait->timeout_ms.value : WAIT_MS;

	context->answer->since = since;
	context->answer->wait_ms = ms;
	return gpald_events_answer(context->service, since, ms == 0, w, error);
}
