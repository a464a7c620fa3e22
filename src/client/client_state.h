/* SPDX-License-Identifier: MIT */
/* struct gpal_client of <gpalayout/client.h>, and what the files of this library share. */
#ifndef GPALD_CLIENT_CLIENT_STATE_H
#define GPALD_CLIENT_CLIENT_STATE_H

#include "client/link.h"
#include "client/reply.h"
#include "wire/decoder.h"

#include <gpalayout/client.h>
#include <stdbool.h>
#include <stdint.h>

struct gpal_client {
	struct gpald_link link;
	int64_t timeout_ms; /* negative: none */
	bool blocks;
	uint64_t refused; /* warnings, as in gpal_layout_refuse() */

	/* The call in progress. Its request line is in the link. */
	bool is_asking;
	uint64_t id;
	int64_t deadline_ms; /* INT64_MAX: none */

	const char *last_line; /* in the link's input; NULL: none */
	char *refusal_data;    /* NULL: none */

	/* The subscription. */
	bool is_subscribed;
	uint64_t revision; /* of the last event; the next one follows it */
	int64_t retry_ms;  /* no new connection before this time */
	int64_t agree_ms; /* the daemon must accept the subscription until then; INT64_MAX: it has */
	char outage[128]; /* why events are interrupted; empty: they are not */
};

/* Milliseconds of the monotonic clock. */
int64_t gpald_client_now_ms(void);

/* The deadline of a call that begins now. */
int64_t gpald_client_deadline(const struct gpal_client *client);

/* The milliseconds until then_ms, for poll(); -1: no limit. */
int gpald_client_left(int64_t then_ms);

/* The earlier of a deadline and the time of the next try. */
int64_t gpald_client_wake_ms(const struct gpal_client *client, int64_t deadline_ms);

/* Waits until the link is ready. False: the deadline has passed. */
bool gpald_client_wait(const struct gpal_client *client, int64_t deadline_ms);

/* Ends the call in progress with a failure and closes the connection; returns `code`. */
int gpald_client_end(struct gpal_client *client, int code, struct gpal_client_error *error);

/* Writes the params of a call as one JSON value; `args` are the caller's. */
typedef void gpald_write_params(struct gpald_writer *w, const void *args);

/* Writes a request line into the output of an open link. False: out of memory. */
GPAL_MUST_USE bool gpald_client_put(struct gpal_client *client, const char *method,
				    gpald_write_params *write, const void *args);

/* Reads and writes without waiting, for the call in progress. 0: a line has come, or no call is in
 * progress. */
int gpald_client_advance(struct gpal_client *client);

/*
 * Starts the call, or continues it if it is in progress, and takes the line of the reply, which
 * is valid until the next call.
 */
GPAL_MUST_USE int gpald_client_ask(struct gpal_client *client, const char *method,
				   gpald_write_params *write, const void *args, const char **line,
				   size_t *length, struct gpal_client_error *error);

/*
 * Parses the line of a reply, into the arena. A refusal is GPAL_E_REFUSED; its `data` is kept.
 */
GPAL_MUST_USE int gpald_client_parse(struct gpal_client *client, const char *line, size_t length,
				     struct gpald_arena *arena, struct gpald_reply *reply,
				     struct gpal_client_error *error);

/*
 * Reads and writes without waiting, for a subscription, and reconnects if it is time. 0: a line
 * has come.
 */
GPAL_MUST_USE int gpald_events_advance(struct gpal_client *client);

/* Keeps the `data` of the refusal in a line. */
void gpald_client_keep_data(struct gpal_client *client, const char *line, size_t length);

#endif
