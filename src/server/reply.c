/* SPDX-License-Identifier: MIT */
/* Ends replies. A reply is written completely, and discarded if it may not be sent. */
#include "config.h"

#include "server/reply.h"

#include "server/log.h"
#include "server/methods.h"
#include "server/service.h"

#include <uv.h>

void gpald_reply_log_refusal(const struct gpald_caller *caller, const char *method,
			     const struct gpald_wire_error *error)
{
	char quoted_method[GPALD_LOG_QUOTE_SIZE], quoted_message[GPALD_LOG_QUOTE_SIZE];

	if (gpald_log_ratelimit())
		gpald_log(GPALD_LOG_INFO, "request_refused",
			  "uid=%ld pid=%ld socket=%s method=%s reason=%s message=%s",
			  (long)caller->uid, (long)caller->pid, caller->socket_kind->name,
			  gpald_log_quote(method ? method : "", quoted_method),
			  gpald_reason_token(error->reason),
			  gpald_log_quote(error->message, quoted_message));
}

static uint64_t reply_max(const struct gpald_call *call)
{
	const uint64_t most = call->service->limits->values[GPALD_LIMIT_REPLY_BYTES];
	const size_t of_envelope = call->caller.socket_kind->envelope->reply_max;

	return of_envelope > 0 && of_envelope < most ? of_envelope : most;
}

static int refuse_too_large(const struct gpald_call *call, size_t length,
			    struct gpald_wire_error *error)
{
	const uint64_t most = reply_max(call);

	return gpald_refuse(
		error, GPALD_MESSAGE_TOO_LARGE,
		"%sthe reply would have %zu bytes; the limit is %llu",
		gpald_operation_has_changed(&call->operation) ? "the change was made, but " : "",
		length, (unsigned long long)most);
}

/* Returns whether the line that begins at `mark` may be sent. */
static bool is_sendable(const struct gpald_call *call, const struct gpald_writer *w, size_t mark)
{
	return !w->failed && w->text.length - mark <= reply_max(call);
}

int gpald_reply_end_line(const struct gpald_call *call, struct gpald_writer *w, size_t mark,
			 struct gpald_wire_error *error)
{
	call->caller.socket_kind->envelope->end_result(w, mark);
	if (is_sendable(call, w, mark))
		return 0;
	return w->failed ? gpald_method_no_memory(error) :
			   refuse_too_large(call, w->text.length - mark, error);
}

static void write_error_reply(const struct gpald_call *call, const struct gpald_id *id,
			      const struct gpald_wire_error *error, struct gpald_writer *w,
			      size_t mark)
{
	gpald_writer_reset(w, mark);
	call->caller.socket_kind->envelope->write_error(w, id, error);
}

/* Writes the line of a refusal. Returns false if memory ran out. */
static bool write_refusal(const struct gpald_call *call, struct gpald_wire_error *error,
			  struct gpald_writer *w, size_t mark)
{
	static const struct gpald_id none = { .kind = GPALD_ID_NULL };

	write_error_reply(call, &call->id, error, w, mark);
	if (error->members.text.data && !w->failed && !is_sendable(call, w, mark)) {
		gpald_writer_clear(&error->members);
		refuse_too_large(call, w->text.length - mark, error);
		write_error_reply(call, &call->id, error, w, mark);
	}
	gpald_writer_clear(&error->members);
	/* Now only the id can make the refusal too long. */
	if (!w->failed && !is_sendable(call, w, mark))
		write_error_reply(call, &none, error, w, mark);
	return !w->failed;
}

/*
 * Writes the line of a refusal without allocating memory. An error with a pointer or details does
 * not fit in such a line, so the reply is that memory ran out. Such an error was found before
 * anything was changed, so the client can repeat the request.
 */
static size_t write_plain_refusal(const struct gpald_call *call, struct gpald_wire_error *error,
				  char line[GPALD_RPC_PLAIN_SIZE])
{
	const enum gpald_reason no_memory = GPALD_REASON_OF(GPAL_E_NO_MEMORY);

	if (error->reason == no_memory || !gpald_rpc_is_plain(error))
		gpald_refuse(error, no_memory, "out of memory; nothing was changed");
	return gpald_rpc_write_plain_error(call->caller.socket_kind->envelope, &call->id,
					   error->reason, error->message, line);
}

void gpald_reply_count_call(const struct gpald_call *call, const struct gpald_wire_error *error)
{
	struct gpald_service *service = call->service;
	struct gpald_method_statistics *statistics =
		call->method ? &service->statistics.methods[gpald_method_index(call->method)] :
			       &service->statistics.other;

	if (error) {
		statistics->refused++;
		statistics->refusals[error->reason]++;
	} else {
		statistics->answered++;
	}
	gpald_histogram_add(&statistics->latency, (uv_hrtime() - call->started_ns) / 1000);
}

void gpald_reply_refuse(const struct gpald_call *call, const char *method,
			struct gpald_wire_error *error, struct gpald_writer *w, size_t mark,
			struct gpald_answer *answer)
{
	gpald_reply_log_refusal(&call->caller, method, error);
	if (write_refusal(call, error, w, mark)) {
		answer->kind = GPALD_ANSWER_REPLY;
	} else {
		gpald_writer_reset(w, mark);
		answer->kind = GPALD_ANSWER_PLAIN;
		answer->plain_length = write_plain_refusal(call, error, answer->plain);
	}
	answer->subscribed.set = false;
	gpald_reply_count_call(call, error);
}
