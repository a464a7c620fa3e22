/* SPDX-License-Identifier: MIT */
/*
 * Runs commands that call one method: operands and flags become the members of the params, and the
 * result is printed. The functions of print/ turn it into text.
 */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/request/changes.h"
#include "gpalayoutctl/request/flags.h"
#include "gpalayoutctl/request/request.h"
#include "gpalayoutctl/terminal_text.h"

#include <cjson/cJSON.h>
#include <string.h>

/* Params. */

static enum ctl_exit apply_count(void *params, const struct ctl_flag *flag, const char *value)
{
	uint64_t count;
	const enum ctl_exit code = ctl_flag_count_parse(flag->name, NULL, value, false, &count);

	if (!code)
		ctl_add_count_member(params, flag->member, count);
	return code;
}

static enum ctl_exit apply_true(void *params, const struct ctl_flag *flag, const char *value)
{
	(void)value;
	ctl_add_member(params, flag->member, "true");
	return CTL_OK;
}

static enum ctl_exit apply_format(void *params, const struct ctl_flag *flag, const char *value)
{
	const struct gpald_bytes *before = params;

	(void)value;
	if (before->length)
		return ctl_error("%s: the metrics can have only one format", flag->name);
	ctl_add_text_member(params, flag->member, flag->constant);
	return CTL_OK;
}

#define GENERATION_FLAG                                                          \
	{                                                                        \
		.name = "--generation", .value_name = "N", .apply = apply_count, \
		.member = "generation",                                          \
		.help = "refuse unless the layout is still at this generation"   \
	}

#define REFUSE "--refuse"
#define REFUSE_ALL "all"
#define REFUSE_FLAG                                                                              \
	{                                                                                        \
		.name = REFUSE, .value_name = "WARNING", .repeatable = true, .member = "refuse", \
		.help = "refuse a new layout that has this warning; all: any"                    \
	}

/* clang-format off */
const struct ctl_flag ctl_create_flags[] = {
	REFUSE_FLAG,
	{ 0 },
};

const struct ctl_flag ctl_resolve_flags[] = {
	{ .name = "--print-request", .help = "print the request as JSON; needs no daemon" },
	{ .name = "--advise", .apply = apply_true, .member = "advise",
	  .help = "also print how far RAM, windows and hotplug rooms could "
		  "grow, in place and if other ranges may move" },
	REFUSE_FLAG,
	{ 0 },
};

const struct ctl_flag ctl_update_flags[] = {
	{ .name = CTL_SET, .value_name = "MEMBER=VALUE", .repeatable = true,
	  .help = "set a member of the layout's request; the path has dots "
		  "and list indexes, as in memory.nodes.0=8G" },
	{ .name = CTL_ADD_ROOT_COMPLEX, .value_name = "NAME[,KEY=VALUE...]", .repeatable = true,
	  .help = "add a root complex, as --pcie-root-complex does" },
	{ .name = CTL_ADD_CXL_WINDOW, .value_name = CTL_CXL_WINDOW_VALUE, .repeatable = true,
	  .help = "add a CXL window, as --cxl-window does" },
	{ .name = CTL_ADD_HOTPLUG, .value_name = CTL_HOTPLUG_VALUE, .repeatable = true,
	  .help = "add room for memory, as --hotplug does" },
	{ .name = CTL_REMOVE, .value_name = "TAG", .repeatable = true,
	  .help = "remove the part of the request with this tag, such as "
		  "ram1; pcie-NAME, or the tag of one of its windows or CXL "
		  "ranges, removes a whole root complex" },
	GENERATION_FLAG,
	{ .name = "--dry-run", .apply = apply_true, .member = "dry_run",
	  .help = "change nothing, only show what would change" },
	{ .name = "--allow-moves", .apply = apply_true, .member = "allow_moves",
	  .help = "move and resize ranges if needed; only for a VM that is off" },
	{ .name = "--allow-removals", .apply = apply_true, .member = "allow_removals",
	  .help = "also remove ranges that the request omits" },
	REFUSE_FLAG,
	{ 0 },
};

const struct ctl_flag ctl_delete_flags[] = {
	GENERATION_FLAG,
	{ 0 },
};

const struct ctl_flag ctl_range_flags[] = {
	{ .name = "--request", .value_name = "FILE|-",
	  .help = "use the layout of this request instead of NAME" },
	{ 0 },
};

const struct ctl_flag ctl_get_flags[] = {
	{ .name = "--request", .help = "print only the request, as JSON that create takes" },
	{ 0 },
};

const struct ctl_flag ctl_stats_flags[] = {
	{ .name = "--openmetrics", .apply = apply_format, .member = "format",
	  .constant = "openmetrics", .help = "print the metrics as OpenMetrics 1.0" },
	{ .name = "--prometheus", .apply = apply_format, .member = "format",
	  .constant = "prometheus",
	  .help = "print the metrics in version 0.0.4 of the Prometheus text format" },
	{ 0 },
};
/* clang-format on */

void ctl_layout_params(const struct ctl_session *session, struct gpald_bytes *params,
		       const char *name)
{
	if (name)
		ctl_add_text_member(params, "name", name);
	else
		ctl_add_member(params, "request", session->request.data);
}

/*
 * Changes the request of the live layout. The params get the generation of that request, so that
 * the update does not undo a change that somebody else made since.
 */
static enum ctl_exit change_request(struct ctl_session *session, struct gpald_bytes *params,
				    const char *operand)
{
	const struct ctl_invocation *invocation = session->invocation;
	ctl_cleanup_buffer struct gpald_bytes name = { 0 };
	uint64_t generation;
	enum ctl_exit code;

	if (operand || ctl_request_flag_count(invocation))
		return ctl_error("update takes a new request or changes to the current one, "
				 "not both");
	ctl_add_text_member(&name, "name", invocation->operands[0]);
	code = ctl_call_for_result(session, "layout.get", name.data);
	if (!code)
		code = ctl_changes_make(session, &generation);
	if (!code && !ctl_flag_was_given(invocation, "--generation"))
		ctl_add_count_member(params, "generation", generation);
	if (!code && ctl_flag_was_given(invocation, CTL_REMOVE) &&
	    !ctl_flag_was_given(invocation, "--allow-removals"))
		ctl_add_member(params, "allow_removals", "true");
	return code;
}

/* Adds one operand. It may be NULL if it is the request, which may be in flags. */
static enum ctl_exit add_operand(struct ctl_session *session, struct gpald_bytes *params,
				 const char *member, const char *operand)
{
	enum ctl_exit code;

	if (strcmp(member, "request") != 0) {
		ctl_add_text_member(params, member, operand);
		return CTL_OK;
	}
	code = ctl_has_changes(session->invocation) ? change_request(session, params, operand) :
						      ctl_request_take(session, operand);
	if (!code)
		ctl_add_member(params, member, session->request.data);
	return code;
}

static enum ctl_exit add_flags(struct ctl_session *session, struct gpald_bytes *params)
{
	const struct ctl_invocation *invocation = session->invocation;
	enum ctl_exit code = CTL_OK;

	for (const struct ctl_given *given = invocation->given; given->flag && !code; given++)
		if (given->flag->apply && ctl_is_flag_of(invocation->command->flags, given->flag))
			code = given->flag->apply(params, given->flag, given->value);
	return code;
}

static bool is_warning(const char *token)
{
	for (int i = 0; i < GPAL_WARN_COUNT; i++)
		if (strcmp(gpal_warning_token((enum gpal_warning_reason)i), token) == 0)
			return true;
	return false;
}

/*
 * Adds the warnings that --refuse names, or "all". The daemon checks the names. With "all" it does
 * not get them, so they are checked here.
 */
static enum ctl_exit add_refuse(const struct ctl_invocation *invocation, struct gpald_bytes *params)
{
	ctl_cleanup_buffer struct gpald_bytes list = { 0 };
	const char *unknown = NULL;
	bool has_all = false;

	for (const struct ctl_given *given = invocation->given; given->flag; given++) {
		if (strcmp(given->flag->name, REFUSE) != 0)
			continue;
		if (strcmp(given->value, REFUSE_ALL) == 0)
			has_all = true;
		else if (!is_warning(given->value))
			unknown = given->value;
		ctl_buffer_puts(&list, list.length ? "," : "[");
		ctl_append_json_string(&list, given->value);
	}
	ctl_buffer_puts(&list, "]");
	if (has_all && unknown)
		return ctl_error(REFUSE ": there is no warning %s; " REFUSE_ALL
					" stands for every warning",
				 unknown);
	if (has_all)
		ctl_add_text_member(params, "refuse", REFUSE_ALL);
	else if (list.length > 1)
		ctl_add_member(params, "refuse", list.data);
	return CTL_OK;
}

static enum ctl_exit make_method_params(struct ctl_session *session, struct gpald_bytes *params)
{
	const struct ctl_invocation *invocation = session->invocation;
	const struct ctl_command *command = invocation->command;
	enum ctl_exit code = CTL_OK;

	/* The operand is a file with all params. */
	if (command->max_operands && !command->members[0])
		return ctl_document_read(params, invocation->operands[0]);
	for (size_t i = 0; i < command->max_operands && !code; i++)
		code = add_operand(session, params, command->members[i],
				   ctl_operand(invocation, i));
	if (!code)
		code = add_flags(session, params);
	if (!code)
		code = add_refuse(invocation, params);
	return code;
}

/*
 * Makes {name or request, tag?} for a command about the ranges of a layout, or about one of them.
 */
enum ctl_exit ctl_range_params(struct ctl_session *session, struct gpald_bytes *params)
{
	const struct ctl_invocation *invocation = session->invocation;
	const char *command = invocation->command->name;
	const bool is_request = ctl_flag_was_given(invocation, "--request") ||
				ctl_request_flag_count(invocation);
	const size_t names = is_request ? 0 : 1;
	const char *tag = ctl_operand(invocation, names);
	enum ctl_exit code = CTL_OK;

	if (invocation->operand_count < names)
		return ctl_error("%s needs NAME, --request or options of a request", command);
	if (invocation->operand_count > names + 1)
		return ctl_error("%s takes one TAG at most", command);
	if (is_request)
		code = ctl_request_take(session, ctl_flag_value(invocation, "--request"));
	if (code)
		return code;
	ctl_layout_params(session, params, is_request ? NULL : invocation->operands[0]);
	if (tag)
		ctl_add_text_member(params, "tag", tag);
	return CTL_OK;
}

/* Prints only the request of a result, even if this program cannot decode the layout. */
static enum ctl_exit print_request(const struct ctl_session *session, struct gpald_bytes *out)
{
	const struct gpald_raw result = { session->result, strlen(session->result) };
	ctl_cleanup_buffer struct gpald_bytes request = { 0 };

	if (!ctl_append_request_of_reply(&request, result))
		return ctl_invalid_reply(session, "it has no request, or no policy");
	ctl_json_indent(out, ctl_buffer_text(&request), request.length);
	return CTL_OK;
}

/* Prints the text of a result line by line, made safe for terminals. */
static enum ctl_exit print_metrics(const struct ctl_session *session, struct gpald_bytes *out)
{
	cJSON *result = cJSON_Parse(session->result);
	char *rest = cJSON_GetStringValue(ctl_member_of(result, "text"));
	const bool is_text = rest != NULL;

	for (char *line; (line = strsep(&rest, "\n")) && (*line || rest);) {
		ctl_puts_safe(out, line);
		ctl_buffer_puts(out, "\n");
	}
	cJSON_Delete(result);
	return is_text ? CTL_OK : ctl_invalid_reply(session, "it has no text");
}

static enum ctl_exit print_result(struct ctl_session *session, struct gpald_bytes *out)
{
	const struct ctl_command *command = session->invocation->command;
	const void *result = ctl_decode_result(session, command->result);

	return result ? command->print(session, out, result) : CTL_NO_DAEMON;
}

enum ctl_exit ctl_run_method(struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;
	ctl_cleanup_buffer struct gpald_bytes params = { 0 };
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };
	enum ctl_exit code = invocation->command->make_params ?
				     invocation->command->make_params(session, &params) :
				     make_method_params(session, &params);

	if (code)
		return code;
	if (ctl_flag_was_given(invocation, "--print-request")) {
		if (invocation->quiet)
			return CTL_OK;
		ctl_json_indent(&out, session->request.data, session->request.length);
		return ctl_write_output(&out);
	}
	code = ctl_call_and_print(session, invocation->command->method, params.data);
	if (code || !ctl_wants_text(session))
		return code;
	/* Other commands have a --request that takes a value. */
	if (invocation->command->flags == ctl_get_flags &&
	    ctl_flag_was_given(invocation, "--request"))
		code = print_request(session, &out);
	else if (ctl_flag_was_given(invocation, "--openmetrics") ||
		 ctl_flag_was_given(invocation, "--prometheus"))
		code = print_metrics(session, &out);
	else
		code = print_result(session, &out);
	return code ? code : ctl_print_paged(invocation, &out);
}
