/* SPDX-License-Identifier: MIT */
/*
 * Subscribers are served from the registry's ring: each connection only remembers
 * how far it has come, and few events are on their way to it at a time. One that
 * does not read costs no memory and no one's time, and is closed when what it has
 * not read is no longer kept.
 */
#include "config.h"

#include "server/connection_state.h"

#define ON_THEIR_WAY 65536 /* bytes; then the rest waits until some are written */

static const struct gpald_event_ring *ring_of(const struct gpald_connection *c)
{
	return gpald_registry_events(c->all->service->registry);
}

bool gpald_subscription_is_behind(const struct gpald_connection *c)
{
	return c->caller.is_subscribed && c->revision_sent < ring_of(c)->revision;
}

bool gpald_subscription_is_due(const struct gpald_connection *c)
{
	return gpald_subscription_is_behind(c) && c->unsent < ON_THEIR_WAY;
}

void gpald_subscription_check(struct gpald_connection *c)
{
	if (gpald_subscription_is_behind(c) &&
	    !gpald_event_ring_after(ring_of(c), c->revision_sent))
		gpald_connection_close(c, GPALD_LOG_WARNING, "subscriber_too_slow");
}

void gpald_subscription_send(struct gpald_connection *c)
{
	while (c->state != GPALD_CONNECTION_CLOSING && gpald_subscription_is_due(c)) {
		const struct gpald_event *event =
			gpald_event_ring_after(ring_of(c), c->revision_sent);
		const struct gpald_event_line *line;

		/* Since it was checked nothing was added. */
		if (!event)
			return;
		line = gpald_event_lines_find(&c->all->event_lines, event);
		c->revision_sent = event->revision;
		gpald_connection_add_copy(c, line ? line->text : NULL, line ? line->length : 0);
	}
}
