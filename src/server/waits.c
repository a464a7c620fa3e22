/* SPDX-License-Identifier: MIT */
/*
 * Two kinds of calls over ttrpc wait. WaitEvents waits for events; other calls of its connection
 * continue meanwhile. Any call may wait for the store or another thread, at most until the timeout
 * of its client. One timer fires when the first of these waits ends.
 */
#include "config.h"

#include "server/connection_state.h"
#include "server/methods.h"

#include <stdlib.h>

#define NS_PER_MS 1000000
#define TIMER_STEP_MS 16 /* the timer fires at multiples, so one wake-up serves many waits */

struct gpald_wait {
	TAILQ_ENTRY(gpald_wait) entry;
	struct gpald_id id;
	uint64_t since;
	uint64_t until_ms;      /* in loop time */
	bool is_client_timeout; /* `until_ms` is the timeout of its client */
};

static void on_wait_timer(uv_timer_t *timer);

static void set_wait_timer(struct gpald_connections *all, uint64_t until_ms)
{
	const uint64_t now = uv_now(all->loop);

	until_ms = (until_ms + TIMER_STEP_MS - 1) / TIMER_STEP_MS * TIMER_STEP_MS;
	if (uv_is_active((uv_handle_t *)&all->wait_timer) &&
	    uv_timer_get_due_in(&all->wait_timer) + now <= until_ms)
		return;
	uv_timer_start(&all->wait_timer, on_wait_timer, until_ms > now ? until_ms - now : 0, 0);
}

/* Returns the time at which a client gives up its request, in loop time. */
static uint64_t client_gives_up_at_ms(const struct gpald_connection *c, int64_t timeout_ns)
{
	const uint64_t spent_ns = uv_hrtime() - c->arrived_ns;
	const uint64_t left_ns = (uint64_t)timeout_ns > spent_ns ? (uint64_t)timeout_ns - spent_ns :
								   0;

	return uv_now(c->all->loop) + left_ns / NS_PER_MS + 1;
}

static void refuse_wait(struct gpald_connection *c, const struct gpald_method *method,
			const struct gpald_id *id, enum gpald_reason reason, const char *what)
{
	struct gpald_answer answer;
	struct gpald_wire_error error;

	gpald_refuse(&error, reason, "%s", what);
	gpald_service_refuse(c->all->service, &c->caller, method, id, &error, &c->all->space,
			     &answer);
	gpald_connection_take_answer(c, &answer);
}

static const struct gpald_method *wait_method(void)
{
	return gpald_method_find_ttrpc("WaitEvents");
}

void gpald_wait_add(struct gpald_connection *c, const struct gpald_answer *answer)
{
	struct gpald_wait *wait;

	if (c->wait_count >= gpald_connection_limit(c, GPALD_LIMIT_QUEUED_REQUESTS)) {
		refuse_wait(c, wait_method(), &answer->id, GPALD_OVERLOADED,
			    "too many calls of this connection wait for events (queued_requests)");
		return;
	}
	wait = malloc(sizeof(*wait));
	if (!wait) {
		refuse_wait(c, wait_method(), &answer->id, GPALD_REASON_OF(GPAL_E_NO_MEMORY),
			    "out of memory; try again later");
		return;
	}
	*wait = (struct gpald_wait){
		.id = answer->id,
		.since = answer->since,
		.until_ms = uv_now(c->all->loop) + answer->wait_ms,
	};
	if (answer->timeout_ns > 0 &&
	    client_gives_up_at_ms(c, answer->timeout_ns) < wait->until_ms) {
		wait->until_ms = client_gives_up_at_ms(c, answer->timeout_ns);
		wait->is_client_timeout = true;
	}
	TAILQ_INSERT_TAIL(&c->waits, wait, entry);
	c->wait_count++;
	c->all->wait_count++;
	set_wait_timer(c->all, wait->until_ms);
}

static bool is_over(const struct gpald_connection *c, const struct gpald_wait *wait)
{
	return uv_now(c->all->loop) >= wait->until_ms || c->all->is_stopping ||
	       c->state != GPALD_CONNECTION_OPEN;
}

static bool is_due(const struct gpald_connection *c, const struct gpald_wait *wait)
{
	return is_over(c, wait) || wait->since < c->all->service->index->events.revision;
}

bool gpald_waits_are_due(const struct gpald_connection *c)
{
	const struct gpald_wait *wait;

	TAILQ_FOREACH(wait, &c->waits, entry)
		if (is_due(c, wait))
			return true;
	return false;
}

static void forget_wait(struct gpald_connection *c, struct gpald_wait *wait)
{
	TAILQ_REMOVE(&c->waits, wait, entry);
	c->wait_count--;
	c->all->wait_count--;
	free(wait);
}

/* Answers a wait. Returns false if it continues. */
static bool answer_wait(struct gpald_connection *c, const struct gpald_wait *wait)
{
	struct gpald_answer answer;

	if (!is_due(c, wait))
		return false;
	if (wait->is_client_timeout && uv_now(c->all->loop) >= wait->until_ms) {
		refuse_wait(c, wait_method(), &wait->id, GPALD_TIMEOUT,
			    "the client's timeout has expired");
		return true;
	}
	if (!gpald_service_answer_wait(c->all->service, &c->caller, &wait->id, wait->since,
				       is_over(c, wait), &c->all->space, &answer))
		return false;
	gpald_connection_take_answer(c, &answer);
	return true;
}

void gpald_waits_answer(struct gpald_connection *c)
{
	struct gpald_wait *wait = TAILQ_FIRST(&c->waits), *next;

	for (; wait && c->state != GPALD_CONNECTION_CLOSING && !gpald_connection_is_paused(c);
	     wait = next) {
		next = TAILQ_NEXT(wait, entry);
		if (answer_wait(c, wait))
			forget_wait(c, wait);
	}
}

void gpald_waits_clear(struct gpald_connection *c)
{
	struct gpald_wait *next;

	for (struct gpald_wait *wait = TAILQ_FIRST(&c->waits); wait; wait = next) {
		next = TAILQ_NEXT(wait, entry);
		forget_wait(c, wait);
	}
}

void gpald_waits_set_call_timeout(struct gpald_connection *c, const struct gpald_answer *answer)
{
	c->call_id = answer->id;
	c->call_until_ms = answer->timeout_ns > 0 ? client_gives_up_at_ms(c, answer->timeout_ns) :
						    0;
	if (c->call_until_ms > 0)
		set_wait_timer(c->all, c->call_until_ms);
}

/* Drops a call whose client has given up. Work that has begun continues. */
static void drop_timed_out_call(struct gpald_connection *c)
{
	/* If the line is on another thread, that thread writes call->method. */
	const struct gpald_method *method = c->call->line ? NULL : c->call->method;

	gpald_call_abandon(c->call);
	c->call = NULL;
	c->lacks_memory = false;
	refuse_wait(c, method, &c->call_id, GPALD_TIMEOUT,
		    "the client's timeout has expired; work that has begun may still be done");
	gpald_connection_flush(c);
}

static void on_wait_timer(uv_timer_t *timer)
{
	struct gpald_connections *all = timer->data;
	const uint64_t now = uv_now(all->loop);
	uint64_t first_ms = UINT64_MAX;
	const struct gpald_wait *wait;
	struct gpald_connection *c;

	LIST_FOREACH(c, &all->list, entry) {
		if (c->state == GPALD_CONNECTION_CLOSING)
			continue;
		if (c->call && c->call_until_ms > 0 && now >= c->call_until_ms)
			drop_timed_out_call(c);
		if (c->call && c->call_until_ms > 0 && c->call_until_ms < first_ms)
			first_ms = c->call_until_ms;
		TAILQ_FOREACH(wait, &c->waits, entry)
			if (now < wait->until_ms && wait->until_ms < first_ms)
				first_ms = wait->until_ms;
		if (c->state != GPALD_CONNECTION_CLOSING)
			gpald_connection_advance(c);
	}
	if (first_ms < UINT64_MAX)
		set_wait_timer(all, first_ms);
}

void gpald_waits_init(struct gpald_connections *all)
{
	all->wait_timer.data = all;
	uv_timer_init(all->loop, &all->wait_timer);
}
