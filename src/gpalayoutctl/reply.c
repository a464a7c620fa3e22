/* SPDX-License-Identifier: MIT */
/*
 * Checks of the JSON-RPC envelope. Whatever listens on the socket may not be
 * the daemon; an answer is only believed when it has the shape of one.
 */
#include "config.h"

#include "reply.h"

#include "hint.h"
#include "json_tree.h"
#include "message.h"

#include <stdbool.h>
#include <string.h>

static enum ctl_exit not_an_answer(const char *what)
{
	ctl_complain("the answer is not one: %s", what);
	ctl_hint("does gpalayoutd listen on this socket? --json shows the line that came");
	return CTL_NO_DAEMON;
}

enum ctl_exit ctl_reply_not_understood(const char *what)
{
	ctl_complain("the answer is not understood: %s", what);
	ctl_hint("--json shows the line that came; client and daemon may be of different versions");
	return CTL_NO_DAEMON;
}

enum ctl_exit ctl_message_parse(struct ctl_reply *message)
{
	const char *text = ctl_buffer_text(&message->line);
	const char *end = text;
	const char *version;

	/* No strict check: what is shown of it passes ctl_append_safe(). */
	message->tree = cJSON_ParseWithLengthOpts(text, message->line.len + 1, &end, true);
	if (!message->tree) {
		ctl_complain("the answer is not JSON at byte %zu", (size_t)(end - text));
		ctl_hint("does gpalayoutd listen on this socket?");
		return CTL_NO_DAEMON;
	}

	version = ctl_json_text(message->tree, "jsonrpc");
	if (!version || strcmp(version, "2.0") != 0)
		return not_an_answer("it is no JSON-RPC 2.0 message");
	message->result = ctl_json_member(message->tree, "result");
	message->error = ctl_json_member(message->tree, "error");
	if (message->error && (!ctl_json_text(message->error, "message") ||
			       !cJSON_IsNumber(ctl_json_member(message->error, "code"))))
		return not_an_answer("its error has no code or no message");
	return CTL_OK;
}

enum ctl_exit ctl_reply_parse(struct ctl_reply *reply, const cJSON *expected_id)
{
	enum ctl_exit code = ctl_message_parse(reply);
	const cJSON *id = ctl_json_member(reply->tree, "id");

	if (code)
		return code;
	if (!reply->result == !reply->error)
		return not_an_answer("it has to have either a result or an error");
	/* A daemon that could not read the request does not know its id. */
	if (reply->error && cJSON_IsNull(id))
		return CTL_OK;
	if (!cJSON_Compare(id, expected_id, true))
		return not_an_answer("its id is not the id of the request");
	return CTL_OK;
}

enum ctl_exit ctl_reply_accept(const struct ctl_reply *reply)
{
	if (!reply->error)
		return CTL_OK;
	ctl_print_refusal(NULL, reply->error);
	return ctl_reply_status(reply);
}

enum ctl_exit ctl_reply_status(const struct ctl_reply *reply)
{
	const enum gpald_reason reason = gpald_reason_find(ctl_reply_reason(reply));

	if (!reply->error)
		return CTL_OK;
	/* A daemon that is newer may have others. */
	return reason == GPALD_REASON_COUNT ? CTL_REFUSED :
					      (enum ctl_exit)gpald_reason_exit(reason);
}

const char *ctl_reply_reason(const struct ctl_reply *reply)
{
	const char *reason = ctl_json_text(ctl_json_member(reply->error, "data"), "reason");

	return reason ? reason : "";
}

void ctl_reply_free(struct ctl_reply *reply)
{
	ctl_json_free(&reply->tree);
	ctl_buffer_free(&reply->line);
}
