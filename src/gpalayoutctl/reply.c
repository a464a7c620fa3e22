/* SPDX-License-Identifier: MIT */
/*
 * Checks of the JSON-RPC envelope. Whatever listens on the socket may not be
 * the daemon; an answer is only believed when it has the shape of one.
 */
#include "config.h"

#include "reply.h"

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

enum ctl_exit ctl_reply_parse(struct ctl_reply *reply)
{
	const char *text = ctl_buffer_text(&reply->line);
	const char *end = text;
	const cJSON *id;
	const char *version;

	/* No strict check: what is shown of it passes ctl_append_safe(). */
	reply->tree = cJSON_ParseWithLengthOpts(text, reply->line.len + 1, &end, true);
	if (!reply->tree) {
		ctl_complain("the answer is not JSON at byte %zu", (size_t)(end - text));
		ctl_hint("does gpalayoutd listen on this socket?");
		return CTL_NO_DAEMON;
	}

	version = ctl_json_text(reply->tree, "jsonrpc");
	if (!version || strcmp(version, "2.0") != 0)
		return not_an_answer("it is no JSON-RPC 2.0 message");
	reply->result = ctl_json_member(reply->tree, "result");
	reply->error = ctl_json_member(reply->tree, "error");
	if (!reply->result == !reply->error)
		return not_an_answer("it has to have either a result or an error");
	if (reply->error && (!ctl_json_text(reply->error, "message") ||
			     !cJSON_IsNumber(ctl_json_member(reply->error, "code"))))
		return not_an_answer("its error has no code or no message");

	/* A daemon that could not read the request does not know its id. */
	id = ctl_json_member(reply->tree, "id");
	if (reply->error && cJSON_IsNull(id))
		return CTL_OK;
	if (!cJSON_IsNumber(id) || cJSON_GetNumberValue(id) < CTL_REQUEST_ID ||
	    cJSON_GetNumberValue(id) > CTL_REQUEST_ID)
		return not_an_answer("its id is not the id of the request");
	return CTL_OK;
}

void ctl_reply_free(struct ctl_reply *reply)
{
	ctl_json_free(&reply->tree);
	ctl_buffer_free(&reply->line);
}
