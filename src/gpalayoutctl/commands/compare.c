/* SPDX-License-Identifier: MIT */
/*
 * Compares two layouts, with an exit status that a script can use. Each is one that the daemon
 * keeps, or a request or a layout in a file.
 */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/print/print.h"
#include "gpalayoutctl/request/request.h"

#include <string.h>

/* clang-format off */
const struct ctl_flag ctl_compare_flags[] = {
	{ .name = "--from-policy", .value_name = "NAME",
	  .help = "resolve the request FROM under this policy" },
	{ .name = "--to-policy", .value_name = "NAME",
	  .help = "resolve the request TO under this policy; without TO, "
		  "resolve FROM again" },
	{ 0 },
};
/* clang-format on */

/* Appends the text of a request with another policy. */
static void append_with_policy(struct gpald_bytes *out, struct gpald_raw request,
			       const char *policy)
{
	struct gpald_raw rest = request, name, value;

	while (gpald_raw_next(&rest, &name, &value)) {
		if (name.length == strlen("\"policy\"") &&
		    memcmp(name.text, "\"policy\"", name.length) == 0)
			continue;
		ctl_buffer_printf(out, "%s%.*s:%.*s", out->length ? "," : "{", (int)name.length,
				  name.text, (int)value.length, value.text);
	}
	ctl_buffer_puts(out, out->length ? "}" : "");
	ctl_add_text_member(out, "policy", policy);
}

/* Adds what is in a file: a request, a layout, or a reply with a layout in it. */
static enum ctl_exit add_document(struct gpald_bytes *side, struct gpald_raw document,
				  const char *name, const char *policy)
{
	ctl_cleanup_buffer struct gpald_bytes part = { 0 };
	struct gpald_raw map;
	bool is_layout;

	/* A member that does not exist leaves `document` as it is. */
	gpald_raw_member(document, "result", &document);
	is_layout = gpald_raw_member(document, "layout", &document) ||
		    gpald_raw_member(document, "map", &map);
	if (policy && is_layout)
		return ctl_error("%s is a layout, whose policy cannot be changed: use a "
				 "request",
				 name);
	if (policy && *document.text == '{')
		append_with_policy(&part, document, policy);
	else
		ctl_buffer_append(&part, document.text, document.length);
	ctl_add_member(side, is_layout ? "layout" : "request", ctl_buffer_text(&part));
	return CTL_OK;
}

/* Appends the object for one side: NAME or @FILE. */
static enum ctl_exit add_side(struct gpald_bytes *params, const char *member, const char *operand,
			      const char *policy)
{
	ctl_cleanup_buffer struct gpald_bytes document = { 0 };
	ctl_cleanup_buffer struct gpald_bytes side = { 0 };
	enum ctl_exit code = CTL_OK;

	if (operand[0] == '@') {
		code = ctl_document_read(&document, operand + 1);
		if (!code)
			code = add_document(&side, gpald_raw_value(document.data, document.length),
					    operand + 1, policy);
	} else if (policy) {
		code = ctl_error("%s is a layout that the daemon keeps, whose policy cannot be "
				 "changed: use @FILE with a request",
				 operand);
	} else {
		ctl_add_text_member(&side, "name", operand);
	}
	if (code)
		return code;
	ctl_add_member(params, member, side.data);
	return CTL_OK;
}

/* Says whether a guest that knows FROM can run with TO. */
static const char *describe_compatibility(const struct gpal_changes *changes)
{
	if (changes->compatible)
		return "\ncompatible: a guest that knows FROM finds everything at its place in "
		       "TO\n";
	if (!changes->count)
		return "\nnot compatible: FROM and TO have different architectures\n";
	return "\nnot compatible: a guest that knows FROM does not find everything in TO at its "
	       "place and for the same use, or the architectures differ\n";
}

static enum ctl_exit show_changes(const struct ctl_session *session,
				  const struct gpal_changes *changes)
{
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };

	ctl_changes_append(&out, changes);
	ctl_buffer_puts(&out, describe_compatibility(changes));
	return ctl_print_paged(session->invocation, &out);
}

enum ctl_exit ctl_run_compare(struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;
	ctl_cleanup_buffer struct gpald_bytes params = { 0 };
	const char *from_policy = ctl_flag_value(invocation, "--from-policy");
	const char *to_policy = ctl_flag_value(invocation, "--to-policy");
	const char *from = invocation->operands[0];
	const char *to = invocation->operand_count > 1 ? invocation->operands[1] : from;
	const struct gpal_changes *changes;
	enum ctl_exit code;

	if (invocation->operand_count < 2 && !to_policy)
		return ctl_error("compare needs FROM and TO, or one request and --to-policy");
	if (strcmp(from, "@-") == 0 && strcmp(to, "@-") == 0)
		return ctl_error("standard input can be read only once; use a file");
	code = add_side(&params, "from", from, from_policy);
	if (!code)
		code = add_side(&params, "to", to, to_policy);
	if (code)
		return code;
	code = ctl_call_and_print(session, "layout.compare", params.data);
	if (code)
		return code;
	changes = ctl_decode_result(session, &gpald_changes_result);
	if (!changes)
		return CTL_NO_DAEMON;
	if (ctl_wants_text(session))
		code = show_changes(session, changes);
	return code || changes->compatible ? code : CTL_NO;
}
