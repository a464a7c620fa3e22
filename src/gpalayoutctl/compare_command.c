/* SPDX-License-Identifier: MIT */
/*
 * What differs between two layouts, with an exit status that a script can act on.
 * Either may be kept by the daemon or in a file.
 */
#include "config.h"

#include "commands.h"

#include "changes_print.h"
#include "document.h"
#include "exchange.h"
#include "json_text.h"
#include "json_tree.h"
#include "message.h"
#include "params.h"
#include "reader.h"

#include <string.h>

/* clang-format off */
const struct ctl_flag ctl_compare_flags[] = {
	{ .name = "--from-policy", .value_name = "NAME",
	  .help = "resolve the request FROM under this policy" },
	{ .name = "--to-policy", .value_name = "NAME",
	  .help = "resolve the request TO under this policy; without TO, that\n"
		  "is FROM once more" },
	{ 0 },
};
/* clang-format on */

/* The request's text with another policy. */
static void set_policy(struct ctl_buffer *text, cJSON *tree, const char *policy)
{
	ctl_cleanup_string char *printed = NULL;

	cJSON_DeleteItemFromObjectCaseSensitive(tree, "policy");
	if (!cJSON_AddStringToObject(tree, "policy", policy))
		ctl_out_of_memory();
	printed = ctl_json_print(tree);
	text->len = 0;
	ctl_buffer_puts(text, printed);
}

/* What is in a file: a request, a layout, or an answer with a layout in it. */
static enum ctl_exit add_document(struct ctl_buffer *side, struct ctl_buffer *document,
				  const char *name, const char *policy)
{
	const char *text = document->data;
	size_t len = document->len;
	bool is_layout;
	ctl_cleanup_buffer struct ctl_buffer part = { 0 };
	ctl_cleanup_json cJSON *tree = NULL;

	/* What it has not leaves the text as it is. */
	ctl_json_cut(&text, &len, "result");
	is_layout = ctl_json_cut(&text, &len, "layout");
	ctl_buffer_append(&part, text, len);
	tree = cJSON_Parse(ctl_buffer_text(&part));
	if (!tree)
		ctl_out_of_memory();
	is_layout = is_layout || ctl_json_member(tree, "map");
	if (policy && is_layout)
		return ctl_usage_error("%s is a layout, which has its policy", name);
	if (policy && cJSON_IsObject(tree))
		set_policy(&part, tree, policy);
	ctl_param_json(side, is_layout ? "layout" : "request", ctl_buffer_text(&part));
	return CTL_OK;
}

/* Appends the object for one side: a name, or @ and a file. */
static enum ctl_exit add_side(struct ctl_buffer *params, const char *member, const char *operand,
			      const char *policy)
{
	ctl_cleanup_buffer struct ctl_buffer document = { 0 };
	ctl_cleanup_buffer struct ctl_buffer side = { 0 };
	enum ctl_exit code = CTL_OK;

	if (operand[0] == '@') {
		code = ctl_document_read(&document, operand + 1);
		if (!code)
			code = add_document(&side, &document, operand + 1, policy);
	} else if (policy) {
		code = ctl_usage_error("%s is a layout the daemon keeps, which has its policy; "
				       "@FILE is a request",
				       operand);
	} else {
		ctl_param_text(&side, "name", operand);
	}
	if (!code)
		ctl_param_json(params, member, ctl_params_end(&side));
	return code;
}

static enum ctl_exit show(const cJSON *result, bool compatible)
{
	const bool is_same_map = cJSON_GetArraySize(ctl_json_member(result, "changes")) == 0;
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };

	if (!ctl_changes_append(&out, ctl_json_member(result, "changes")))
		return ctl_reply_not_understood("it has no list of changes");
	ctl_buffer_puts(
		&out,
		compatible  ? "\ncompatible: no range of FROM moves, shrinks or goes\n" :
		is_same_map ? "\nnot compatible: FROM and TO are of different architectures\n" :
			      "\nnot compatible: ranges of FROM move, shrink or go\n");
	return ctl_write_output(&out);
}

enum ctl_exit ctl_run_compare(const struct ctl_invocation *invocation)
{
	ctl_cleanup_exchange struct ctl_exchange exchange = CTL_EXCHANGE(invocation);
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };
	ctl_cleanup_reply struct ctl_reply reply = { 0 };
	const char *from_policy = ctl_flag_value(invocation, "--from-policy");
	const char *to_policy = ctl_flag_value(invocation, "--to-policy");
	const char *from = invocation->operands[0];
	const char *to = invocation->operand_count > 1 ? invocation->operands[1] : from;
	struct ctl_reader reader = { 0 };
	enum ctl_exit code;
	bool compatible;

	if (invocation->operand_count < 2 && !to_policy)
		return ctl_usage_error("compare needs FROM and TO, or one request and --to-policy");
	if (strcmp(from, "@-") == 0 && strcmp(to, "@-") == 0)
		return ctl_usage_error("standard input can be read once; use a file");
	code = add_side(&params, "from", from, from_policy);
	if (!code)
		code = add_side(&params, "to", to, to_policy);
	if (!code)
		code = ctl_ask(&exchange, NULL, "layout.compare", ctl_params_end(&params), &reply);
	if (!code)
		code = ctl_reply_accept(&reply);
	if (code)
		return code;
	compatible = ctl_read_bool(&reader, reply.result, "compatible");
	code = ctl_reader_end(&reader);
	if (!code && !invocation->json)
		code = show(reply.result, compatible);
	return code || compatible ? code : CTL_NO;
}
