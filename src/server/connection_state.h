/* SPDX-License-Identifier: MIT */
/*
 * A connection as its files see it: connection.c takes lines, connection_output.c sends replies,
 * subscription.c sends events, waits.c ends calls that wait, and connections.c accepts clients and
 * acts on all of them.
 */
#ifndef GPALD_SERVER_CONNECTION_STATE_H
#define GPALD_SERVER_CONNECTION_STATE_H

#include "server/connection.h"
#include "server/line_buffer.h"
#include "server/log.h"

enum gpald_connection_state {
	GPALD_CONNECTION_OPEN,
	GPALD_CONNECTION_INPUT_ENDED, /* reads no more; closes when all replies have been written */
	GPALD_CONNECTION_CLOSING,     /* the handle is being closed */
	GPALD_CONNECTION_STATE_COUNT
};

struct gpald_connection {
	uv_pipe_t pipe; /* first, so that the two share an address */
	struct gpald_connections *all;
	LIST_ENTRY(gpald_connection) entry;
	struct gpald_user *user;
	struct gpald_turn turn;
	struct gpald_caller caller;
	enum gpald_connection_state state;
	bool is_reading;
	bool read_waits_for_turn;   /* the last read was large; the next one waits for a turn */
	uint64_t last_read_took_ns; /* time that the last read took */

	struct gpald_line_buffer input;
	bool is_input_cut_off; /* ignore the unfinished line at the end of the input */
	/* Start of the wait for the end of a line, in loop time; 0: there is no wait. */
	uint64_t line_since_ms;
	uint64_t refuse_from_offset; /* refuse lines that begin here in the stream, or later */

	uint64_t arrived_ns;  /* when bytes were last read */
	uint32_t last_stream; /* the highest id of a call, on a socket with frames */
	TAILQ_HEAD(, gpald_wait) waits;
	size_t wait_count;

	struct gpald_id call_id; /* of `call` */
	uint64_t call_until_ms;  /* when its client gives up, in loop time; 0: never */

	struct gpald_call *call; /* waits for the store or a thread; meanwhile no line is taken */
	bool lacks_memory;       /* the reply of `call` waits for memory, until the next tick */

	/* Output in the workspace or held, while turns are given. */
	size_t output_length;
	size_t output_requests; /* requests that it answers */

	size_t queued_requests; /* requests whose replies libuv holds for this connection */
	size_t unsent_bytes;    /* bytes that libuv holds for this connection */

	uint64_t revision_sent; /* for a subscriber: the newest event in its output */

	uint64_t received_seen; /* bytes received at the last look */
	uint64_t idle_since_ms; /* in loop time, as of the last look */

	size_t backlog_seen;     /* bytes that libuv had not written at the last look */
	uint64_t progress_at_ms; /* when output last made progress, in loop time */
};

static inline uint64_t gpald_connection_limit(const struct gpald_connection *c,
					      enum gpald_limit which)
{
	return c->all->service->limits->values[which];
}

static inline uv_stream_t *gpald_connection_stream(struct gpald_connection *c)
{
	return (uv_stream_t *)&c->pipe;
}

void gpald_connection_log(enum gpald_log_level level, const char *event,
			  const struct gpald_connection *c, const char *reason);

/* Closes the connection at once, even if replies are unsent. It frees itself later. */
void gpald_connection_close(struct gpald_connection *c, enum gpald_log_level level,
			    const char *reason);

/*
 * Closes the connection if its client has hung up, not only shut down its output. Returns whether
 * it has.
 */
bool gpald_connection_close_if_gone(struct gpald_connection *c);

/*
 * Acts on a change of state: waits for a turn, reads on, or closes. Has no effect if nothing is
 * due. The connection must not be closing.
 */
void gpald_connection_advance(struct gpald_connection *c);

/* Acts on an answer: adds a reply, or waits for one. */
void gpald_connection_take_answer(struct gpald_connection *c, const struct gpald_answer *answer);

/* Ends the input from this side. Complete lines that have been read are answered. */
void gpald_connection_end_input(struct gpald_connection *c);

/* Output. */

/*
 * Returns whether the connection takes no line, because too many of its requests are queued, or
 * too many bytes of the connection or of its user are unsent.
 */
bool gpald_connection_is_paused(const struct gpald_connection *c);

/* Notes that lines were added to the workspace; they answer this many requests. */
void gpald_connection_note_output(struct gpald_connection *c, size_t requests);

/*
 * Sends a line at once, after the lines that were added, and allocates no memory for it. Closes the
 * connection if the kernel does not take the whole line.
 */
void gpald_connection_send_now(struct gpald_connection *c, const char *line, size_t length);

/* Adds the refusal of a line that was not read. */
void gpald_connection_refuse_line(struct gpald_connection *c, enum gpald_reason reason);

/*
 * Sends the added lines: as much as the kernel takes now, and the rest through libuv. Call it
 * before another connection adds lines.
 */
void gpald_connection_flush(struct gpald_connection *c);

/*
 * Holds the added lines, to send them together with those of others. `held` must have a free place.
 * Returns false if no line was added, or if the lines are too long to be held and must be flushed.
 */
GPAL_MUST_USE bool gpald_connection_hold(struct gpald_connection *c);

/* Sends the lines that were held. */
void gpald_connection_send_held(struct gpald_held_output *held);

/* Calls that wait: see waits.c. */

/* Adds a call that must wait; refuses it if there are too many. */
void gpald_wait_add(struct gpald_connection *c, const struct gpald_answer *answer);

/* Answers the calls that are due. */
void gpald_waits_answer(struct gpald_connection *c);

/* Returns whether a call is due. */
bool gpald_waits_are_due(const struct gpald_connection *c);

/* Notes that a call is answered later, and when its client gives up. */
void gpald_waits_set_call_timeout(struct gpald_connection *c, const struct gpald_answer *answer);

void gpald_waits_clear(struct gpald_connection *c);

/* Subscriptions. */

/* Adds the events that are due, until the turn has enough output or libuv holds bytes. */
void gpald_subscription_send(struct gpald_connection *c);

/* Returns whether gpald_subscription_send() has something to do. */
bool gpald_subscription_is_due(const struct gpald_connection *c);

/* Returns whether events are due, now or after others have been written. */
bool gpald_subscription_is_behind(const struct gpald_connection *c);

/* Closes a subscriber whose next event is no longer kept. */
void gpald_subscription_close_if_lost(struct gpald_connection *c);

#endif
