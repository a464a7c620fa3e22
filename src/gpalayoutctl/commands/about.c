/* SPDX-License-Identifier: MIT */
/*
 * Commands that ask about the ranges of a layout, or about one of them by its tag; the layout is
 * one that the daemon keeps, or that of a request.
 */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/pager.h"
#include "gpalayoutctl/request/flags.h"
#include "gpalayoutctl/request/request.h"

/* clang-format off */
const struct ctl_flag ctl_about_flags[] = {
	{ .name = "--request", .value_name = "FILE|-",
	  .help = "the layout is that of this request; takes no NAME" },
	{ 0 },
};
/* clang-format on */

/* {name or request, tag?} */
static enum ctl_exit make_about_params(struct ctl_session *session, struct ctl_buffer *params)
{
	const struct ctl_invocation *invocation = session->invocation;
	const char *command = invocation->command->name;
	const bool is_request = ctl_was_given(invocation, "--request") ||
				ctl_request_flag_count(invocation);
	const size_t names = is_request ? 0 : 1;
	const char *tag = ctl_operand(invocation, names);
	enum ctl_exit code = CTL_OK;

	if (invocation->operand_count < names)
		return ctl_usage_error("%s needs NAME, --request or flags of a request", command);
	if (invocation->operand_count > names + 1)
		return ctl_usage_error("%s takes one TAG at most", command);
	if (is_request)
		code = ctl_request_get(session, ctl_flag_value(invocation, "--request"));
	if (code)
		return code;
	if (is_request)
		ctl_member_json(params, "request", session->request.data);
	else
		ctl_member_text(params, "name", invocation->operands[0]);
	if (tag)
		ctl_member_text(params, "tag", tag);
	ctl_buffer_puts(params, "}");
	return CTL_OK;
}

enum ctl_exit ctl_run_about(struct ctl_session *session)
{
	const struct ctl_command *command = session->invocation->command;
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };
	enum ctl_exit code = make_about_params(session, &params);
	const void *result;

	if (!code)
		code = ctl_ask_and_answer(session, command->method, params.data);
	if (code || !ctl_wants_text(session))
		return code;
	result = ctl_result(session, command->result);
	if (!result)
		return CTL_NO_DAEMON;
	code = command->print(session, &out, result);
	return code ? code : ctl_show(session->invocation, &out);
}
