/* SPDX-License-Identifier: MIT */
/*
 * The commands. All are one exchange: a method, its parameters as JSON text, and
 * a way to show the result.
 */
#include "config.h"

#include "commands.h"

#include "document.h"
#include "hint.h"
#include "json_text.h"
#include "json_tree.h"
#include "layout_print.h"
#include "message.h"
#include "policy_print.h"
#include "reply.h"
#include "request_flags.h"
#include "terminal_text.h"
#include "value_print.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Appends the readable form of a result to `out`. */
typedef enum ctl_exit show_result(struct ctl_buffer *out, const struct ctl_reply *reply);

static bool wants_colour(void)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_colour && *no_colour) && terminal &&
	       strcmp(terminal, "dumb") != 0;
}

static void build_line(struct ctl_buffer *line, const char *method, const char *params)
{
	ctl_cleanup_json cJSON *name = cJSON_CreateString(method);
	ctl_cleanup_string char *text = ctl_json_print(name);

	ctl_buffer_printf(line, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":%s", CTL_REQUEST_ID,
			  text);
	if (params)
		ctl_buffer_printf(line, ",\"params\":%s", params);
	ctl_buffer_puts(line, "}\n");
}

/* Exact for programs; on a terminal no byte may act on it, and the JSON stays the same. */
static enum ctl_exit write_line(const struct ctl_buffer *line)
{
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };

	if (isatty(STDOUT_FILENO))
		ctl_append_safe(&out, line->data, line->len, "\t\r");
	else
		ctl_buffer_append(&out, line->data, line->len);
	ctl_buffer_puts(&out, "\n");
	return ctl_write_output(&out);
}

/* `params` is JSON text; NULL: none. */
static enum ctl_exit perform(const struct ctl_invocation *invocation, const char *method,
			     const char *params, show_result *show)
{
	ctl_cleanup_buffer struct ctl_buffer line = { 0 };
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };
	ctl_cleanup_reply struct ctl_reply reply = { 0 };
	enum ctl_exit code;
	enum ctl_exit written = CTL_OK;

	build_line(&line, method, params);
	code = ctl_exchange(&invocation->endpoint, &line, &reply.line);
	if (code)
		return code;
	code = ctl_reply_parse(&reply);
	if (invocation->json && reply.tree)
		written = write_line(&reply.line);
	if (code)
		return code;
	if (reply.error) {
		ctl_print_refusal(reply.error);
		return CTL_REFUSED;
	}
	if (invocation->json)
		return written;
	code = show(&out, &reply);
	return code ? code : ctl_write_output(&out);
}

static enum ctl_exit show_json(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	const char *start;
	size_t len;

	if (!ctl_json_member_text(&reply->line, "result", &start, &len))
		return ctl_reply_not_understood("its result is hidden");
	ctl_json_indent(out, start, len);
	return CTL_OK;
}

static enum ctl_exit show_layout(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	return ctl_layout_append(out, ctl_json_member(reply->result, "layout"), wants_colour());
}

static enum ctl_exit show_map(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	return ctl_layout_append(out, reply->result, wants_colour());
}

static enum ctl_exit show_info(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	if (!cJSON_IsObject(reply->result))
		return ctl_reply_not_understood("its result is no object");
	ctl_values_append(out, reply->result, NULL, 0);
	return CTL_OK;
}

static enum ctl_exit show_policies(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	return ctl_policies_append(out, reply->result);
}

/* The request from the operand or from flags. */
static enum ctl_exit get_request(const struct ctl_invocation *invocation,
				 struct ctl_buffer *document)
{
	ctl_cleanup_json cJSON *request = NULL;
	ctl_cleanup_string char *text = NULL;
	size_t flags = ctl_request_flag_count(invocation);
	enum ctl_exit code;

	if (invocation->operand_count && flags)
		return ctl_usage_error("resolve takes a file or flags of a request, not both");
	if (invocation->operand_count)
		return ctl_document_read(document, invocation->operands[0]);
	if (!flags) {
		ctl_complain("resolve needs a request: a file, - for standard input, or flags");
		ctl_hint("try gpalayoutctl resolve --memory 4G");
		return CTL_USAGE;
	}
	code = ctl_request_build(invocation, &request);
	if (code)
		return code;
	text = ctl_json_print(request);
	return ctl_document_set(document, "the request from the flags", text);
}

enum ctl_exit ctl_run_resolve(const struct ctl_invocation *invocation)
{
	ctl_cleanup_buffer struct ctl_buffer document = { 0 };
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };
	enum ctl_exit code = get_request(invocation, &document);

	if (code)
		return code;
	if (ctl_was_given(invocation, CTL_PRINT_REQUEST)) {
		ctl_json_indent(&out, document.data, document.len);
		return ctl_write_output(&out);
	}
	ctl_buffer_printf(&out, "{\"request\":%s}", document.data);
	return perform(invocation, "layout.resolve", out.data, show_layout);
}

enum ctl_exit ctl_run_allocate(const struct ctl_invocation *invocation)
{
	ctl_cleanup_buffer struct ctl_buffer document = { 0 };
	enum ctl_exit code = ctl_document_read(&document, invocation->operands[0]);

	return code ? code : perform(invocation, "layout.allocate", document.data, show_map);
}

enum ctl_exit ctl_run_policies(const struct ctl_invocation *invocation)
{
	return perform(invocation, "policy.list", NULL, show_policies);
}

enum ctl_exit ctl_run_info(const struct ctl_invocation *invocation)
{
	return perform(invocation, "daemon.info", NULL, show_info);
}

enum ctl_exit ctl_run_schema(const struct ctl_invocation *invocation)
{
	return perform(invocation, "daemon.schema", NULL, show_json);
}

enum ctl_exit ctl_run_call(const struct ctl_invocation *invocation)
{
	ctl_cleanup_buffer struct ctl_buffer document = { 0 };
	const char *params = invocation->operand_count > 1 ? invocation->operands[1] : NULL;
	enum ctl_exit code = CTL_OK;

	if (params && params[0] == '@')
		code = ctl_document_read(&document, params + 1);
	else if (params && strcmp(params, "-") == 0)
		code = ctl_document_read(&document, "-");
	else if (params)
		code = ctl_document_set(&document, "PARAMS", params);
	return code ? code : perform(invocation, invocation->operands[0], document.data, show_json);
}
