/* SPDX-License-Identifier: MIT */
/* Parses messages and answers them at once, or begins a call that is answered later. */
#include "config.h"

#include "server/service.h"

#include "registry/clock.h"

#include "server/log.h"
#include "server/methods.h"
#include "server/openrpc_document.h"
#include "server/reply.h"
#include "ttrpc/envelope.h"
#include "wire/rpc.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

bool gpald_service_init(struct gpald_service *service)
{
	service->statistics.started_at_ms = (int64_t)(gpald_wall_us() / 1000);
	service->statistics.started_ns = uv_hrtime();
	service->schema = strdup(gpald_openrpc_document);
	if (!service->schema)
		return false;
	cJSON_Minify(service->schema);
	return true;
}

void gpald_service_clear(struct gpald_service *service)
{
	free(service->schema);
	service->schema = NULL;
}

#define LINE_BYTES_IN_TURN_MAX 16384 /* longest line that is parsed within a turn, in bytes */

const struct gpald_socket_kind gpald_control_socket_kind = {
	.name = "control",
	.envelope = &gpald_json_envelope,
};
const struct gpald_socket_kind gpald_inspect_socket_kind = {
	.name = "inspect",
	.is_inspect = true,
	.envelope = &gpald_json_envelope,
};
const struct gpald_socket_kind gpald_ttrpc_socket_kind = {
	.name = "ttrpc",
	.is_framed = true,
	.envelope = &gpald_ttrpc_envelope,
};

void gpald_service_answer(struct gpald_service *service, const struct gpald_caller *caller,
			  const struct gpald_message *message, void *waiter,
			  struct gpald_workspace *space, struct gpald_answer *answer)
{
	struct gpald_writer *w = &space->out;
	const size_t mark = w->text.length;
	struct gpald_call call = {
		.service = service,
		.caller = *caller,
		.started_ns = uv_hrtime(),
		.arrived_ns = message->arrived_ns,
		.arrived_while_stopping = message->arrived_while_stopping,
	};
	const struct gpald_context context = {
		.service = service,
		.caller = caller,
		.answer = answer,
		.may_take_long = !service->pool,
	};
	struct gpald_rpc_request request = { .method = NULL };
	struct gpald_wire_error error;
	const void *params = NULL;
	int code;

	answer->kind = GPALD_ANSWER_REPLY;
	answer->subscribed.set = false;
	answer->timeout_ns = 0;
	if (service->pool && message->length > LINE_BYTES_IN_TURN_MAX) {
		if (caller->socket_kind->envelope->peek)
			caller->socket_kind->envelope->peek(message->text, message->length,
							    &request);
		call.id = answer->id = request.id;
		answer->timeout_ns = request.timeout_ns;
		code = GPALD_TAKES_LONG;
	} else {
		gpald_arena_reset(space->arena);
		code = caller->socket_kind->envelope->parse(message->text, message->length,
							    space->arena, &request, &error);
		/*
		 * A notification may not change anything and gets no answer, so there is nothing to
		 * do.
		 */
		if (code == 0 && request.is_notification) {
			answer->kind = GPALD_ANSWER_NONE;
			return;
		}
		call.id = answer->id = request.id;
		answer->timeout_ns = request.timeout_ns;
		if (code == 0)
			code = gpald_call_accept(&call, &request, space->arena, &params, &error);
		else if (caller->socket_kind->is_framed && request.method)
			call.method = gpald_method_find_ttrpc(request.method);
		if (code == 0 && call.method->begin) {
			code = gpald_call_begin_change(&call, params, waiter, space, answer,
						       &error);
			if (code == 0)
				return;
		} else if (code == 0) {
			code = gpald_call_run_method(&call, &context, params, w, &error);
		}
	}
	if (code == GPALD_TAKES_LONG) {
		gpald_writer_reset(w, mark);
		code = gpald_call_serve_on_worker(&call, message->text, message->length, waiter,
						  answer, &error);
		if (code == 0)
			return;
	}
	if (code == GPALD_WAITS) {
		gpald_call_answer_on_event(&call, w, mark, answer);
		return;
	}
	if (code)
		gpald_reply_refuse(&call, call.method ? call.method->name : request.method, &error,
				   w, mark, answer);
	else
		gpald_reply_count_call(&call, NULL);
}

void gpald_service_refuse(struct gpald_service *service, const struct gpald_caller *caller,
			  const struct gpald_method *method, const struct gpald_id *id,
			  struct gpald_wire_error *error, struct gpald_workspace *space,
			  struct gpald_answer *answer)
{
	const struct gpald_call call = {
		.service = service,
		.caller = *caller,
		.method = method,
		.id = *id,
		.started_ns = uv_hrtime(),
	};

	gpald_reply_refuse(&call, method ? method->name : NULL, error, &space->out,
			   space->out.text.length, answer);
}

bool gpald_service_answer_wait(struct gpald_service *service, const struct gpald_caller *caller,
			       const struct gpald_id *id, uint64_t since, bool is_over,
			       struct gpald_workspace *space, struct gpald_answer *answer)
{
	const struct gpald_call call = {
		.service = service,
		.caller = *caller,
		.method = gpald_method_find_ttrpc("WaitEvents"),
		.id = *id,
		.started_ns = uv_hrtime(),
	};
	struct gpald_writer *w = &space->out;
	const size_t mark = w->text.length;
	struct gpald_wire_error error;
	int code;

	answer->kind = GPALD_ANSWER_REPLY;
	answer->subscribed.set = false;
	caller->socket_kind->envelope->begin_result(w, id);
	code = gpald_events_answer(service, since, is_over, w, &error);
	if (code == GPALD_WAITS) {
		gpald_writer_reset(w, mark);
		return false;
	}
	if (code == 0)
		code = gpald_reply_end_line(&call, w, mark, &error);
	if (code)
		gpald_reply_refuse(&call, call.method->name, &error, w, mark, answer);
	else
		gpald_reply_count_call(&call, NULL);
	return true;
}

size_t gpald_service_write_plain_refusal(const struct gpald_service *service,
					 const struct gpald_caller *caller,
					 enum gpald_reason reason, char line[GPALD_RPC_PLAIN_SIZE])
{
	static const struct gpald_id none = { .kind = GPALD_ID_NULL };
	const uint64_t *limits = service->limits->values;
	struct gpald_wire_error error;

	switch (reason) {
	case GPALD_MESSAGE_TOO_LARGE:
		gpald_refuse(&error, reason,
			     "the request line has more than %llu bytes (request_line_bytes)",
			     (unsigned long long)limits[GPALD_LIMIT_REQUEST_LINE_BYTES]);
		break;
	case GPALD_TIMEOUT:
		gpald_refuse(&error, reason,
			     "the request was not complete after %llu ms (unfinished_line_ms)",
			     (unsigned long long)limits[GPALD_LIMIT_UNFINISHED_LINE_MS]);
		break;
	case GPALD_OVERLOADED:
		gpald_refuse(&error, reason,
			     "too many connections (connections, inspect_connections or "
			     "connections_per_uid); close some, or try again later");
		break;
	default:
		gpald_refuse(&error, reason, "out of memory; try again later");
		break;
	}
	gpald_reply_log_refusal(caller, NULL, &error);
	return gpald_rpc_write_plain_error(caller->socket_kind->envelope, &none, reason,
					   error.message, line);
}
