/* SPDX-License-Identifier: MIT */
/*
 * The one place where a command finds its request, so that all of them take it in
 * the same ways.
 */
#include "config.h"

#include "request_text.h"

#include "document.h"
#include "json_text.h"
#include "json_tree.h"
#include "message.h"
#include "request_flags.h"

bool ctl_request_of_answer(struct ctl_buffer *text, const char *answer, size_t len)
{
	const char *request, *policy, *own;
	size_t request_len, policy_len, own_len;

	/* The line of an answer, or its result alone. */
	ctl_json_cut(&answer, &len, "result");
	request = policy = answer;
	request_len = policy_len = len;
	if (!ctl_json_cut(&request, &request_len, "request") ||
	    !ctl_json_cut(&policy, &policy_len, "layout") ||
	    !ctl_json_cut(&policy, &policy_len, "policy") || request_len <= 2 || *request != '{')
		return false;
	own = request;
	own_len = request_len;
	ctl_buffer_puts(text, "{");
	if (!ctl_json_cut(&own, &own_len, "policy"))
		ctl_buffer_printf(text, "\"policy\":%.*s,", (int)policy_len, policy);
	ctl_buffer_append(text, request + 1, request_len - 1);
	return true;
}

enum ctl_exit ctl_request_read(struct ctl_buffer *text, const char *file)
{
	ctl_cleanup_buffer struct ctl_buffer document = { 0 };
	const enum ctl_exit code = ctl_document_read(&document, file);

	if (!code && !ctl_request_of_answer(text, ctl_buffer_text(&document), document.len))
		ctl_buffer_append(text, ctl_buffer_text(&document), document.len);
	return code;
}

enum ctl_exit ctl_request_get(const struct ctl_invocation *invocation, const char *file,
			      struct ctl_buffer *text)
{
	const char *command = invocation->command->name;
	ctl_cleanup_json cJSON *request = NULL;
	ctl_cleanup_string char *printed = NULL;
	size_t flags = ctl_request_flag_count(invocation);
	enum ctl_exit code;

	if (file && flags)
		return ctl_usage_error("%s takes a file or flags of a request, not both", command);
	if (file)
		return ctl_request_read(text, file);
	if (!flags) {
		ctl_complain("%s needs a request: a file, - for standard input, or flags", command);
		ctl_hint("--memory 4G is a request; gpalayoutctl %s --help lists the flags",
			 command);
		return CTL_USAGE;
	}
	code = ctl_request_build(invocation, &request);
	if (code)
		return code;
	printed = ctl_json_print(request);
	return ctl_document_set(text, "the request from the flags", printed);
}
