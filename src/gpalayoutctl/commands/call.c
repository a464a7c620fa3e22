/* SPDX-License-Identifier: MIT */
/* Calls any method, also one that this program does not know, and prints the result as JSON. */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/request/request.h"

#include <string.h>

static enum ctl_exit call_method(struct ctl_session *session, const char *method,
				 const char *params)
{
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };
	const enum ctl_exit code = ctl_call_and_print(session, method, params);

	if (code || !ctl_wants_text(session))
		return code;
	ctl_json_indent(&out, session->result, strlen(session->result));
	return ctl_print_paged(session->invocation, &out);
}

enum ctl_exit ctl_run_call(struct ctl_session *session)
{
	const char *params = ctl_operand(session->invocation, 1);
	ctl_cleanup_buffer struct gpald_bytes document = { 0 };
	enum ctl_exit code = CTL_OK;

	if (params && params[0] == '@')
		code = ctl_document_read(&document, params + 1);
	else if (params && strcmp(params, "-") == 0)
		code = ctl_document_read(&document, "-");
	else if (params)
		code = ctl_document_set(&document, "JSON", params);
	return code ? code : call_method(session, session->invocation->operands[0], document.data);
}

enum ctl_exit ctl_run_schema(struct ctl_session *session)
{
	return call_method(session, "daemon.schema", NULL);
}
