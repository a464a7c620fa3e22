/* SPDX-License-Identifier: MIT */
/* The object behind <gpalayout/client.h>, as the files of the library see it. */
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
	uint64_t refused; /* warnings, as of gpal_layout_refuse() */

	/* The call in progress, whose line is that of the link. */
	bool is_asking;
	uint64_t id;
	int64_t deadline_ms; /* INT64_MAX: none */

	const char *last_line; /* in the link's input; NULL: none */
	char *refusal_data;    /* NULL: none */

	/* Of a subscription. */
	bool is_subscribed;
	uint64_t revision; /* of the last event; the next one follows it */
	int64_t retry_ms;  /* before that no other connection is made */
	int64_t agree_ms;  /* until then the daemon has to agree to go on; INT64_MAX: it has */
	char outage[128];  /* why events are interrupted; empty: they are not */
};

/* Milliseconds of a clock that only goes forward. */
int64_t gpald_client_now_ms(void);

/* When a call that begins now has to be done. */
int64_t gpald_client_deadline(const struct gpal_client *client);

/* The milliseconds until then, for poll(); -1: for ever. */
int gpald_client_left(int64_t then_ms);

/* The earlier of a deadline and the time at which something is to be tried again. */
int64_t gpald_client_wake_ms(const struct gpal_client *client, int64_t deadline_ms);

/* Waits for the link until the deadline; false: it has passed. */
bool gpald_client_wait(const struct gpal_client *client, int64_t deadline_ms);

/* Ends the call in progress with a failure, and with it the connection; returns `code`. */
int gpald_client_end(struct gpal_client *client, int code, struct gpal_client_error *error);

/* Writes the params of a call, as the value that is due; `args` are those of the call. */
typedef void gpald_write_params(struct gpald_writer *w, const void *args);

/* A line of a request, to be sent over the link that is open; false: out of memory. */
GPAL_MUST_USE bool gpald_client_put(struct gpal_client *client, const char *method,
				    gpald_write_params *write, const void *args);

/* Reads and writes what can be of the call in progress. 0: a line has come, or there is none. */
int gpald_client_advance(struct gpal_client *client);

/*
 * Asks, or goes on asking if the call is in progress, and takes the line of the answer,
 * which is valid until the next call.
 */
GPAL_MUST_USE int gpald_client_ask(struct gpal_client *client, const char *method,
				   gpald_write_params *write, const void *args, const char **line,
				   size_t *length, struct gpal_client_error *error);

/*
 * Takes the line of an answer apart, in the arena. A refusal is GPAL_E_REFUSED, and its
 * `data` is kept.
 */
GPAL_MUST_USE int gpald_client_parse(struct gpal_client *client, const char *line, size_t length,
				     struct gpald_arena *arena, struct gpald_reply *reply,
				     struct gpal_client_error *error);

/*
 * Reads and writes what can be of a subscription, and connects again if it is time. 0: a
 * line has come.
 */
GPAL_MUST_USE int gpald_events_advance(struct gpal_client *client);

/* Keeps the `data` of a refusal, given the line it came in. */
void gpald_client_keep_data(struct gpal_client *client, const char *line, size_t length);

#endif
