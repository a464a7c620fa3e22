/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * Reading and answering are separate. Bytes that arrive are only cut into lines; a connection with
 * a complete line waits for its turn. The next turn goes to the user who has been served least, and
 * the connections of a user get turns one after another. A turn takes a fraction of a millisecond,
 * and after a few turns the loop looks at its sockets again. Work that takes long runs on another
 * thread. So no client waits until all requests of another are answered.
 *
 * Waiting lines are read ahead up to a bound, because stopping and starting to read costs two
 * system calls. After a large read, the next read of the client waits until the client has had a
 * turn, so that the time for reading is shared among users, too. Reading also reveals that a client
 * has gone; while a connection is not read, each turn checks that. Requests of a client that has
 * gone are not answered.
 *
 * A request counts as queued from the moment its reply is ready until the reply is written. libuv
 * queues writes without bound, so the bound is here: no line is taken while too many requests of
 * the connection are queued, or too many bytes of the connection or of its user are unsent. When
 * enough has been read ahead, reading stops, and the client's writes block. Each time libuv has
 * written replies, the connection takes lines again if it is within the bounds.
 *
 * A request that changes a live layout is answered in the turn after the store thread has committed
 * it, and a request that takes long in the turn after it is done. Until then, or until the timeout
 * of a ttrpc client, its connection takes no other line, so replies stay in order, except those of
 * WaitEvents, and the connection sees its own writes. Other connections are served meanwhile.
 *
 * If there is no memory for a reply, the daemon sends a refusal that needs none, or closes the
 * connection if the client does not read. A change that has been made cannot be refused any more:
 * its reply is tried again at each tick.
 *
 * The end of input is not the end of output: the connection closes when all replies have been
 * written.
 */
#include "config.h"

#include "server/connection_state.h"

#include "ttrpc/envelope.h"

#include <assert.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>

static const char *const state_names[] = { "open", "input_ended", "closing" };

static_assert(sizeof(state_names) / sizeof(state_names[0]) == GPALD_CONNECTION_STATE_COUNT,
	      "each state has a name");

#define TURN_NS UINT64_C(250000) /* longest turn of a connection; at least one request is served */
#define READ_AHEAD 65536         /* bytes that wait for a turn; then reading stops */
#define READ_LARGE 16384        /* bytes; after a read of this or more, the next waits for a turn */
#define HELD_NS UINT64_C(50000) /* a held reply waits at most this long, plus one turn */
#define ROUND_NS UINT64_C(2000000) /* longest round of turns; then the loop looks at its sockets */

static struct gpald_connection *connection_of_turn(struct gpald_turn *turn)
{
	return (struct gpald_connection *)((char *)turn - offsetof(struct gpald_connection, turn));
}

void gpald_connection_log(enum gpald_log_level level, const char *event,
			  const struct gpald_connection *c, const char *reason)
{
	gpald_log(level, event, "uid=%ld pid=%ld socket=%s state=%s reason=%s", (long)c->caller.uid,
		  (long)c->caller.pid, c->caller.socket_kind->name, state_names[c->state], reason);
}

static void on_closed(uv_handle_t *handle)
{
	struct gpald_connection *c = (struct gpald_connection *)handle;
	struct gpald_connections *all = c->all;

	LIST_REMOVE(c, entry);
	all->count--;
	all->freed_bytes += c->input.bytes.capacity;
	/* libuv has reported each write, so nothing is unsent. */
	if (c->user)
		gpald_user_unref(&all->users, c->user);
	gpald_line_buffer_clear(&c->input);
	gpald_waits_clear(c);
	free(c);
	if (all->count == 0 && all->on_empty)
		all->on_empty(all);
}

void gpald_connection_close(struct gpald_connection *c, enum gpald_log_level level,
			    const char *reason)
{
	if (c->state == GPALD_CONNECTION_CLOSING)
		return;
	gpald_connection_log(level, "connection_closed", c, reason);
	c->state = GPALD_CONNECTION_CLOSING;
	/* Work that has begun continues, but its reply is dropped. */
	if (c->call)
		gpald_call_abandon(c->call);
	c->call = NULL;
	if (c->user) {
		gpald_user_dequeue(c->user, &c->turn);
		c->user->connections[c->caller.socket_kind->is_inspect]--;
		c->all->users.connections[c->caller.socket_kind->is_inspect]--;
		if (c->caller.is_subscribed)
			c->all->subscribers--;
	}
	uv_close((uv_handle_t *)&c->pipe, on_closed);
}

bool gpald_connection_close_if_gone(struct gpald_connection *c)
{
	struct pollfd peer = { .events = 0 };

	if (uv_fileno((uv_handle_t *)&c->pipe, &peer.fd) || poll(&peer, 1, 0) != 1 ||
	    !(peer.revents & (POLLHUP | POLLERR)))
		return false;
	gpald_connection_close(c, GPALD_LOG_DEBUG, "client_gone");
	return true;
}

/* Input. */

void gpald_connection_take_answer(struct gpald_connection *c, const struct gpald_answer *answer)
{
	if (answer->subscribed.set) {
		c->caller.is_subscribed = true;
		c->all->subscribers++;
		c->revision_sent = answer->subscribed.value;
	}
	switch (answer->kind) {
	case GPALD_ANSWER_NONE:
		break;
	case GPALD_ANSWER_LATER:
		c->call = answer->call;
		gpald_waits_set_call_timeout(c, answer);
		break;
	case GPALD_ANSWER_ON_EVENT:
		gpald_wait_add(c, answer);
		break;
	case GPALD_ANSWER_REPLY:
		gpald_connection_note_output(c, 1);
		break;
	case GPALD_ANSWER_PLAIN:
		gpald_connection_send_now(c, answer->plain, answer->plain_length);
		break;
	}
}

static void answer_line(struct gpald_connection *c, const char *text, size_t length,
			uint64_t offset)
{
	const struct gpald_message message = {
		.text = text,
		.length = length,
		.arrived_ns = c->arrived_ns,
		.arrived_while_stopping = offset >= c->refuse_from_offset,
	};
	/* Not initialised, because most of it is space for a line. */
	struct gpald_answer answer;

	gpald_service_answer(c->all->service, &c->caller, &message, c, &c->all->space, &answer);
	gpald_connection_take_answer(c, &answer);
}

/* Answers a frame. If it is too long, only its header is there. */
static void answer_frame(struct gpald_connection *c, const char *frame, size_t length,
			 uint64_t offset, bool is_too_long)
{
	const struct gpald_ttrpc_header header = gpald_ttrpc_header(frame);
	const struct gpald_id id = gpald_ttrpc_id(header);
	struct gpald_wire_error error;
	struct gpald_answer answered;

	error.message[0] = '\0';
	/* Frames other than requests are ignored. */
	if (header.type != GPALD_TTRPC_REQUEST)
		return;
	if (header.flags != 0)
		gpald_refuse(&error, GPALD_INVALID_REQUEST,
			     "streams are not supported; the flags of a request must be 0");
	else if (header.stream % 2 == 0 || header.stream <= c->last_stream)
		gpald_refuse(&error, GPALD_INVALID_REQUEST,
			     "the stream id of a request must be odd and greater than all before "
			     "it");
	else if (is_too_long)
		gpald_refuse(&error, GPALD_MESSAGE_TOO_LARGE,
			     "a message may have at most %zu bytes", GPALD_TTRPC_MESSAGE_MAX);
	if (header.stream % 2 == 1 && header.stream > c->last_stream)
		c->last_stream = header.stream;
	if (!error.message[0]) {
		answer_line(c, frame, length, offset);
		return;
	}
	gpald_service_refuse(c->all->service, &c->caller, NULL, &id, &error, &c->all->space,
			     &answered);
	gpald_connection_take_answer(c, &answered);
}

void gpald_connection_answer_ready(struct gpald_connection *c)
{
	gpald_connection_advance(c);
}

/* Answers the call that waited for the store or a thread, if it is ready. */
static void answer_call(struct gpald_connection *c)
{
	struct gpald_answer answer;

	if (!c->call || !c->call->is_ready || c->lacks_memory)
		return;
	c->lacks_memory = !gpald_call_answer(c->call, &c->all->space, &answer);
	if (c->lacks_memory) {
		if (gpald_log_ratelimit())
			gpald_connection_log(GPALD_LOG_WARNING, "reply_delayed", c,
					     "out_of_memory");
		return;
	}
	c->call = NULL;
	gpald_connection_take_answer(c, &answer);
}

/* Takes one line and answers it. Returns false if there is none. */
static bool serve_next_line(struct gpald_connection *c)
{
	const char *line;
	size_t length;
	uint64_t offset;
	enum gpald_line found = gpald_line_buffer_next(&c->input, &line, &length, &offset);

	if (found == GPALD_LINE_NONE && c->state == GPALD_CONNECTION_INPUT_ENDED &&
	    !c->is_input_cut_off)
		found = gpald_line_buffer_last(&c->input, &line, &length, &offset);
	if (found == GPALD_LINE_NONE)
		return false;
	if (c->caller.socket_kind->is_framed)
		answer_frame(c, line, length, offset, found == GPALD_LINE_TOO_LONG);
	else if (found == GPALD_LINE_TOO_LONG)
		gpald_connection_refuse_line(c, GPALD_MESSAGE_TOO_LARGE);
	else
		answer_line(c, line, length, offset);
	return true;
}

/* Returns whether there are lines to take, even if the connection is paused. */
static bool has_lines(struct gpald_connection *c)
{
	return gpald_line_buffer_has_line(&c->input) ||
	       (c->state == GPALD_CONNECTION_INPUT_ENDED && !c->is_input_cut_off &&
		gpald_line_buffer_received(&c->input) > c->input.taken);
}

/* Returns whether the connection needs a turn. */
static bool has_work(struct gpald_connection *c)
{
	/*
	 * A finished reply goes to libuv even if the connection is paused, because its bytes are
	 * counted there.
	 */
	if (c->call && c->call->is_ready && c->call->is_written)
		return true;
	if (gpald_connection_is_paused(c))
		return false;
	return c->read_waits_for_turn ||
	       (c->call ? c->call->is_ready && !c->lacks_memory : has_lines(c)) ||
	       gpald_subscription_is_due(c) || gpald_waits_are_due(c);
}

/* Ends a turn, or a part of it, and charges the user. Returns the time. */
static uint64_t end_turn(struct gpald_connection *c, uint64_t since_ns)
{
	const uint64_t now = uv_hrtime();

	gpald_user_charge(&c->all->users, c->user, now - since_ns);
	if (c->state != GPALD_CONNECTION_CLOSING)
		gpald_connection_advance(c);
	return now;
}

/*
 * Serves the turn of a connection: takes lines until the time is up, the connection is paused, no
 * line is left, or a request must be answered later. Returns the time at which the turn ends, or at
 * which its output is held.
 */
static uint64_t serve_turn(struct gpald_connection *c, uint64_t start)
{
	const uint64_t end = start + TURN_NS;
	uint64_t now;

	if (!c->is_reading && gpald_connection_close_if_gone(c))
		return start;
	if (c->read_waits_for_turn)
		c->all->expected_read_ns += c->last_read_took_ns;
	c->read_waits_for_turn = false;
	if (!gpald_connection_is_paused(c) || (c->call && c->call->is_written))
		answer_call(c);
	while (c->state != GPALD_CONNECTION_CLOSING && !c->call && !gpald_connection_is_paused(c) &&
	       serve_next_line(c))
		if (uv_hrtime() >= end)
			break;
	gpald_waits_answer(c);
	gpald_subscription_send(c);
	gpald_line_buffer_trim(&c->input);
	if (!gpald_connection_hold(c)) {
		gpald_connection_flush(c);
		return end_turn(c, start);
	}
	now = uv_hrtime();
	gpald_user_charge(&c->all->users, c->user, now - start);
	if (c->all->held_count == 1)
		c->all->held_since_ns = now;
	return now;
}

/*
 * Sends the output that is held, and ends those turns. Returns the time at which the last one ends.
 */
static uint64_t flush_held(struct gpald_connections *all, uint64_t start)
{
	const size_t count = all->held_count;

	all->held_count = 0;
	for (size_t i = 0; i < count; i++) {
		gpald_connection_send_held(&all->held[i]);
		start = end_turn(all->held[i].connection, start);
	}
	return start;
}

static void on_turns(uv_check_t *check)
{
	struct gpald_connections *all = check->data;
	uint64_t now = uv_hrtime();
	/* The time for turns is reduced by the time that reading took. */
	const uint64_t end =
		now + ROUND_NS - (all->round_read_ns < ROUND_NS ? all->round_read_ns : ROUND_NS);

	all->round_read_ns = all->expected_read_ns = 0;
	do {
		struct gpald_turn *turn = gpald_users_next_turn(&all->users);

		if (!turn && all->held_count == 0) {
			uv_check_stop(&all->turns);
			uv_idle_stop(&all->awake);
			return;
		}
		/* If earlier output of this connection is held, it must be sent first. */
		if (turn && connection_of_turn(turn)->output_length > 0)
			now = flush_held(all, now);
		if (turn)
			now = serve_turn(connection_of_turn(turn), now);
		if (!turn || all->held_count == GPALD_HELD_MAX ||
		    now - all->held_since_ns >= HELD_NS)
			now = flush_held(all, now);
		/* Reserve the time that the next large reads will take. */
	} while (now + all->expected_read_ns < end);
	flush_held(all, now);
}

/* An active idle handle keeps the loop from sleeping; it has nothing to do. */
static void on_awake(uv_idle_t *idle)
{
	(void)idle;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct gpald_connection *c = (struct gpald_connection *)handle;

	(void)suggested;
	c->all->read_began_ns = uv_hrtime();
	*buffer = uv_buf_init(c->all->read_buffer, sizeof(c->all->read_buffer));
}

/*
 * Drops input for which there is no memory. Complete lines before it are answered; input after it
 * would be out of place, so reading ends.
 */
static void drop_input(struct gpald_connection *c)
{
	if (gpald_log_ratelimit())
		gpald_connection_log(GPALD_LOG_ERROR, "input_dropped", c, "out_of_memory");
	if (!c->call && !has_lines(c))
		gpald_connection_refuse_line(c, GPALD_REASON_OF(GPAL_E_NO_MEMORY));
	gpald_connection_flush(c);
	gpald_connection_end_input(c);
}

static void on_read(uv_stream_t *handle, ssize_t length, const uv_buf_t *buffer)
{
	struct gpald_connection *c = (struct gpald_connection *)handle;
	uint64_t spent_ns;

	if (length == 0 || c->state == GPALD_CONNECTION_CLOSING)
		return;
	c->read_waits_for_turn = length >= READ_LARGE;
	if (length == UV_EOF) {
		if (gpald_connection_close_if_gone(c))
			return;
		c->state = GPALD_CONNECTION_INPUT_ENDED;
	} else if (length < 0) {
		gpald_connection_close(c, GPALD_LOG_DEBUG, uv_err_name((int)length));
		return;
	} else {
		if (!gpald_line_buffer_append(&c->input, buffer->base, (size_t)length)) {
			drop_input(c);
			return;
		}
	}
	c->arrived_ns = uv_hrtime();
	spent_ns = c->arrived_ns - c->all->read_began_ns;
	c->all->round_read_ns += spent_ns;
	c->last_read_took_ns = spent_ns;
	gpald_user_charge(&c->all->users, c->user, spent_ns);
	gpald_connection_advance(c);
}

/* Returns whether a line may be taken as soon as it arrives. */
static bool may_take_line(const struct gpald_connection *c)
{
	return c->state == GPALD_CONNECTION_OPEN && !c->call && !gpald_connection_is_paused(c);
}

static void update_reading(struct gpald_connection *c)
{
	const uint64_t ahead = gpald_line_buffer_received(&c->input) - c->input.taken;
	const bool want = c->state == GPALD_CONNECTION_OPEN && !c->read_waits_for_turn &&
			  (ahead < READ_AHEAD || (may_take_line(c) && !has_lines(c)));
	int code = 0;

	if (want && !c->is_reading)
		code = uv_read_start(gpald_connection_stream(c), on_alloc, on_read);
	else if (!want && c->is_reading)
		uv_read_stop(gpald_connection_stream(c));
	c->is_reading = want;
	if (code < 0)
		gpald_connection_close(c, GPALD_LOG_DEBUG, uv_err_name(code));
}

void gpald_connection_advance(struct gpald_connection *c)
{
	const bool is_unfinished = may_take_line(c) && !has_lines(c) &&
				   gpald_line_buffer_is_unfinished(&c->input);

	if (!is_unfinished)
		c->line_since_ms = 0;
	else if (c->line_since_ms == 0)
		c->line_since_ms = uv_now(c->all->loop);

	if (has_work(c)) {
		gpald_user_enqueue(&c->all->users, c->user, &c->turn);
		uv_check_start(&c->all->turns, on_turns);
		uv_idle_start(&c->all->awake, on_awake);
	}
	update_reading(c);
	if (c->state == GPALD_CONNECTION_INPUT_ENDED && c->unsent_bytes == 0 &&
	    c->output_length == 0 && !c->call && TAILQ_EMPTY(&c->waits) && !has_lines(c) &&
	    !gpald_subscription_is_behind(c))
		gpald_connection_close(c, GPALD_LOG_DEBUG, "done");
}

void gpald_connection_end_input(struct gpald_connection *c)
{
	if (c->state != GPALD_CONNECTION_OPEN)
		return;
	c->state = GPALD_CONNECTION_INPUT_ENDED;
	c->is_input_cut_off = true;
	gpald_connection_advance(c);
}
