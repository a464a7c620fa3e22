/* SPDX-License-Identifier: MIT */
/*
 * A connection as the files that serve it see it: connection.c takes lines in,
 * connection_output.c sends replies out, subscription.c sends events, connections.c
 * accepts clients and looks after all of them.
 */
#ifndef GPALD_SERVER_CONNECTION_STATE_H
#define GPALD_SERVER_CONNECTION_STATE_H

#include "server/connection.h"
#include "server/line_buffer.h"
#include "server/log.h"

enum gpald_connection_state {
	GPALD_CONNECTION_OPEN,
	GPALD_CONNECTION_INPUT_ENDED, /* reads no more; closes when nothing is owed */
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
	bool has_more;    /* a read was large: the next one waits for a turn */
	uint64_t read_ns; /* what the last read took */

	struct gpald_line_buffer input;
	bool is_cut_off;      /* the unfinished line at the end of the input does not count */
	uint64_t line_since;  /* when the unfinished line began, in loop time; 0: there is none */
	uint64_t serve_until; /* refuse lines that begin here in the stream, or later */

	uint64_t arrived_ns;  /* when bytes were read last */
	uint32_t last_stream; /* the highest id of a call, on a socket with frames */
	TAILQ_HEAD(, gpald_wait) waits;
	size_t wait_count;

	struct gpald_id call_id; /* of `call` */
	uint64_t call_until;     /* in loop time, when its client gives up; 0: it does not */

	struct gpald_call *call; /* whose reply waits for the store; no line is taken meanwhile */
	bool is_short;           /* the reply of `call` waits for memory, until the next tick */

	/* What lies in the workspace for this connection, or is held: while turns are given. */
	size_t output_length;
	size_t output_requests; /* that are answered there */

	size_t queued; /* requests taken whose replies libuv has not written */
	size_t unsent; /* bytes that libuv holds for this connection */

	uint64_t revision_sent; /* of a subscriber: the newest event in its output */

	uint64_t received_seen; /* bytes received at the last look */
	uint64_t idle_since;    /* in loop time, as far as was seen */

	size_t backlog_seen; /* bytes libuv had not written at the last look */
	uint64_t progress_at;
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

/* Closes at once, whatever is owed; the connection frees itself later. */
void gpald_connection_close(struct gpald_connection *c, enum gpald_log_level level,
			    const char *reason);

/* Closes a connection whose client has hung up, not only ended its output; whether it has. */
bool gpald_connection_close_if_gone(struct gpald_connection *c);

/*
 * Goes on after anything has changed: waits for a turn, reads on, or ends. Has no
 * effect on a connection whose state is as it should be.
 */
void gpald_connection_advance(struct gpald_connection *c);

/* Does what an answer says: adds a reply, or waits for one. */
void gpald_connection_take_answer(struct gpald_connection *c, const struct gpald_answer *answer);

/* Ends input from this side; whole lines that have been read are answered. */
void gpald_connection_end_input(struct gpald_connection *c);

/* Output. */

/*
 * Whether so much is owed, by the connection or by all of its user, that nothing is
 * answered.
 */
bool gpald_connection_is_held_back(const struct gpald_connection *c);

/* Lines have been added to the workspace, which answer that many requests. */
void gpald_connection_added(struct gpald_connection *c, size_t requests);

/* Sends a line at once, after what has been added, without taking memory for it. */
void gpald_connection_send_now(struct gpald_connection *c, const char *line, size_t length);

/* Adds the refusal of a line that was not read. */
void gpald_connection_refuse(struct gpald_connection *c, enum gpald_reason reason);

/*
 * Sends what has been added: as much as the kernel takes now, and the rest through
 * libuv. To be called before another connection adds anything.
 */
void gpald_connection_flush(struct gpald_connection *c);

/*
 * Holds what has been added, to be sent together with that of others. False: there is
 * nothing, or so much that it has to be flushed. There has to be room in `held`.
 */
GPAL_MUST_USE bool gpald_connection_hold(struct gpald_connection *c);

/* Sends what was held. */
void gpald_connection_send_held(struct gpald_held *held);

/* Calls that wait: see waits.c. */

/* Takes one over that an answer has put off; refuses it where there are too many. */
void gpald_wait_add(struct gpald_connection *c, const struct gpald_answer *answer);

/* Answers those that can be answered; whether there are any. */
void gpald_waits_answer(struct gpald_connection *c);
bool gpald_waits_are_due(const struct gpald_connection *c);

/* A call is answered later, and its client gives it up after so long; 0: never. */
void gpald_wait_for_call(struct gpald_connection *c, const struct gpald_answer *answer);

void gpald_waits_clear(struct gpald_connection *c);

/* Subscriptions. */

/* Adds as many of the events that are due as may be on their way at a time. */
void gpald_subscription_send(struct gpald_connection *c);

/* Whether gpald_subscription_send() has something to do. */
bool gpald_subscription_is_due(const struct gpald_connection *c);

/* Whether events are due, now or when others have been written. */
bool gpald_subscription_is_behind(const struct gpald_connection *c);

/* Closes a subscriber whose next event is no longer kept. */
void gpald_subscription_check(struct gpald_connection *c);

#endif
