/* SPDX-License-Identifier: MIT */
/*
 * From a method and its parameters to the answer on standard output. What --json
 * promises is kept here, for all commands alike.
 */
#include "config.h"

#include "exchange.h"

#include "json_tree.h"
#include "message.h"
#include "terminal_text.h"

#include <unistd.h>

void ctl_request_append(struct ctl_buffer *line, const cJSON *id, const char *method,
			const char *params)
{
	ctl_cleanup_json cJSON *name = cJSON_CreateString(method);
	ctl_cleanup_string char *method_text = ctl_json_print(name);
	ctl_cleanup_string char *id_text = ctl_json_print(id);

	ctl_buffer_printf(line, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":%s", id_text,
			  method_text);
	if (params)
		ctl_buffer_printf(line, ",\"params\":%s", params);
	ctl_buffer_puts(line, "}\n");
}

/* Exact for programs; on a terminal no byte may act on it, and the JSON stays the same. */
enum ctl_exit ctl_write_line(const struct ctl_buffer *line)
{
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };

	if (isatty(STDOUT_FILENO))
		ctl_append_safe(&out, ctl_buffer_text(line), line->len, "\t\r");
	else
		ctl_buffer_append(&out, ctl_buffer_text(line), line->len);
	ctl_buffer_puts(&out, "\n");
	return ctl_write_output(&out);
}

enum ctl_exit ctl_ask(struct ctl_exchange *exchange, const char *name, const char *method,
		      const char *params, struct ctl_reply *reply)
{
	ctl_cleanup_buffer struct ctl_buffer line = { 0 };
	ctl_cleanup_json cJSON *id = name ? cJSON_CreateString(name) :
					    cJSON_CreateNumber(++exchange->asked);
	enum ctl_exit written = CTL_OK;
	enum ctl_exit code;
	enum ctl_link link;

	ctl_request_append(&line, id, method, params);
	link = ctl_client_exchange(&exchange->client, &line, &reply->line);
	if (link)
		return ctl_client_complain(&exchange->client, link);
	code = ctl_reply_parse(reply, id);
	if (exchange->json && reply->tree)
		written = ctl_write_line(&reply->line);
	return code ? code : written;
}

enum ctl_exit ctl_ask_and_show(struct ctl_exchange *exchange, const char *name, const char *method,
			       const char *params, ctl_show *show)
{
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };
	ctl_cleanup_reply struct ctl_reply reply = { 0 };
	enum ctl_exit code = ctl_ask(exchange, name, method, params, &reply);

	if (!code)
		code = ctl_reply_accept(&reply);
	if (code || exchange->json)
		return code;
	code = show(&out, &reply);
	return code ? code : ctl_write_output(&out);
}

enum ctl_exit ctl_perform(const struct ctl_invocation *invocation, const char *method,
			  const char *params, ctl_show *show)
{
	ctl_cleanup_exchange struct ctl_exchange exchange = CTL_EXCHANGE(invocation);

	return ctl_ask_and_show(&exchange, NULL, method, params, show);
}

void ctl_exchange_end(struct ctl_exchange *exchange)
{
	ctl_client_close(&exchange->client);
}
