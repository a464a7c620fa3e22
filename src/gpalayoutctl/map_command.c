/* SPDX-License-Identifier: MIT */
/*
 * A picture of a layout that the daemon keeps, or of a request, which it resolves. The
 * picture itself is made in map/.
 */
#include "config.h"

#include "commands.h"

#include "core/arena.h"
#include "exchange.h"
#include "json_tree.h"
#include "map/map.h"
#include "message.h"
#include "params.h"
#include "picture_file.h"
#include "reader.h"
#include "request_flags.h"
#include "request_text.h"
#include "terminal_text.h"
#include "wire/layout_decode.h"
#include "wire/request_decode.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define USUAL_WIDTH 80

/* clang-format off */
const struct ctl_flag ctl_map_flags[] = {
	{ .name = "--svg", .value_name = "FILE|-",
	  .help = "draw an SVG picture, to standard output if -" },
	{ 0 },
};
/* clang-format on */

static struct ctl_map_terminal this_terminal(void)
{
	struct winsize size;

	setlocale(LC_CTYPE, "");
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		size.ws_col = USUAL_WIDTH;
	return (struct ctl_map_terminal){
		.width = size.ws_col,
		.colour = ctl_wants_colour(),
		.ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
	};
}

/* Decodes what is drawn, and draws it. */
static enum ctl_exit draw(const struct ctl_invocation *invocation, struct ctl_map map,
			  const cJSON *request_tree, const cJSON *layout_tree,
			  struct gpald_arena *arena)
{
	const struct gpald_decode_context context = {
		.default_policy = gpal_policy_default(),
		.is_reply = true,
	};
	struct gpald_wire_error error = { .reason = 0 };
	struct gpald_decoder decoder = { .error = &error, .arena = arena, .context = &context };
	struct gpal_request request = { .node_count = 0 };
	struct gpal_layout layout = { .ram_count = 0 };
	const char *file = ctl_flag_value(invocation, "--svg");
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };
	struct ctl_map_terminal terminal;

	if (gpald_decode_request(&decoder, request_tree, &request, NULL) ||
	    gpald_decode_layout(&decoder, layout_tree, &layout, NULL))
		return ctl_reply_not_understood(error.message);
	if (!ctl_map_is_possible(&layout))
		return ctl_reply_not_understood("its map has no ranges, or some that overlap");
	map.request = &request;
	map.layout = &layout;
	if (!file) {
		terminal = this_terminal();
		ctl_map_append_terminal(&out, &map, &terminal);
		return ctl_write_output(&out);
	}
	ctl_map_append_svg(&out, &map);
	return strcmp(file, "-") == 0 ? ctl_write_output(&out) : ctl_picture_write(file, &out);
}

static enum ctl_exit ask_and_draw(const struct ctl_invocation *invocation, const char *method,
				  const char *params, const char *request)
{
	ctl_cleanup_exchange struct ctl_exchange exchange = CTL_EXCHANGE(invocation);
	ctl_cleanup_reply struct ctl_reply reply = { 0 };
	ctl_cleanup_json cJSON *sent = request ? cJSON_Parse(request) : NULL;
	struct ctl_reader reader = { 0 };
	struct ctl_map map = { .name = "request" };
	enum ctl_exit code = ctl_ask(&exchange, NULL, method, params, &reply);
	struct gpald_arena *arena;
	const cJSON *request_tree = sent;
	const cJSON *layout;

	if (!code)
		code = ctl_reply_accept(&reply);
	if (code || invocation->json)
		return code;
	layout = ctl_read_object(&reader, reply.result, "layout");
	if (!request) {
		map.name = ctl_read_text(&reader, reply.result, "name");
		map.generation = ctl_read_count(&reader, reply.result, "generation");
		request_tree = ctl_read_object(&reader, reply.result, "request");
	}
	code = ctl_reader_end(&reader);
	if (code)
		return code;
	arena = gpald_arena_new(reply.line.len);
	if (!arena)
		ctl_out_of_memory();
	code = draw(invocation, map, request_tree, layout, arena);
	gpald_arena_free(arena);
	return code;
}

enum ctl_exit ctl_run_map(const struct ctl_invocation *invocation)
{
	const char *operand = invocation->operand_count ? invocation->operands[0] : NULL;
	ctl_cleanup_buffer struct ctl_buffer request = { 0 };
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };
	enum ctl_exit code;

	if (invocation->json && ctl_was_given(invocation, "--svg"))
		return ctl_usage_error("map takes --svg or --json, not both");
	if (operand && operand[0] != '@') {
		if (ctl_request_flag_count(invocation))
			return ctl_usage_error("map takes a name or a request, not both");
		ctl_param_text(&params, "name", operand);
		return ask_and_draw(invocation, "layout.get", ctl_params_end(&params), NULL);
	}
	if (!operand && !ctl_request_flag_count(invocation))
		return ctl_usage_error("map needs NAME, @FILE or flags of a request");
	code = ctl_request_get(invocation, operand ? operand + 1 : NULL, &request);
	if (code)
		return code;
	ctl_param_json(&params, "request", request.data);
	return ask_and_draw(invocation, "layout.resolve", ctl_params_end(&params), request.data);
}
