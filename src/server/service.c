/* SPDX-License-Identifier: MIT */
/* Parses, dispatches, answers, and logs what is refused and to whom. */
#include "config.h"

#include "server/service.h"

#include "registry/clock.h"

#include "server/log.h"
#include "server/methods.h"
#include "server/openrpc_document.h"
#include "wire/rpc.h"

#include <assert.h>
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

/* Whether a call has changed a live layout. */
static bool has_changed(const struct gpald_call *call)
{
	const struct gpald_operation *operation = &call->operation;

	if (operation->outcome != GPALD_OUTCOME_DONE || operation->dry_run)
		return false;
	switch (operation->kind) {
	case GPALD_OPERATION_CREATE:
		return operation->created;
	case GPALD_OPERATION_UPDATE:
		return operation->record != operation->previous;
	case GPALD_OPERATION_DELETE:
		break;
	}
	return true;
}

static bool is_too_large(const struct gpald_call *call, size_t length)
{
	return length > call->service->limits->values[GPALD_LIMIT_REPLY_BYTES];
}

static int too_large(const struct gpald_call *call, size_t length, struct gpald_wire_error *error)
{
	const uint64_t most = call->service->limits->values[GPALD_LIMIT_REPLY_BYTES];

	return gpald_refuse(error, GPALD_MESSAGE_TOO_LARGE,
			    "%sthe reply would have %zu bytes; at most %llu are sent",
			    has_changed(call) ? "it was done, but " : "", length,
			    (unsigned long long)most);
}

/* The line of a result. NULL with *error set: it is too long, or there is no memory. */
static char *result_line(const struct gpald_call *call, cJSON *result,
			 struct gpald_wire_error *error, size_t *length)
{
	char *line = gpald_rpc_result(call->request.id, result, length);

	if (!line) {
		gpald_method_no_memory(error);
	} else if (is_too_large(call, *length)) {
		too_large(call, *length, error);
		free(line);
		line = NULL;
	}
	return line;
}

static char *error_line(const struct gpald_call *call, struct gpald_wire_error *error,
			size_t *length)
{
	/* The first line takes them. */
	const bool has_changes = error->changes;
	char *line = gpald_rpc_error(call->request.id, error, length);

	if (line && has_changes && is_too_large(call, *length)) {
		free(line);
		too_large(call, *length, error);
		line = gpald_rpc_error(call->request.id, error, length);
	}
	/* Only the id can make what is left that long. */
	if (line && is_too_large(call, *length)) {
		free(line);
		line = gpald_rpc_error(NULL, error, length);
	}
	return line;
}

/*
 * The line of a refusal for which there is no memory. An error that it cannot carry,
 * because it points into the request or has details, is found before anything is
 * changed: the client can ask again.
 */
static size_t plain_line(const struct gpald_call *call, struct gpald_wire_error *error,
			 char line[GPALD_RPC_PLAIN_SIZE])
{
	const enum gpald_reason no_memory = GPALD_REASON_OF(GPAL_E_NO_MEMORY);

	if (error->reason == no_memory || !gpald_rpc_is_plain(error))
		gpald_refuse(error, no_memory, "out of memory; nothing was changed");
	return gpald_rpc_plain_error(call->request.id, error->reason, error->message, line);
}

/* Answers with a line, or where it is NULL with a refusal, and counts it. */
static void reply(struct gpald_call *call, char *line, struct gpald_wire_error *error,
		  struct gpald_answer *answer)
{
	struct gpald_service *service = call->service;
	struct gpald_method_statistics *statistics =
		call->method ? &service->statistics.methods[gpald_method_index(call->method)] :
			       &service->statistics.other;

	*(line ? &statistics->answered : &statistics->refused) += 1;
	if (!line) {
		log_refusal(&call->caller, call->request.method, error);
		line = error_line(call, error, &answer->length);
	}
	answer->reply = line;
	if (!line)
		answer->length = plain_line(call, error, answer->plain);
	gpald_histogram_add(&statistics->latency, (uv_hrtime() - call->started_ns) / 1000);
}

static void free_call(struct gpald_call *call)
{
	gpald_rpc_request_clear(&call->request);
	gpald_operation_clear(&call->operation);
	free(call);
}

bool gpald_call_answer(struct gpald_call *call, struct gpald_answer *answer)
{
	struct gpald_wire_error error;
	cJSON *result = NULL;
	char *line = NULL;

	if (call->method->finish(&call->operation, &result, &error) == 0)
		line = result_line(call, result, &error, &answer->length);
	/* It cannot be refused any more. */
	if (!line && call->is_later && call->operation.outcome == GPALD_OUTCOME_DONE &&
	    error.reason == GPALD_REASON_OF(GPAL_E_NO_MEMORY))
		return false;
	reply(call, line, &error, answer);
	free_call(call);
	return true;
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
		const bool is_answered = gpald_call_answer(call, answer);

		/* Only what was handed to the registry is put off. */
		assert(is_answered);
		return 0;
	}
	call->is_later = true;
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
	char *made = NULL;
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
		if (code == 0)
			made = result_line(&call, result, &error, &answer->length);
	}
	reply(&call, made, &error, answer);
	if (!made)
		answer->subscribed.set = false;
	gpald_rpc_request_clear(&call.request);
}

size_t gpald_service_refusal(const struct gpald_service *service, const struct gpald_caller *caller,
			     enum gpald_reason reason, char line[GPALD_RPC_PLAIN_SIZE])
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
		gpald_refuse(&error, reason, "too many connections; try again later");
		break;
	default:
		gpald_refuse(&error, reason, "out of memory; try again later");
		break;
	}
	log_refusal(caller, NULL, &error);
	return gpald_rpc_plain_error(NULL, reason, error.message, line);
}
