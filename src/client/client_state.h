/* SPDX-License-Identifier: MIT */
/* struct gpal_client of <gpalayout/client.h>, and functions that the files of src/client share. */
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
	uint64_t refuse; /* a set of warnings, as in gpal_layout_refuse() */

	/* The call in progress. Its request line is in the link. */
	bool is_asking;
	uint64_t id;
	int64_t deadline_ms; /* INT64_MAX: none */

	const char *last_line; /* in the link's input; NULL: none */
	char *refusal_data;    /* NULL: none */

	/* The subscription. */
	bool is_subscribed;
	uint64_t revision;     /* of the last event; the next one follows it */
	int64_t connect_at_ms; /* no new connection is made before this time */
	int64_t accept_by_ms;  /* deadline for accepting the subscription; INT64_MAX: none */
	char outage[128];      /* why events are interrupted; empty: they are not */
};

/* Returns the milliseconds of the monotonic clock. */
int64_t gpald_client_now_ms(void);

/* Returns the deadline of a call that begins now. */
int64_t gpald_client_deadline_ms(const struct gpal_client *client);

/* Returns the milliseconds until then_ms, for poll(); -1: no limit. */
int gpald_client_ms_left(int64_t then_ms);

/*
 * Returns the earliest of the deadline, the next attempt to connect, and the time by which the
 * daemon must accept the subscription.
 */
int64_t gpald_client_wake_ms(const struct gpal_client *client, int64_t deadline_ms);

/*
 * Waits for the link, at most until gpald_client_wake_ms(). Returns false, without waiting, if the
 * deadline has passed.
 */
bool gpald_client_wait(const struct gpal_client *client, int64_t deadline_ms);

/* Ends the call in progress with a failure and closes the connection. Returns `code`. */
int gpald_client_fail_call(struct gpal_client *client, int code, struct gpal_client_error *error);

/* Writes the params of a call as one JSON value; `args` are the caller's. */
typedef void gpald_write_params(struct gpald_writer *w, const void *args);

/*
 * Writes a request line with a new id into the output of the link, which need not be open. Returns
 * false if out of memory.
 */
GPAL_MUST_USE bool gpald_client_write_request(struct gpal_client *client, const char *method,
					      gpald_write_params *write, const void *args);

/*
 * Reads and writes without waiting, for the call in progress. Returns 0 if a line has come or no
 * call is in progress.
 */
int gpald_client_advance_call(struct gpal_client *client);

/*
 * Starts the call, or continues it if it is in progress. On success, *line is the line of the
 * reply, which is valid until the next call. Returns GPAL_E_BUSY if another call is in progress or
 * the client is subscribed.
 */
GPAL_MUST_USE int gpald_client_call_line(struct gpal_client *client, const char *method,
					 gpald_write_params *write, const void *args,
					 const char **line, size_t *length,
					 struct gpal_client_error *error);

/* Forgets the line and the `data` of the last reply, because a new call begins. */
void gpald_client_clear_last_reply(struct gpal_client *client);

/*
 * Parses the line of a reply into the arena. For a refusal, returns GPAL_E_REFUSED and keeps its
 * `data`.
 */
GPAL_MUST_USE int gpald_client_take_reply(struct gpal_client *client, const char *line,
					  size_t length, struct gpald_arena *arena,
					  struct gpald_client_reply *reply,
					  struct gpal_client_error *error);

/*
 * Reads and writes without waiting, for a subscription, and reconnects if it is time. Returns 0 if
 * a line has come.
 */
GPAL_MUST_USE int gpald_client_advance_events(struct gpal_client *client);

/* Copies the `data` of the refusal that `line` holds, for gpal_client_refusal_data(). */
void gpald_client_keep_refusal_data(struct gpal_client *client, const char *line, size_t length);

#endif
