/* SPDX-License-Identifier: MIT */
/*
 * Why each range is where it is, as a text to read: for each range the rule, what was
 * passed over, and the choice.
 */
#include "config.h"

#include "commands.h"

#include "exchange.h"
#include "json_tree.h"
#include "message.h"
#include "params.h"
#include "reader.h"
#include "request_flags.h"
#include "request_text.h"
#include "size_text.h"
#include "terminal_text.h"

#include <gpalayout/range.h>
#include <inttypes.h>
#include <string.h>

/* clang-format off */
const struct ctl_flag ctl_explain_flags[] = {
	{ .name = "--request", .value_name = "FILE|-",
	  .help = "explain the layout of this request, of no NAME" },
	{ 0 },
};
/* clang-format on */

/* "0x1000-0x3000 (8 KiB)" */
static void append_range(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *range)
{
	const uint64_t start = ctl_read_size(reader, range, "start");
	const uint64_t end = ctl_read_size(reader, range, "end");

	ctl_buffer_printf(out, "0x%" PRIx64 "-0x%" PRIx64 " (", start, end);
	ctl_size_append(out, end - start);
	ctl_buffer_puts(out, ")");
}

static void append_free(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *range)
{
	if (ctl_read_size(reader, range, "end") == GPAL_SPACE_END) {
		ctl_buffer_printf(out, "all that is free from 0x%" PRIx64 " up",
				  ctl_read_size(reader, range, "start"));
		return;
	}
	ctl_buffer_puts(out, "the free range ");
	append_range(out, reader, range);
}

static void append_size(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *object,
			const char *member)
{
	ctl_size_append(out, ctl_read_size(reader, object, member));
}

static void append_rule(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *range)
{
	ctl_buffer_puts(out, "  phase ");
	ctl_puts_safe(out, ctl_read_text(reader, range, "phase"));
	ctl_buffer_puts(out, ": ");
	ctl_puts_safe(out, ctl_read_text(reader, range, "rule"));
	ctl_buffer_puts(out, "\n");
	if (!ctl_json_member(range, "alignment"))
		return;
	ctl_buffer_puts(out, "  needs ");
	append_size(out, reader, range, "size");
	ctl_buffer_puts(out, ", aligned to ");
	append_size(out, reader, range, "alignment");
	if (ctl_json_member(range, "floor"))
		ctl_buffer_printf(out, ", from 0x%" PRIx64 " up\n",
				  ctl_read_size(reader, range, "floor"));
	else
		ctl_buffer_printf(out, ", from 0x%" PRIx64 " down\n",
				  ctl_read_size(reader, range, "ceiling"));
}

static void append_passed(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *passed)
{
	const char *why = ctl_read_text(reader, passed, "why");

	ctl_buffer_puts(out, "  passed over ");
	append_range(out, reader, passed);
	if (strcmp(why, "below_floor") == 0) {
		ctl_buffer_puts(out, ": below the floor\n");
		return;
	}
	ctl_buffer_puts(out, strcmp(why, "too_small") == 0 ? ": too small by " :
							     ": from an aligned start it lacks ");
	append_size(out, reader, passed, "missing");
	ctl_buffer_puts(out, "\n");
}

/* The bytes it has lost. */
static uint64_t append_chosen(struct ctl_buffer *out, struct ctl_reader *reader,
			      const cJSON *chosen)
{
	uint64_t lost;

	ctl_buffer_puts(out, "  placed at ");
	append_range(out, reader, chosen);
	if (!ctl_json_member(chosen, "free")) {
		ctl_buffer_puts(out, "\n");
		return 0;
	}
	ctl_buffer_puts(out, ", in ");
	append_free(out, reader, ctl_read_object(reader, chosen, "free"));
	lost = ctl_read_size(reader, chosen, "lost_to_alignment");
	if (lost) {
		ctl_buffer_puts(out, ": alignment leaves ");
		ctl_size_append(out, lost);
		ctl_buffer_puts(out, " of it empty");
	}
	ctl_buffer_puts(out, "\n");
	return lost;
}

static void append_step(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *range)
{
	const cJSON *chosen = ctl_read_array(reader, range, "chosen");
	const cJSON *entry;
	uint64_t lost = 0;

	if (out->len)
		ctl_buffer_puts(out, "\n");
	ctl_puts_safe(out, ctl_read_text(reader, range, "tag"));
	ctl_buffer_puts(out, "\n");
	append_rule(out, reader, range);
	cJSON_ArrayForEach(entry, ctl_json_member(range, "passed_over"))
		append_passed(out, reader, entry);
	if (ctl_json_member(range, "passed_over_cut"))
		ctl_buffer_puts(out, "  and more, which are shown if the tag is asked for alone\n");
	cJSON_ArrayForEach(entry, chosen) lost += append_chosen(out, reader, entry);
	if (lost && cJSON_GetArraySize(chosen) > 1) {
		ctl_buffer_puts(out, "  lost to alignment in all: ");
		ctl_size_append(out, lost);
		ctl_buffer_puts(out, "\n");
	}
}

static enum ctl_exit show(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	struct ctl_reader reader = { 0 };
	const cJSON *range;

	cJSON_ArrayForEach(range, ctl_read_array(&reader, reply->result, "ranges"))
		append_step(out, &reader, range);
	return ctl_reader_end(&reader);
}

enum ctl_exit ctl_run_explain(const struct ctl_invocation *invocation)
{
	const bool is_request = ctl_was_given(invocation, "--request") ||
				ctl_request_flag_count(invocation);
	ctl_cleanup_buffer struct ctl_buffer request = { 0 };
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };
	const size_t names = is_request ? 0 : 1;
	enum ctl_exit code;

	if (invocation->operand_count < names)
		return ctl_usage_error("explain needs NAME, --request or flags of a request");
	if (invocation->operand_count > names + 1)
		return ctl_usage_error("explain takes one TAG at most");
	if (is_request) {
		code = ctl_request_get(invocation, ctl_flag_value(invocation, "--request"),
				       &request);
		if (code)
			return code;
		ctl_param_json(&params, "request", request.data);
	} else {
		ctl_param_text(&params, "name", invocation->operands[0]);
	}
	if (invocation->operand_count > names)
		ctl_param_text(&params, "tag", invocation->operands[names]);
	return ctl_perform(invocation, "layout.explain", ctl_params_end(&params), show);
}
