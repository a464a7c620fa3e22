/* SPDX-License-Identifier: MIT */
/* Tells a caller with an event loop the descriptor, events and time limit of its next wait. */
#include "config.h"

#include "client/client_state.h"

void gpal_client_set_blocking(struct gpal_client *client, bool blocks)
{
	client->blocks = blocks;
}

static bool is_waiting(const struct gpal_client *client)
{
	return client->is_asking || client->is_subscribed;
}

int gpal_client_fd(const struct gpal_client *client)
{
	/* poll() reports the end of a connection even if no events are wanted. */
	return gpal_client_events(client) ? client->link.fd : -1;
}

short gpal_client_events(const struct gpal_client *client)
{
	if (!is_waiting(client))
		return 0;
	return gpald_link_events(&client->link);
}

int gpal_client_timeout_ms(const struct gpal_client *client)
{
	if (!is_waiting(client))
		return -1;
	if (client->link.has_line)
		return 0;
	return gpald_client_ms_left(
		gpald_client_wake_ms(client, client->is_asking ? client->deadline_ms : INT64_MAX));
}

int gpal_client_advance(struct gpal_client *client)
{
	return client->is_subscribed ? gpald_client_advance_events(client) :
				       gpald_client_advance_call(client);
}
