/* SPDX-License-Identifier: MIT */
/*
 * The commands about no layout of the daemon's. All are one exchange: a method, its
 * parameters as JSON text, and a way to show the result.
 */
#include "config.h"

#include "commands.h"

#include "advice_print.h"
#include "document.h"
#include "exchange.h"
#include "json_text.h"
#include "json_tree.h"
#include "layout_print.h"
#include "message.h"
#include "params.h"
#include "policy_print.h"
#include "request_text.h"
#include "stats_print.h"
#include "terminal_text.h"
#include "value_print.h"

#include <string.h>

static enum ctl_exit show_json(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	const char *text = ctl_buffer_text(&reply->line);
	size_t len = reply->line.len;

	if (!ctl_json_cut(&text, &len, "result"))
		return ctl_reply_not_understood("its result is hidden");
	ctl_json_indent(out, text, len);
	return CTL_OK;
}

static enum ctl_exit show_layout(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	return ctl_layout_append(out, ctl_json_member(reply->result, "layout"), ctl_wants_colour());
}

static enum ctl_exit show_advised(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	enum ctl_exit code = show_layout(out, reply);

	return code ? code : ctl_advice_append(out, reply->result);
}

static enum ctl_exit show_map(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	return ctl_layout_append(out, reply->result, ctl_wants_colour());
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

static enum ctl_exit show_stats(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	return ctl_stats_append(out, reply->result);
}

/* clang-format off */
const struct ctl_flag ctl_resolve_flags[] = {
	{ .name = "--print-request", .help = "print the request as JSON; needs no daemon" },
	{ .name = "--advise", .apply = ctl_apply_true, .member = "advise",
	  .help = "also say how far each window and each node's RAM could\n"
		  "grow where it is, and if all others may move" },
	{ 0 },
};
/* clang-format on */

enum ctl_exit ctl_run_resolve(const struct ctl_invocation *invocation)
{
	ctl_cleanup_buffer struct ctl_buffer document = { 0 };
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };
	const char *file = invocation->operand_count ? invocation->operands[0] : NULL;
	enum ctl_exit code = ctl_request_get(invocation, file, &document);

	if (code)
		return code;
	if (ctl_was_given(invocation, "--print-request")) {
		ctl_json_indent(&out, document.data, document.len);
		return ctl_write_output(&out);
	}
	ctl_param_json(&out, "request", document.data);
	code = ctl_params_take_flags(&out, invocation);
	if (code)
		return code;
	return ctl_perform(invocation, "layout.resolve", ctl_params_end(&out),
			   ctl_was_given(invocation, "--advise") ? show_advised : show_layout);
}

enum ctl_exit ctl_run_allocate(const struct ctl_invocation *invocation)
{
	ctl_cleanup_buffer struct ctl_buffer document = { 0 };
	enum ctl_exit code = ctl_document_read(&document, invocation->operands[0]);

	return code ? code : ctl_perform(invocation, "layout.allocate", document.data, show_map);
}

enum ctl_exit ctl_run_policies(const struct ctl_invocation *invocation)
{
	return ctl_perform(invocation, "policy.list", NULL, show_policies);
}

enum ctl_exit ctl_run_info(const struct ctl_invocation *invocation)
{
	return ctl_perform(invocation, "daemon.info", NULL, show_info);
}

enum ctl_exit ctl_run_stats(const struct ctl_invocation *invocation)
{
	return ctl_perform(invocation, "daemon.stats", NULL, show_stats);
}

enum ctl_exit ctl_run_schema(const struct ctl_invocation *invocation)
{
	return ctl_perform(invocation, "daemon.schema", NULL, show_json);
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
	return code ? code :
		      ctl_perform(invocation, invocation->operands[0], document.data, show_json);
}
