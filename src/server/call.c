/* SPDX-License-Identifier: MIT */
/*
 * A call whose answer comes later is a copy on the heap. A worker serves its line if that takes
 * long; the registry decides on its change and commits it; a worker writes its reply if that takes
 * long. Then gpald_call_answer() hands over the reply. Each of these steps runs only if the call
 * needs it.
 */
#include "config.h"

#include "server/call.h"

#include "server/log.h"
#include "server/methods.h"
#include "server/reply.h"
#include "server/service.h"
#include "wire/rpc.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define ARENA_SIZE 65536 /* enough for small requests, so that they allocate no memory */

bool gpald_workspace_init(struct gpald_workspace *space)
{
	space->arena = gpald_arena_new(ARENA_SIZE);
	return space->arena != NULL;
}

void gpald_workspace_clear(struct gpald_workspace *space)
{
	gpald_arena_free(space->arena);
	space->arena = NULL;
	gpald_writer_clear(&space->out);
}

static void on_done(struct gpald_operation *operation);

/* Returns the method that the caller may call; NULL: *error is set. */
static const struct gpald_method *find_callable(const struct gpald_caller *caller, const char *name,
						struct gpald_wire_error *error)
{
	const struct gpald_method *method = caller->socket_kind->is_framed ?
						    gpald_method_find_ttrpc(name) :
						    gpald_method_find(name);

	if (!method) {
		gpald_refuse(error, GPALD_METHOD_NOT_FOUND,
			     "no method %.*s; daemon.schema lists the methods",
			     gpald_quotable_length(name), name);
		return NULL;
	}
	if (!caller->socket_kind->is_inspect || method->on_inspect)
		return method;
	gpald_refuse(error, GPALD_METHOD_NOT_FOUND,
		     "%s is not on the inspect socket; use the control socket", method->name);
	return NULL;
}

/* Returns a copy, whose id still needs copy_id(); NULL: out of memory. */
static struct gpald_call *new_call(const struct gpald_call *received)
{
	struct gpald_call *call = malloc(sizeof(*call));

	if (!call)
		return NULL;
	*call = *received;
	if (call->caller.user)
		gpald_user_ref(call->caller.user);
	return call;
}

static void free_call(struct gpald_call *call)
{
	if (call->blocks_user)
		gpald_work_unblock_user(&call->work);
	if (call->caller.user)
		gpald_user_unref(call->service->users, call->caller.user);
	free(call->line);
	free(call->id_text);
	gpald_writer_clear(&call->error.members);
	gpald_workspace_clear(&call->space);
	gpald_operation_clear(&call->operation);
	free(call);
}

/* Answering. */

/* Marks a call as ready to be answered. Frees it if nobody waits for the answer. */
static void mark_ready(struct gpald_call *call)
{
	call->is_ready = true;
	if (call->waiter)
		call->service->ready(call->waiter);
	else
		free_call(call);
}

/* Writes the answer of a finished change. Returns 0, or -1 with *error set. */
static int write_change_answer(const struct gpald_call *call, struct gpald_writer *w,
			       struct gpald_wire_error *error)
{
	const size_t mark = w->text.length;
	int code;

	call->caller.socket_kind->envelope->begin_result(w, &call->id);
	code = call->method->finish(&call->operation, w, error);
	return code ? code : gpald_reply_end_line(call, w, mark, error);
}

int gpald_call_run_method(const struct gpald_call *call, const struct gpald_context *context,
			  const void *params, struct gpald_writer *w,
			  struct gpald_wire_error *error)
{
	const size_t mark = w->text.length;
	int code;

	call->caller.socket_kind->envelope->begin_result(w, &call->id);
	if (call->caller.socket_kind->is_framed && call->method->ttrpc_call)
		code = call->method->ttrpc_call(context, params, w, error);
	else
		code = call->method->call(context, params, w, error);
	return code ? code : gpald_reply_end_line(call, w, mark, error);
}

/* Returns whether the client no longer waits for a reply. */
static bool is_timed_out(const struct gpald_call *call)
{
	return call->timeout_ns < 0 || (call->timeout_ns > 0 && uv_hrtime() - call->arrived_ns >=
									(uint64_t)call->timeout_ns);
}

int gpald_call_accept(struct gpald_call *call, const struct gpald_rpc_request *request,
		      struct gpald_arena *arena, const void **params,
		      struct gpald_wire_error *error)
{
	const struct gpald_decode_context context = {
		.default_policy = call->service->default_policy,
		.list_page_max = call->service->limits->values[GPALD_LIMIT_LIST_PAGE],
	};

	const struct gpald_params *table;

	call->method = find_callable(&call->caller, request->method, error);
	if (!call->method)
		return -1;
	if (call->arrived_while_stopping)
		return gpald_refuse(error, GPALD_SHUTTING_DOWN,
				    "the daemon is stopping; nothing was done");
	call->timeout_ns = request->timeout_ns;
	if (is_timed_out(call))
		return gpald_refuse(error, GPALD_TIMEOUT,
				    "the client's timeout has expired; nothing was done");
	table = call->caller.socket_kind->is_framed && call->method->ttrpc_params ?
			call->method->ttrpc_params :
			call->method->params;
	*params = gpald_decode_params(table, request->params, &context, arena, error);
	return *params ? 0 : -1;
}

/* Fills in the operation of a change. Returns 0, or -1 with *error set. */
static int fill_operation(struct gpald_call *call, const void *params,
			  struct gpald_wire_error *error)
{
	call->operation.uid = call->caller.uid;
	call->operation.is_admin = call->caller.is_admin;
	call->operation.done = on_done;
	return call->method->begin(params, &call->operation, error);
}

/*
 * Copies the id, because its text is in an arena that is reset or freed before the call is
 * answered. Returns false if memory ran out.
 */
static bool copy_id(struct gpald_call *call)
{
	char *copy;

	if (call->id.kind != GPALD_ID_TEXT)
		return true;
	copy = strdup(call->id.text);
	if (!copy)
		return false;
	free(call->id_text);
	call->id_text = copy;
	call->id.text = copy;
	return true;
}

/* On another thread. */

static struct gpald_call *call_of_work(struct gpald_work *work)
{
	return (struct gpald_call *)((char *)work - offsetof(struct gpald_call, work));
}

static void run_decision(struct gpald_work *work);

static void submit_work(struct gpald_call *call, void (*run)(struct gpald_work *work),
			void (*after)(struct gpald_work *work))
{
	call->work.run = run;
	call->work.after = after;
	/* Until this change is decided, other changes of its name wait. */
	call->work.is_urgent = run == run_decision;
	call->is_working = true;
	gpald_work_submit(call->service->pool, call->caller.user, &call->work);
}

/*
 * Blocks other long work of the user, because a written reply needs memory until the connection
 * takes it.
 */
static void block_user(struct gpald_call *call)
{
	call->blocks_user = true;
	gpald_work_block_user(&call->work);
}

/* Parses the line, and does as much as another thread may. */
static void run_line(struct gpald_work *work)
{
	struct gpald_call *call = call_of_work(work);
	const struct gpald_context context = {
		.service = call->service,
		.caller = &call->caller,
		.may_take_long = true,
	};
	struct gpald_wire_error *error = &call->error;
	struct gpald_rpc_request request;

	if (!gpald_workspace_init(&call->space)) {
		call->code = gpald_method_no_memory(error);
		return;
	}
	call->code = call->caller.socket_kind->envelope->parse(call->line, call->line_length,
							       call->space.arena, &request, error);
	/* A parser that ran out of memory may have read no id. The one already known then stays. */
	if (request.id.kind != GPALD_ID_NULL)
		call->id = request.id;
	call->is_notification = call->code == 0 && request.is_notification;
	if (call->is_notification)
		return;
	call->method_name = request.method;
	if (call->code == 0)
		call->code =
			gpald_call_accept(call, &request, call->space.arena, &call->params, error);
	if (call->code || call->method->needs_loop)
		return;
	if (call->method->begin)
		call->code = fill_operation(call, call->params, error);
	else
		call->code = gpald_call_run_method(call, &context, call->params, &call->space.out,
						   error);
	call->is_written = call->code == 0 && !call->method->begin;
}

static void after_line(struct gpald_work *work)
{
	struct gpald_call *call = call_of_work(work);

	call->is_working = false;
	/* If the client has gone, drop the request. */
	if (!call->waiter) {
		free_call(call);
		return;
	}
	if (call->is_written)
		block_user(call);
	if (call->code || call->is_notification || !call->method->begin) {
		mark_ready(call);
		return;
	}
	/* The line and its parsed form are not needed any more. */
	if (!copy_id(call)) {
		call->code = gpald_method_no_memory(&call->error);
		mark_ready(call);
		return;
	}
	gpald_workspace_clear(&call->space);
	free(call->line);
	call->line = NULL;
	call->is_submitted = true;
	if (gpald_registry_submit(call->service->registry, &call->operation)) {
		call->is_submitted = false;
		on_done(&call->operation);
	}
}

int gpald_call_serve_on_worker(const struct gpald_call *received, const char *line, size_t length,
			       void *waiter, struct gpald_answer *answer,
			       struct gpald_wire_error *error)
{
	struct gpald_call *call = new_call(received);
	/* If memory runs out on the worker, the refusal still needs the id. */
	char *copy = call && copy_id(call) ? malloc(length) : NULL;

	if (!copy) {
		if (call)
			free_call(call);
		return gpald_method_no_memory(error);
	}
	call->method = NULL;
	call->waiter = waiter;
	call->line = memcpy(copy, line, length);
	call->line_length = length;
	answer->kind = GPALD_ANSWER_LATER;
	answer->call = call;
	submit_work(call, run_line, after_line);
	return 0;
}

static void run_decision(struct gpald_work *work)
{
	gpald_registry_decide(&call_of_work(work)->operation);
}

static void after_decision(struct gpald_work *work)
{
	struct gpald_call *call = call_of_work(work);

	call->is_working = false;
	gpald_registry_apply_decision(call->service->registry, &call->operation);
}

bool gpald_call_decide_on_worker(struct gpald_operation *operation)
{
	struct gpald_call *call = (struct gpald_call *)operation;

	if (!call->service->pool)
		return false;
	submit_work(call, run_decision, after_decision);
	return true;
}

static void run_change_answer(struct gpald_work *work)
{
	struct gpald_call *call = call_of_work(work);

	call->code = write_change_answer(call, &call->space.out, &call->error);
	call->is_written = call->code == 0;
	if (call->is_written)
		return;
	gpald_writer_clear(&call->space.out);
	if (call->error.reason != GPALD_REASON_OF(GPAL_E_NO_MEMORY))
		return;
	/* gpald_call_answer() tries again. */
	call->code = 0;
}

static void after_change_answer(struct gpald_work *work)
{
	struct gpald_call *call = call_of_work(work);

	call->is_working = false;
	if (call->is_written)
		block_user(call);
	mark_ready(call);
}

/* Changes. */

static bool is_long_record(const struct gpald_record *record)
{
	return record && record->layout.length > GPALD_LAYOUT_BYTES_IN_TURN_MAX;
}

/* Returns whether writing the answer takes long. */
static bool answer_needs_worker(const struct gpald_call *call)
{
	return call->service->pool &&
	       (is_long_record(call->operation.record) || is_long_record(call->operation.previous));
}

/* Logs who has changed what, even if the client has gone. */
static void log_change(const struct gpald_call *call)
{
	const struct gpald_operation *operation = &call->operation;
	const struct gpald_event *event = &operation->change.event;

	gpald_log(GPALD_LOG_INFO, "layout_changed",
		  "uid=%ld pid=%ld method=%s name=%s generation=%" PRIu64 " digest=%s result=%s",
		  (long)call->caller.uid, (long)call->caller.pid, call->method->name,
		  operation->name, operation->generation, event->digest,
		  gpald_event_kind_name(event->kind));
}

static void on_done(struct gpald_operation *operation)
{
	/* The operation is the first member of the call. */
	struct gpald_call *call = (struct gpald_call *)operation;

	if (gpald_operation_has_changed(&call->operation))
		log_change(call);
	if (call->waiter && answer_needs_worker(call))
		submit_work(call, run_change_answer, after_change_answer);
	else
		mark_ready(call);
}

/* Withdraws a change that has not begun. Returns false if it has. */
static bool withdraw_change(struct gpald_call *call)
{
	struct gpald_registry *registry = call->service->registry;

	if (!call->is_working)
		return gpald_registry_withdraw(registry, &call->operation);
	if (!gpald_work_cancel(&call->work))
		return false;
	gpald_registry_cancel_decision(registry, &call->operation);
	return true;
}

void gpald_call_abandon(struct gpald_call *call)
{
	call->waiter = NULL;
	/* Work that has begun continues, and the call is freed after it. */
	if (call->is_ready ||
	    (call->is_working && call->work.run != run_decision &&
	     gpald_work_cancel(&call->work)) ||
	    (call->is_submitted && withdraw_change(call)))
		free_call(call);
}

void gpald_call_answer_on_event(const struct gpald_call *call, struct gpald_writer *w, size_t mark,
				struct gpald_answer *answer)
{
	gpald_writer_reset(w, mark);
	answer->kind = GPALD_ANSWER_ON_EVENT;
	answer->id = call->id;
	answer->timeout_ns = call->timeout_ns;
}

bool gpald_call_answer(struct gpald_call *call, struct gpald_workspace *space,
		       struct gpald_answer *answer)
{
	const struct gpald_context context = { .service = call->service,
					       .caller = &call->caller,
					       .answer = answer };
	struct gpald_writer *w = &space->out;
	const size_t mark = w->text.length;
	int code = call->code;

	/* Only a refusal or a notification may lack a method. */
	assert(call->method || call->code || call->is_notification);
	answer->kind = GPALD_ANSWER_REPLY;
	answer->subscribed.set = false;
	if (call->is_notification) {
		answer->kind = GPALD_ANSWER_NONE;
		free_call(call);
		return true;
	}
	if (call->is_written) {
		const struct gpald_writer written = call->space.out;

		assert(mark == 0);
		call->space.out = *w;
		*w = written;
	} else if (code == 0 && call->method->begin) {
		code = write_change_answer(call, w, &call->error);
	} else if (code == 0) {
		code = gpald_call_run_method(call, &context, call->params, w, &call->error);
	}
	if (code == GPALD_WAITS) {
		gpald_call_answer_on_event(call, w, mark, answer);
		free_call(call);
		return true;
	}
	/* The change may have been made, so it cannot be refused any more. */
	if (code && call->is_submitted && call->operation.outcome == GPALD_OUTCOME_DONE &&
	    call->error.reason == GPALD_REASON_OF(GPAL_E_NO_MEMORY)) {
		gpald_writer_reset(w, mark);
		return false;
	}
	if (code)
		gpald_reply_refuse(call, call->method ? call->method->name : call->method_name,
				   &call->error, w, mark, answer);
	else
		gpald_reply_count_call(call, NULL);
	free_call(call);
	return true;
}

int gpald_call_begin_change(const struct gpald_call *received, const void *params, void *waiter,
			    struct gpald_workspace *space, struct gpald_answer *answer,
			    struct gpald_wire_error *error)
{
	struct gpald_call *call = new_call(received);
	bool is_answered;

	if (!call)
		return gpald_method_no_memory(error);
	if (fill_operation(call, params, error) ||
	    (!copy_id(call) && gpald_method_no_memory(error))) {
		free_call(call);
		return -1;
	}
	/* The call needs no waiter yet, because gpald_registry_submit() never calls on_done(). */
	call->is_submitted = true;
	if (gpald_registry_submit(call->service->registry, &call->operation)) {
		/*
		 * The store has not received the change, so it can be refused. If the decision
		 * takes long, gpald_registry_submit() returns false.
		 */
		call->is_submitted = false;
		is_answered = gpald_call_answer(call, space, answer);
		assert(is_answered);
		return 0;
	}
	call->waiter = waiter;
	answer->kind = GPALD_ANSWER_LATER;
	answer->call = call;
	return 0;
}
