/* SPDX-License-Identifier: MIT */
/*
 * The one place where a command finds its request, so that all of them take it in
 * the same ways.
 */
#include "config.h"

#include "request_text.h"

#include "document.h"
#include "json_tree.h"
#include "message.h"
#include "request_flags.h"

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
		return ctl_document_read(text, file);
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
