/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gpalayoutctl/request/request.h"

#include "gpalayoutctl/message.h"
#include "gpalayoutctl/request/document.h"
#include "gpalayoutctl/request/flags.h"

bool ctl_request_of_answer(struct ctl_buffer *text, struct gpald_raw answer)
{
	struct gpald_raw request, policy, own;

	gpald_raw_member(answer, "result", &answer);
	if (!gpald_raw_member(answer, "request", &request) ||
	    !gpald_raw_member(answer, "layout", &policy) ||
	    !gpald_raw_member(policy, "policy", &policy) || request.length <= 2 ||
	    *request.text != '{')
		return false;
	ctl_buffer_puts(text, "{");
	if (!gpald_raw_member(request, "policy", &own))
		ctl_buffer_printf(text, "\"policy\":%.*s,", (int)policy.length, policy.text);
	ctl_buffer_append(text, request.text + 1, request.length - 1);
	return true;
}

enum ctl_exit ctl_request_read(struct ctl_buffer *text, const char *file)
{
	ctl_cleanup_buffer struct ctl_buffer document = { 0 };
	const enum ctl_exit code = ctl_document_read(&document, file);

	if (!code && !ctl_request_of_answer(
			     text, gpald_raw_value(ctl_buffer_text(&document), document.length)))
		ctl_buffer_append(text, ctl_buffer_text(&document), document.length);
	return code;
}

enum ctl_exit ctl_request_get(struct ctl_session *session, const char *file)
{
	const struct ctl_invocation *invocation = session->invocation;
	const char *command = invocation->command->name;
	const size_t flags = ctl_request_flag_count(invocation);
	ctl_cleanup_buffer struct ctl_buffer text = { 0 };
	enum ctl_exit code;

	if (file && flags)
		return ctl_usage_error("%s takes a file or flags of a request, not both", command);
	session->request_file = file;
	if (file)
		return ctl_request_read(&session->request, file);
	if (!flags) {
		ctl_complain("%s needs a request: a file, - for standard input, or flags", command);
		ctl_hint("--memory 4G is a request; gpalayoutctl %s --help lists the flags",
			 command);
		return CTL_USAGE;
	}
	code = ctl_request_build(invocation, &text);
	return code ? code :
		      ctl_document_set(&session->request, "the request from the flags", text.data);
}
