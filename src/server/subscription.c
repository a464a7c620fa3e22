/* SPDX-License-Identifier: MIT */
/*
 * Sends events to subscribers from the ring of the registry. Each connection only remembers its
 * position, and few events are unsent at a time. A subscriber that does not read costs little. It
 * is closed when its output has stalled or its next event is no longer kept.
 */
#include "config.h"

#include "server/connection_state.h"
#include "server/methods.h"
#include "wire/rpc.h"

/* Events are added only while libuv holds no bytes, and only until a turn has this much output. */
#define TURN_OUTPUT_MAX 65536

static const struct gpald_event_ring *ring_of(const struct gpald_connection *c)
{
	return &c->all->service->index->events;
}

bool gpald_subscription_is_behind(const struct gpald_connection *c)
{
	return c->caller.is_subscribed && c->revision_sent < ring_of(c)->revision;
}

bool gpald_subscription_is_due(const struct gpald_connection *c)
{
	return gpald_subscription_is_behind(c) && c->unsent_bytes == 0 &&
	       c->output_length < TURN_OUTPUT_MAX;
}

void gpald_subscription_close_if_lost(struct gpald_connection *c)
{
	if (gpald_subscription_is_behind(c) &&
	    !gpald_event_ring_after(ring_of(c), c->revision_sent))
		gpald_connection_close(c, GPALD_LOG_WARNING, "subscriber_too_slow");
}

void gpald_subscription_send(struct gpald_connection *c)
{
	struct gpald_writer *out = &c->all->space.out;

	while (c->state != GPALD_CONNECTION_CLOSING && gpald_subscription_is_due(c)) {
		const struct gpald_event *event =
			gpald_event_ring_after(ring_of(c), c->revision_sent);

		/*
		 * `event` is not NULL: gpald_subscription_close_if_lost() has closed subscribers
		 * whose next event is no longer kept.
		 */
		if (!event)
			return;
		gpald_rpc_begin_notification(out, "layout.event");
		gpald_write_event(out, event);
		gpald_rpc_end_notification(out);
		if (out->failed) {
			gpald_connection_close(c, GPALD_LOG_ERROR, "out_of_memory");
			return;
		}
		c->revision_sent = event->revision;
		gpald_connection_note_output(c, 0);
	}
}
