/* SPDX-License-Identifier: MIT */
/*
 * Draws a layout that the daemon keeps, or that of a request, which the daemon resolves. map/ makes
 * the picture.
 */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/map/map.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/output_file.h"
#include "gpalayoutctl/request/flags.h"
#include "gpalayoutctl/request/request.h"
#include "gpalayoutctl/terminal_text.h"
#include "wire/json_parse.h"
#include "wire/request_decode.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
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

/* A new file has the mode that the umask gives to all files of the user. */
static enum ctl_exit write_file(const char *path, const struct gpald_bytes *content)
{
	struct ctl_output_file file;
	int error = ctl_output_file_open(&file, path, 0666);

	if (!error) {
		error = ctl_write_all(file.fd, ctl_buffer_text(content), content->length);
		if (error)
			ctl_output_file_discard(&file);
		else
			error = ctl_output_file_finish(&file);
	}
	return error ? ctl_error("%s: %s", path, strerror(error)) : CTL_OK;
}

static enum ctl_exit draw_map(const struct ctl_session *session, const struct ctl_map *map)
{
	const char *file = ctl_flag_value(session->invocation, "--svg");
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };
	struct ctl_map_terminal terminal;

	if (!ctl_map_can_be_drawn(map->layout))
		return ctl_invalid_reply(
			session, "its map has no ranges, or some that are empty or overlap");
	if (file) {
		ctl_map_append_svg(&out, map);
		return strcmp(file, "-") == 0 ? ctl_write_output(&out) : write_file(file, &out);
	}
	terminal = this_terminal();
	ctl_map_append_terminal(&out, map, &terminal);
	return ctl_print_paged(session->invocation, &out);
}

static enum ctl_exit draw_live(struct ctl_session *session)
{
	const struct gpal_client_live *live = ctl_decode_result(session, &gpald_full_live_result);

	if (!live)
		return CTL_NO_DAEMON;
	return draw_map(session, &(const struct ctl_map){ live->name, live->generation,
							  live->request, live->layout });
}

/* The daemon accepted the request, so it can be decoded here, unless the daemon is newer. */
static enum ctl_exit draw_request(struct ctl_session *session)
{
	static const struct gpald_member row = { .name = "request",
						 .decode = gpald_decode_request,
						 .required = true };
	static const struct gpald_members members = { &row, 1 };
	const struct gpal_layout *layout = ctl_decode_result(session, &gpald_layout_result);
	struct gpal_request request = { .node_count = 0 };
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	struct gpald_wire_error fault;
	const cJSON *tree;

	if (!layout)
		return CTL_NO_DAEMON;
	ctl_add_member(&text, "request", session->request.data);
	if (gpald_json_parse(text.data, text.length, session->arena, &tree, &fault) ||
	    gpald_decode_reply(&members, tree, &request, session->arena, &fault))
		return ctl_invalid_reply(session, fault.message);
	return draw_map(session, &(const struct ctl_map){ "request", 0, &request, layout });
}

enum ctl_exit ctl_run_map(struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;
	const char *operand = ctl_operand(invocation, 0);
	const bool is_live = operand && operand[0] != '@';
	ctl_cleanup_buffer struct gpald_bytes params = { 0 };
	enum ctl_exit code = CTL_OK;

	if (ctl_flag_was_given(invocation, "--svg") && !ctl_wants_text(session))
		return ctl_error("map takes --svg or %s, not both", invocation->json  ? "--json" :
								    invocation->field ? "--field" :
											"--quiet");
	if (is_live && ctl_request_flag_count(invocation))
		return ctl_error("map takes a name or a request, not both");
	if (!operand && !ctl_request_flag_count(invocation))
		return ctl_error("map needs NAME, @FILE or options of a request");
	if (!is_live)
		code = ctl_request_take(session, operand ? operand + 1 : NULL);
	if (code)
		return code;
	ctl_layout_params(session, &params, is_live ? operand : NULL);
	code = ctl_call_and_print(session, is_live ? "layout.get" : "layout.resolve", params.data);
	if (code || !ctl_wants_text(session))
		return code;
	return is_live ? draw_live(session) : draw_request(session);
}
