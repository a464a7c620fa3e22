/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation
 *
 * Reading and answering are apart. Bytes that arrive are only cut into lines; a
 * connection with a whole line waits for its turn. The next turn is that of the user
 * who has been served least, and within a user turns go round the connections; a turn
 * is a fraction of a millisecond, and after a few of them the loop looks at its sockets
 * again. What takes long is done on another thread. So no client waits for another's
 * pile of work.
 *
 * Lines that wait are read ahead up to a bound, because to stop and start reading
 * costs two system calls; but who sends much at a time reads on in its turn, so that
 * a flood of bytes is shared out as well. Reading also tells when a client has gone; where it has
 * stopped, each turn asks. What a client that has gone has sent is not answered.
 *
 * A request counts as queued from the moment its line is taken until its reply is
 * written. libuv queues writes without bound, so the bound is here: while too many
 * requests are queued or too many bytes unsent, by the connection or by all of its
 * user, no line is taken, and when enough has been read ahead the client's own
 * writes block. Each finished write takes up the work again.
 *
 * A request that changes a live layout is answered in the turn after the store
 * thread has committed it, one that takes long in the turn after it has been done;
 * until then its connection takes no other line, so that replies stay in order and it
 * sees its own writes, and those of others are served.
 *
 * Where there is no memory for a reply, a refusal is sent that takes none. What has
 * been done already cannot be refused: its reply is tried again at each tick.
 *
 * End of input is not end of output: the connection closes when nothing is owed.
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

#define TURN_NS UINT64_C(250000)   /* of a connection, but always one request */
#define READ_AHEAD 65536           /* bytes that wait for a turn; then nothing more is read */
#define READ_LARGE 16384           /* bytes of a read; the next one waits for a turn */
#define HELD_NS UINT64_C(50000)    /* that a reply waits for others, at most; then for one turn */
#define TURNS_NS UINT64_C(2000000) /* of all connections, before sockets are looked at again */

static struct gpald_connection *of_turn(struct gpald_turn *turn)
{
	return (struct gpald_connection *)((char *)turn - offsetof(struct gpald_connection, turn));
}

void gpald_connection_log(enum gpald_log_level level, const char *event,
			  const struct gpald_connection *c, const char *reason)
{
	gpald_log(level, event, "uid=%ld pid=%ld socket=%s state=%s reason=%s", (long)c->caller.uid,
		  (long)c->caller.pid, c->caller.socket->name, state_names[c->state], reason);
}

static void on_closed(uv_handle_t *handle)
{
	struct gpald_connection *c = (struct gpald_connection *)handle;
	struct gpald_connections *all = c->all;

	LIST_REMOVE(c, entry);
	all->count--;
	all->to_give_back += c->input.bytes.capacity;
	/* libuv has reported each write, and with it what it took. */
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
	/* What was begun goes on; its reply has nowhere to go. */
	if (c->call)
		gpald_call_abandon(c->call);
	c->call = NULL;
	if (c->user) {
		gpald_user_leave(c->user, &c->turn);
		c->user->connections[c->caller.socket->is_inspect]--;
		c->all->users.connections[c->caller.socket->is_inspect]--;
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
		gpald_wait_for_call(c, answer);
		break;
	case GPALD_ANSWER_WAIT:
		gpald_wait_add(c, answer);
		break;
	case GPALD_ANSWER_REPLY:
		gpald_connection_added(c, 1);
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
		.is_stopping = offset >= c->serve_until,
	};
	/* Not initialised: most of it is room for a line. */
	struct gpald_answer answer;

	gpald_service_answer(c->all->service, &c->caller, &message, c, &c->all->space, &answer);
	gpald_connection_take_answer(c, &answer);
}

/* Answers a frame, or what has only the header of one because it is too long. */
static void answer_frame(struct gpald_connection *c, const char *frame, size_t length,
			 uint64_t offset, bool is_too_long)
{
	const struct gpald_ttrpc_header header = gpald_ttrpc_header(frame);
	const struct gpald_id id = gpald_ttrpc_id(header);
	struct gpald_wire_error error;
	struct gpald_answer answered;

	error.message[0] = '\0';
	/* Types that come later are for those who know them. */
	if (header.type != GPALD_TTRPC_REQUEST)
		return;
	if (header.flags != 0)
		gpald_refuse(&error, GPALD_INVALID_REQUEST,
			     "there are no streams here: the flags of a request have to be 0");
	else if (header.stream % 2 == 0 || header.stream <= c->last_stream)
		gpald_refuse(&error, GPALD_INVALID_REQUEST,
			     "the stream id of a request has to be odd, and greater than those "
			     "before it");
	else if (is_too_long)
		gpald_refuse(&error, GPALD_MESSAGE_TOO_LARGE, "a message has at most %zu bytes",
			     GPALD_TTRPC_MESSAGE_MAX);
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

void gpald_connection_ready(struct gpald_connection *c)
{
	gpald_connection_advance(c);
}

/* Answers the call that has been waiting for the store, if it need not wait any more. */
static void answer_call(struct gpald_connection *c)
{
	struct gpald_answer answer;

	if (!c->call || !c->call->is_ready || c->is_short)
		return;
	c->is_short = !gpald_call_answer(c->call, &c->all->space, &answer);
	if (c->is_short) {
		if (gpald_log_allowed())
			gpald_connection_log(GPALD_LOG_WARNING, "reply_delayed", c,
					     "out_of_memory");
		return;
	}
	c->call = NULL;
	gpald_connection_take_answer(c, &answer);
}

/* Takes one line and answers it. False: there is none now. */
static bool serve_next_line(struct gpald_connection *c)
{
	const char *line;
	size_t length;
	uint64_t offset;
	enum gpald_line found = gpald_line_buffer_next(&c->input, &line, &length, &offset);

	if (found == GPALD_LINE_NONE && c->state == GPALD_CONNECTION_INPUT_ENDED && !c->is_cut_off)
		found = gpald_line_buffer_last(&c->input, &line, &length, &offset);
	if (found == GPALD_LINE_NONE)
		return false;
	if (c->caller.socket->is_framed)
		answer_frame(c, line, length, offset, found == GPALD_LINE_TOO_LONG);
	else if (found == GPALD_LINE_TOO_LONG)
		gpald_connection_refuse(c, GPALD_MESSAGE_TOO_LARGE);
	else
		answer_line(c, line, length, offset);
	return true;
}

/* Whether there are lines to take, held back or not. */
static bool has_lines(struct gpald_connection *c)
{
	return gpald_line_buffer_has_line(&c->input) ||
	       (c->state == GPALD_CONNECTION_INPUT_ENDED && !c->is_cut_off &&
		gpald_line_buffer_received(&c->input) > c->input.taken);
}

/* Whether a turn would be of use. */
static bool has_work(struct gpald_connection *c)
{
	/* What has been written is better with libuv, where it is counted. */
	if (c->call && c->call->is_ready && c->call->is_written)
		return true;
	if (gpald_connection_is_held_back(c))
		return false;
	return c->has_more || (c->call ? c->call->is_ready && !c->is_short : has_lines(c)) ||
	       gpald_subscription_is_due(c) || gpald_waits_are_due(c);
}

/* Charges the user for a turn, or a part of it, which ends now; returns when that is. */
static uint64_t end_turn(struct gpald_connection *c, uint64_t since)
{
	const uint64_t now = uv_hrtime();

	gpald_user_charge(&c->all->users, c->user, now - since);
	if (c->state != GPALD_CONNECTION_CLOSING)
		gpald_connection_advance(c);
	return now;
}

/*
 * A connection's turn, which begins now: lines until its time is up, it is held back, or
 * there are none. Returns when it ends, or when it has been worked out and is held.
 */
static uint64_t serve_lines(struct gpald_connection *c, uint64_t start)
{
	const uint64_t end = start + TURN_NS;
	uint64_t now;

	if (!c->is_reading && gpald_connection_close_if_gone(c))
		return start;
	if (c->has_more)
		c->all->to_read_ns += c->read_ns;
	c->has_more = false;
	if (!gpald_connection_is_held_back(c) || (c->call && c->call->is_written))
		answer_call(c);
	while (c->state != GPALD_CONNECTION_CLOSING && !c->call &&
	       !gpald_connection_is_held_back(c) && serve_next_line(c))
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
		c->all->held_since = now;
	return now;
}

/* Sends what is held, and ends those turns; returns when the last of them ends. */
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
	/* Reading has had its part of the time. */
	const uint64_t end =
		now + TURNS_NS - (all->reading_ns < TURNS_NS ? all->reading_ns : TURNS_NS);

	all->reading_ns = all->to_read_ns = 0;
	do {
		struct gpald_turn *turn = gpald_users_next_turn(&all->users);

		if (!turn && all->held_count == 0) {
			uv_check_stop(&all->turns);
			uv_idle_stop(&all->awake);
			return;
		}
		/* What it has added before goes first. */
		if (turn && of_turn(turn)->output_length > 0)
			now = flush_held(all, now);
		if (turn)
			now = serve_lines(of_turn(turn), now);
		if (!turn || all->held_count == GPALD_HELD_MAX || now - all->held_since >= HELD_NS)
			now = flush_held(all, now);
		/* What those who read on will take is taken from it, too. */
	} while (now + all->to_read_ns < end);
	flush_held(all, now);
}

/* It is enough that it is there. */
static void on_awake(uv_idle_t *idle)
{
	(void)idle;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct gpald_connection *c = (struct gpald_connection *)handle;

	(void)suggested;
	c->all->read_since = uv_hrtime();
	*buffer = uv_buf_init(c->all->read_buffer, sizeof(c->all->read_buffer));
}

/*
 * There is no memory for what has just been read. Whole lines before it are answered;
 * what comes after it would be out of place.
 */
static void drop_input(struct gpald_connection *c)
{
	if (gpald_log_allowed())
		gpald_connection_log(GPALD_LOG_ERROR, "input_dropped", c, "out_of_memory");
	if (!c->call && !has_lines(c))
		gpald_connection_refuse(c, GPALD_REASON_OF(GPAL_E_NO_MEMORY));
	gpald_connection_flush(c);
	gpald_connection_end_input(c);
}

static void on_read(uv_stream_t *handle, ssize_t length, const uv_buf_t *buffer)
{
	struct gpald_connection *c = (struct gpald_connection *)handle;
	uint64_t spent_ns;

	if (length == 0 || c->state == GPALD_CONNECTION_CLOSING)
		return;
	c->has_more = length >= READ_LARGE;
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
	spent_ns = c->arrived_ns - c->all->read_since;
	c->all->reading_ns += spent_ns;
	c->read_ns = spent_ns;
	gpald_user_charge(&c->all->users, c->user, spent_ns);
	gpald_connection_advance(c);
}

/* Whether the next line may be taken as soon as it is there. */
static bool may_read(const struct gpald_connection *c)
{
	return c->state == GPALD_CONNECTION_OPEN && !c->call && !gpald_connection_is_held_back(c);
}

static void update_reading(struct gpald_connection *c)
{
	const uint64_t ahead = gpald_line_buffer_received(&c->input) - c->input.taken;
	const bool want = c->state == GPALD_CONNECTION_OPEN && !c->has_more &&
			  (ahead < READ_AHEAD || (may_read(c) && !has_lines(c)));
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
	const bool is_unfinished = may_read(c) && !has_lines(c) &&
				   gpald_line_buffer_is_unfinished(&c->input);

	if (!is_unfinished)
		c->line_since = 0;
	else if (c->line_since == 0)
		c->line_since = uv_now(c->all->loop);

	if (has_work(c)) {
		gpald_user_wait(&c->all->users, c->user, &c->turn);
		uv_check_start(&c->all->turns, on_turns);
		uv_idle_start(&c->all->awake, on_awake);
	}
	update_reading(c);
	if (c->state == GPALD_CONNECTION_INPUT_ENDED && c->unsent == 0 && c->output_length == 0 &&
	    !c->call && TAILQ_EMPTY(&c->waits) && !has_lines(c) && !gpald_subscription_is_behind(c))
		gpald_connection_close(c, GPALD_LOG_DEBUG, "done");
}

void gpald_connection_end_input(struct gpald_connection *c)
{
	if (c->state != GPALD_CONNECTION_OPEN)
		return;
	c->state = GPALD_CONNECTION_INPUT_ENDED;
	c->is_cut_off = true;
	gpald_connection_advance(c);
}
