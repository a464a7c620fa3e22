/* SPDX-License-Identifier: MIT */
/*
 * The commands on one layout of the daemon's: made, changed, shown, dropped by name.
 * The layout itself is printed as that of `resolve` is.
 */
#include "config.h"

#include "commands.h"

#include "changes_print.h"
#include "exchange.h"
#include "json_text.h"
#include "json_tree.h"
#include "layout_print.h"
#include "params.h"
#include "reader.h"
#include "request_text.h"
#include "terminal_text.h"

#include <inttypes.h>

#define GENERATION                                                                               \
	{                                                                                        \
		.name = "--generation", .value_name = "N", .apply = ctl_apply_count,             \
		.member = "generation", .help = "only if the layout is still at this generation" \
	}

/* clang-format off */
const struct ctl_flag ctl_update_flags[] = {
	GENERATION,
	{ .name = "--dry-run", .apply = ctl_apply_true, .member = "dry_run",
	  .help = "change nothing, only show what would change" },
	{ .name = "--allow-moves", .apply = ctl_apply_true, .member = "allow_moves",
	  .help = "also move and resize ranges; only for a VM that is off" },
	{ .name = "--allow-removals", .apply = ctl_apply_true, .member = "allow_removals",
	  .help = "also remove ranges that the request omits" },
	{ 0 },
};

const struct ctl_flag ctl_delete_flags[] = {
	GENERATION,
	{ 0 },
};

const struct ctl_flag ctl_get_flags[] = {
	{ .name = "--request", .help = "print only the request, as JSON that create takes" },
	{ 0 },
};
/* clang-format on */

/* "NAME (generation N)" */
static void append_name(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *result)
{
	uint64_t generation = ctl_read_count(reader, result, "generation");

	ctl_puts_safe(out, ctl_read_text(reader, result, "name"));
	ctl_buffer_printf(out, " (generation %" PRIu64 ")", generation);
}

static enum ctl_exit append_layout(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	ctl_buffer_puts(out, "\n");
	return ctl_layout_append(out, ctl_json_member(reply->result, "layout"), ctl_wants_colour());
}

static enum ctl_exit show_created(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	struct ctl_reader reader = { 0 };
	bool created = ctl_read_bool(&reader, reply->result, "created");
	enum ctl_exit code;

	ctl_buffer_puts(out, created ? "created " : "already there: ");
	append_name(out, &reader, reply->result);
	ctl_buffer_puts(out, "\n");
	code = ctl_reader_end(&reader);
	return code ? code : append_layout(out, reply);
}

static enum ctl_exit append_changed(struct ctl_buffer *out, const struct ctl_reply *reply,
				    const char *before)
{
	struct ctl_reader reader = { 0 };
	enum ctl_exit code;

	ctl_buffer_puts(out, before);
	append_name(out, &reader, reply->result);
	ctl_buffer_puts(out, "\n\n");
	code = ctl_reader_end(&reader);
	if (code)
		return code;
	if (!ctl_changes_append(out, ctl_json_member(reply->result, "changes")))
		return ctl_reply_not_understood("it has no list of changes");
	return append_layout(out, reply);
}

static enum ctl_exit show_updated(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	return append_changed(out, reply, "updated ");
}

static enum ctl_exit show_dry_run(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	return append_changed(out, reply, "dry run: nothing was changed; ");
}

static enum ctl_exit show_deleted(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	struct ctl_reader reader = { 0 };

	ctl_buffer_puts(out, "deleted ");
	append_name(out, &reader, reply->result);
	ctl_buffer_puts(out, "\n");
	return ctl_reader_end(&reader);
}

static void append_text(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *result,
			const char *label, const char *member)
{
	ctl_buffer_printf(out, "%-10s  ", label);
	ctl_puts_safe(out, ctl_read_text(reader, result, member));
	ctl_buffer_puts(out, "\n");
}

static enum ctl_exit show_layout(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	const cJSON *result = reply->result;
	struct ctl_reader reader = { 0 };
	enum ctl_exit code;

	append_text(out, &reader, result, "name", "name");
	ctl_buffer_printf(out, "generation  %" PRIu64 "\n",
			  ctl_read_count(&reader, result, "generation"));
	ctl_buffer_printf(out, "owner       uid %" PRIu64 "\n",
			  ctl_read_count(&reader, result, "owner_uid"));
	append_text(out, &reader, result, "created", "created_at");
	append_text(out, &reader, result, "updated", "updated_at");
	code = ctl_reader_end(&reader);
	return code ? code : append_layout(out, reply);
}

static enum ctl_exit show_request(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	ctl_cleanup_buffer struct ctl_buffer request = { 0 };

	if (!ctl_request_of_answer(&request, ctl_buffer_text(&reply->line), reply->line.len))
		return ctl_reply_not_understood("it has no request, or no policy");
	ctl_json_indent(out, ctl_buffer_text(&request), request.len);
	return CTL_OK;
}

/* Starts the parameters with the name and what the command's own flags say. */
static enum ctl_exit start_params(struct ctl_buffer *params,
				  const struct ctl_invocation *invocation)
{
	ctl_param_text(params, "name", invocation->operands[0]);
	return invocation->command->flags ? ctl_params_take_flags(params, invocation) : CTL_OK;
}

/* For commands with the operands NAME [FILE|-]. */
static enum ctl_exit send_request(const struct ctl_invocation *invocation, const char *method,
				  ctl_show *show)
{
	ctl_cleanup_buffer struct ctl_buffer request = { 0 };
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };
	const char *file = invocation->operand_count > 1 ? invocation->operands[1] : NULL;
	enum ctl_exit code = start_params(&params, invocation);

	if (!code)
		code = ctl_request_get(invocation, file, &request);
	if (code)
		return code;
	ctl_param_json(&params, "request", request.data);
	return ctl_perform(invocation, method, ctl_params_end(&params), show);
}

enum ctl_exit ctl_run_create(const struct ctl_invocation *invocation)
{
	return send_request(invocation, "layout.create", show_created);
}

enum ctl_exit ctl_run_update(const struct ctl_invocation *invocation)
{
	return send_request(invocation, "layout.update",
			    ctl_was_given(invocation, "--dry-run") ? show_dry_run : show_updated);
}

enum ctl_exit ctl_run_get(const struct ctl_invocation *invocation)
{
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };

	ctl_param_text(&params, "name", invocation->operands[0]);
	return ctl_perform(invocation, "layout.get", ctl_params_end(&params),
			   ctl_was_given(invocation, "--request") ? show_request : show_layout);
}

enum ctl_exit ctl_run_delete(const struct ctl_invocation *invocation)
{
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };
	enum ctl_exit code = start_params(&params, invocation);

	if (code)
		return code;
	return ctl_perform(invocation, "layout.delete", ctl_params_end(&params), show_deleted);
}
