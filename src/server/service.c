/* SPDX-License-Identifier: MIT */
/* Parses, dispatches, answers, and logs what is refused and to whom. */
#include "config.h"

#include "server/service.h"

#include "server/log.h"
#include "server/methods.h"
#include "server/openrpc_document.h"
#include "wire/rpc.h"

#include <stdlib.h>
#include <string.h>

bool gpald_service_init(struct gpald_service *service)
{
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

static int call(const struct gpald_service *service, const struct gpald_caller *caller,
		const struct gpald_rpc_request *request, cJSON **result,
		struct gpald_wire_error *error)
{
	const struct gpald_method *method = gpald_method_find(request->method);

	if (!method)
		return gpald_refuse(error, GPALD_METHOD_NOT_FOUND,
				    "no method %.*s; daemon.schema lists them",
				    gpald_quotable(request->method), request->method);
	if (caller->inspect && !method->on_inspect)
		return gpald_refuse(error, GPALD_METHOD_NOT_FOUND,
				    "%s is not on the inspect socket; use the control socket",
				    method->name);
	return method->call(service, request->params, result, error);
}

static int too_large(const struct gpald_service *service, size_t length,
		     struct gpald_wire_error *error)
{
	return gpald_refuse(error, GPALD_MESSAGE_TOO_LARGE,
			    "the reply would have %zu bytes; at most %llu are sent", length,
			    (unsigned long long)service->limits->values[GPALD_LIMIT_REPLY_BYTES]);
}

char *gpald_service_answer(const struct gpald_service *service, const struct gpald_caller *caller,
			   const char *line, size_t line_length, bool stopping,
			   size_t *reply_length, bool *failed)
{
	struct gpald_rpc_request request;
	struct gpald_wire_error error;
	cJSON *result = NULL;
	char *reply = NULL;
	int code;

	*failed = false;
	code = gpald_rpc_parse(line, line_length, &request, &error);
	/* A notification may change nothing and gets no answer, so there is nothing to do. */
	if (code == 0 && request.is_notification) {
		gpald_rpc_request_clear(&request);
		return NULL;
	}
	if (code == 0 && stopping)
		code = gpald_refuse(&error, GPALD_SHUTTING_DOWN,
				    "the daemon is stopping; nothing was done");
	else if (code == 0)
		code = call(service, caller, &request, &result, &error);
	if (code == 0) {
		reply = gpald_rpc_result(request.id, result, reply_length);
		if (reply && *reply_length > service->limits->values[GPALD_LIMIT_REPLY_BYTES]) {
			code = too_large(service, *reply_length, &error);
			free(reply);
			reply = NULL;
		}
	}
	if (code) {
		log_refusal(caller, request.method, &error);
		reply = gpald_rpc_error(request.id, &error, reply_length);
		/* Only an id can make it that long. */
		if (reply && *reply_length > service->limits->values[GPALD_LIMIT_REPLY_BYTES]) {
			free(reply);
			reply = gpald_rpc_error(NULL, &error, reply_length);
		}
	}
	gpald_rpc_request_clear(&request);
	*failed = !reply;
	return reply;
}

char *gpald_service_refusal(const struct gpald_service *service, const struct gpald_caller *caller,
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
		gpald_refuse(&error, reason, "too many connections; try again later");
		break;
	default:
		gpald_refuse(&error, reason, "refused");
		break;
	}
	log_refusal(caller, NULL, &error);
	return gpald_rpc_error(NULL, &error, reply_length);
}
