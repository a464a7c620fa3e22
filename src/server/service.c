/* SPDX-License-Identifier: MIT */
/* Parses, dispatches, answers, and logs what is refused and to whom. */
#include "config.h"

#include "server/service.h"

#include "registry/clock.h"

#include "server/log.h"
#include "server/methods.h"
#include "server/openrpc_document.h"
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

static void log_refusal(const struct gpald_caller *caller, const char *method,
			const struct gpald_wire_error *error)
{
	char quoted_method[GPALD_LOG_QUOTE_SIZE], quoted_message[GPALD_LOG_QUOTE_SIZE];

	if (gpald_log_allowed())
		gpald_log(GPALD_LOG_INFO, "request_refused",
			  "uid=%ld pid=%ld socket=%s method=%s reason=%s message=%s",
			  (long)caller->uid, (long)caller->pid,
			  caller->inspect ? "inspect" : "control",
			  gpald_log_quote(method ? method : "", quoted_method),
			  gpald_reason_token(error->reason),
			  gpald_log_quote(error->message, quoted_message));
}

static int find_method(const struct gpald_caller *caller, const char *name,
		       const struct gpald_method **found, struct gpald_wire_error *error)
{
	const struct gpald_method *method = gpald_method_find(name);

	if (!method)
		return gpald_refuse(error, GPALD_METHOD_NOT_FOUND,
				    "no method %.*s; daemon.schema lists them",
				    gpald_quotable(name), name);
	if (caller->inspect && !method->on_inspect)
		return gpald_refuse(error, GPALD_METHOD_NOT_FOUND,
				    "%s is not on the inspect socket; use the control socket",
				    method->name);
	*found = method;
	return 0;
}

static int too_large(const struct gpald_call *call, size_t length, struct gpald_wire_error *error)
{
	const uint64_t most = call->service->limits->values[GPALD_LIMIT_REPLY_BYTES];
	const bool is_change = call->method->finish && !call->operation.dry_run;

	return gpald_refuse(error, GPALD_MESSAGE_TOO_LARGE,
			    "%sthe reply would have %zu bytes; at most %llu are sent",
			    is_change ? "it was done, but " : "", length, (unsigned long long)most);
}

/*
 * Makes the line of a reply, and counts it. NULL: out of memory. A result that is
 * too long changes the code.
 */
static char *reply_line(struct gpald_call *call, int *code, cJSON *result,
			struct gpald_wire_error *error, size_t *length)
{
	struct gpald_service *service = call->service;
	struct gpald_method_statistics *statistics =
		call->method ? &service->statistics.methods[gpald_method_index(call->method)] :
			       &service->statistics.other;
	const uint64_t most = service->limits->values[GPALD_LIMIT_REPLY_BYTES];
	char *reply = NULL;

	if (*code == 0) {
		reply = gpald_rpc_result(call->request.id, result, length);
		if (reply && *length > most) {
			*code = too_large(call, *length, error);
			free(reply);
			reply = NULL;
		}
	}
	if (*code) {
		log_refusal(&call->caller, call->request.method, error);
		reply = gpald_rpc_error(call->request.id, error, length);
		/* Only an id can make it that long. */
		if (reply && *length > most) {
			free(reply);
			reply = gpald_rpc_error(NULL, error, length);
		}
	}
	*(*code ? &statistics->refused : &statistics->answered) += 1;
	gpald_histogram_add(&statistics->latency, (uv_hrtime() - call->started_ns) / 1000);
	return reply;
}

static void free_call(struct gpald_call *call)
{
	gpald_rpc_request_clear(&call->request);
	gpald_operation_clear(&call->operation);
	free(call);
}

char *gpald_call_answer(struct gpald_call *call, size_t *length)
{
	struct gpald_wire_error error;
	cJSON *result = NULL;
	int code = call->method->finish(&call->operation, &result, &error);
	char *reply = reply_line(call, &code, result, &error, length);

	free_call(call);
	return reply;
}

static void on_done(struct gpald_operation *operation)
{
	/* The operation is the call's first member. */
	struct gpald_call *call = (struct gpald_call *)operation;

	call->is_ready = true;
	if (call->waiter)
		call->service->ready(call->waiter);
	else
		free_call(call);
}

void gpald_call_abandon(struct gpald_call *call)
{
	call->waiter = NULL;
	if (call->is_ready)
		free_call(call);
}

/* Begins a change; the answer may come now or later. */
static int begin_call(const struct gpald_call *received, void *waiter, struct gpald_answer *answer,
		      struct gpald_wire_error *error)
{
	struct gpald_call *call = malloc(sizeof(*call));

	if (!call)
		return gpald_method_no_memory(error);
	*call = *received;
	call->waiter = waiter;
	call->operation.uid = call->caller.uid;
	call->operation.is_admin = call->caller.is_admin;
	call->operation.done = on_done;
	if (call->method->begin(call->service, call->request.params, &call->operation, error)) {
		/* The request is still that of the caller. */
		gpald_operation_clear(&call->operation);
		free(call);
		return -1;
	}
	if (gpald_registry_submit(call->service->registry, &call->operation)) {
		answer->reply = gpald_call_answer(call, &answer->length);
		return 0;
	}
	/* The params have been taken over; there may be a megabyte of them. */
	gpald_rpc_request_drop_params(&call->request);
	answer->kind = GPALD_ANSWER_LATER;
	answer->call = call;
	return 0;
}

void gpald_service_answer(struct gpald_service *service, const struct gpald_caller *caller,
			  const char *line, size_t line_length, bool stopping, void *waiter,
			  struct gpald_answer *answer)
{
	struct gpald_call call = {
		.service = service,
		.caller = *caller,
		.started_ns = uv_hrtime(),
	};
	const struct gpald_context context = { service, caller, answer };
	struct gpald_wire_error error;
	cJSON *result = NULL;
	int code;

	*answer = (struct gpald_answer){ .kind = GPALD_ANSWER_REPLY };
	code = gpald_rpc_parse(line, line_length, &call.request, &error);
	/* A notification may change nothing and gets no answer, so there is nothing to do. */
	if (code == 0 && call.request.is_notification) {
		gpald_rpc_request_clear(&call.request);
		answer->kind = GPALD_ANSWER_NONE;
		return;
	}
	if (code == 0)
		code = find_method(caller, call.request.method, &call.method, &error);
	if (code == 0 && stopping)
		code = gpald_refuse(&error, GPALD_SHUTTING_DOWN,
				    "the daemon is stopping; nothing was done");
	if (code == 0 && call.method->begin) {
		code = begin_call(&call, waiter, answer, &error);
		if (code == 0)
			return;
	} else if (code == 0) {
		code = call.method->call(&context, call.request.params, &result, &error);
	}
	answer->reply = reply_line(&call, &code, result, &error, &answer->length);
	if (code || !answer->reply)
		answer->subscribed.set = false;
	gpald_rpc_request_clear(&call.request);
}

char *gpald_service_refusal(struct gpald_service *service, const struct gpald_caller *caller,
			    enum gpald_reason reason, size_t *reply_length)
{
	const uint64_t *limits = service->limits->values;
	struct gpald_wire_error error;

	switch (reason) {
	case GPALD_MESSAGE_TOO_LARGE:
		gpald_refuse(&error, reason, "a line has at most %llu bytes",
			     (unsigned long long)limits[GPALD_LIMIT_REQUEST_LINE_BYTES]);
		break;
	case GPALD_TIMEOUT:
		gpald_refuse(&error, reason, "a line must be finished within %llu ms",
			     (unsigned long long)limits[GPALD_LIMIT_UNFINISHED_LINE_MS]);
		break;
	case GPALD_OVERLOADED:
		service->statistics.turned_away++;
		gpald_refuse(&error, reason, "too many connections; try again later");
		break;
	default:
		gpald_refuse(&error, reason, "refused");
		break;
	}
	log_refusal(caller, NULL, &error);
	return gpald_rpc_error(NULL, &error, reply_length);
}
