/* SPDX-License-Identifier: MIT */
/*
 * gpalayoutctl: the daemon's client for people and scripts. It turns flags and files into requests
 * and shows the replies. It computes no layout: only the daemon does.
 */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/print/print.h"
#include "gpalayoutctl/request/flags.h"
#include "gpalayoutctl/terminal_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define REQUEST .request_flags = ctl_request_flags

/* clang-format off */
static const struct ctl_command commands[] = {
	{ "create", "NAME [FILE|-]", "Resolve the layout of a VM and have the daemon keep it", 1, 2,
	  .flags = ctl_create_flags, REQUEST, .method = "layout.create",
	  .members = { "name", "request" }, .result = &gpald_live_result,
	  .print = ctl_created_append, .only_on_control = true },
	{ "update", "NAME [FILE|-]", "Change a layout to another request, keeping ranges in place",
	  1, 2, .flags = ctl_update_flags, REQUEST, .method = "layout.update",
	  .members = { "name", "request" }, .result = &gpald_update_result,
	  .print = ctl_updated_append, .only_on_control = true },
	{ "get", "NAME", "Show a layout the daemon keeps", 1, 1,
	  .flags = ctl_get_flags, .method = "layout.get", .members = { "name" },
	  .result = &gpald_full_live_result, .print = ctl_live_append },
	{ "map", "[NAME|@FILE]", "Draw the address map of a layout, or of a request", 0, 1,
	  .flags = ctl_map_flags, REQUEST, .run = ctl_run_map },
	{ "list", "[PATTERN]...", "List all layouts, or those whose names match (as in vm-*)", 0,
	  SIZE_MAX, .flags = ctl_list_flags, .run = ctl_run_list },
	{ "delete", "NAME", "Delete a layout the daemon keeps", 1, 1,
	  .flags = ctl_delete_flags, .method = "layout.delete", .members = { "name" },
	  .result = &gpald_deleted_result, .print = ctl_deleted_append, .only_on_control = true },
	{ "probe", "ADDR [NAME]...", "Show what is at an address, by default in every layout", 1,
	  SIZE_MAX, .flags = ctl_probe_flags, REQUEST, .run = ctl_run_probe },
	{ "explain", "[NAME] [TAG]", "Show why each range, or the range TAG, is where it is", 0, 2,
	  .flags = ctl_range_flags, REQUEST, .make_params = ctl_range_params,
	  .method = "layout.explain", .result = &gpald_explanation_result,
	  .print = ctl_explained_append },
	{ "advise", "[NAME] [TAG]",
	  "Show how far RAM, windows and hotplug rooms, or the range "
	  "TAG, could grow; for a request without a layout, which sizes "
	  "would fit",
	  0, 2,
	  .flags = ctl_range_flags, REQUEST, .make_params = ctl_range_params,
	  .method = "layout.advise", .result = &gpald_advice_result, .print = ctl_advised_append },
	{ "compare", "FROM [TO]",
	  "Show what differs between two layouts, each NAME or @FILE (a "
	  "request or a layout); exit status 1 if the architectures "
	  "differ, or if a range of FROM, except reserved ones, moves, "
	  "shrinks, changes its use or is removed", 1, 2,
	  .flags = ctl_compare_flags, .run = ctl_run_compare },
	{ "history", "NAME", "Show who changed a layout and when, also after its deletion", 1, 1,
	  .method = "layout.history", .members = { "name" }, .result = &gpald_history_result,
	  .print = ctl_history_append },
	{ "watch", "", "Print each change of any layout, also across daemon restarts", 0, 0,
	  .flags = ctl_watch_flags, .run = ctl_run_watch },
	{ "resolve", "[FILE|-]", "Resolve the layout of a VM, from a request or from options", 0, 1,
	  .flags = ctl_resolve_flags, REQUEST, .method = "layout.resolve",
	  .members = { "request" }, .result = &gpald_layout_result, .print = ctl_resolved_append },
	{ "fit", "REQUEST...",
	  "Check VMs against the address widths of hosts; REQUEST is "
	  "a file, - for standard input, or a folder of *.json files", 1, SIZE_MAX,
	  .flags = ctl_fit_flags, .run = ctl_run_fit },
	{ "allocate", "FILE|-", "Place ranges with the bare allocator", 1, 1,
	  .method = "layout.allocate", .result = &gpald_map_result, .print = ctl_allocated_append },
	{ "policies", "", "List the policies and their defaults", 0, 0,
	  .method = "policy.list", .result = &gpald_policies_result, .print = ctl_policies_append },
	{ "info", "", "Show the daemon's version, sockets, limits and options", 0, 0,
	  .method = "daemon.info", .result = &gpald_info_result, .print = ctl_info_append },
	{ "stats", "", "Show counters and latencies of the daemon", 0, 0,
	  .flags = ctl_stats_flags, .method = "daemon.stats", .result = &gpald_stats_result,
	  .print = ctl_stats_append },
	{ "backup", "FILE|-", "Write all layouts to a file, for gpalayoutd --restore", 1, 1,
	  .run = ctl_run_backup, .only_on_control = true },
	{ "doctor", "", "Show faults of this host's service, and how to fix them", 0, 0,
	  .run = ctl_run_doctor },
	{ "schema", "", "Print the protocol's OpenRPC document", 0, 0, .run = ctl_run_schema },
	{ "call", "METHOD [JSON|@FILE|-]", "Call any method and print its result as JSON", 1, 2,
	  .run = ctl_run_call },
	{ 0 },
};
/* clang-format on */

/* The help is made from the tables that also parse the command line. */

#define TEXT_COLUMN 30
#define COLUMNS_MAX 80

static const char usage_end[] =
	"\n"
	"SIZE and ADDR are in bytes: either 0x and hexadecimal digits, or a whole decimal number, "
	"which may end in K, M, G, T or P (powers of 1024, also written as KB or KiB).\n"
	"\n"
	"Exit status: 0 done or yes; 1 no (compare, fit) or a fault found (doctor);\n"
	"2 wrong usage, or a value, file or output that cannot be used;\n"
	"3 no daemon, an invalid reply, or the daemon cannot serve now;\n"
	"4 refused for another reason, such as invalid_size; 5 not found;\n"
	"6 conflict or generation mismatch; 7 exhausted, or too wide for the host.";

/*
 * Appends a text and a newline. The first line begins in column `indent`, where the output is, and
 * the others are indented to it.
 */
static void append_text(struct gpald_bytes *out, size_t indent, const char *text)
{
	bool is_first = true;

	for (const char *line = text; *line; line = text, is_first = false) {
		const size_t length = ctl_take_text_line(&text, COLUMNS_MAX - indent);

		ctl_buffer_printf(out, "%*s%.*s\n", is_first ? 0 : (int)indent, "", (int)length,
				  line);
	}
}

/* Appends a name and a text in two columns. */
static void append_entry(struct gpald_bytes *out, const char *letter, const char *name,
			 const char *value_name, const char *text)
{
	size_t start = out->length;
	size_t width;

	ctl_buffer_printf(out, "  %s%s%s%s%s", letter ? letter : "", letter ? ", " : "", name,
			  value_name ? " " : "", value_name ? value_name : "");
	width = out->length - start;
	if (width + 2 > TEXT_COLUMN)
		ctl_buffer_printf(out, "\n%*s", TEXT_COLUMN, "");
	else
		ctl_buffer_printf(out, "%*s", (int)(TEXT_COLUMN - width), "");
	append_text(out, TEXT_COLUMN, text);
}

static void append_flags(struct gpald_bytes *out, const char *title, const struct ctl_flag *flags)
{
	ctl_buffer_printf(out, "\n%s:\n", title);
	for (; flags->name; flags++)
		append_entry(out, flags->letter, flags->name, flags->value_name, flags->help);
}

/* Appends the help of `command`, or of the program when it is NULL. */
static void append_help(struct gpald_bytes *out, const struct ctl_command *command)
{
	if (command) {
		ctl_cleanup_buffer struct gpald_bytes summary = { 0 };

		ctl_buffer_printf(&summary, "%s.", command->summary);
		ctl_buffer_printf(out, "Usage: gpalayoutctl %s [OPTION]...%s%s\n", command->name,
				  *command->operands ? " " : "", command->operands);
		append_text(out, 0, ctl_buffer_text(&summary));
		if (command->flags)
			append_flags(out, "Options of the command", command->flags);
		if (command->request_flags)
			append_flags(out, "Options of the request", command->request_flags);
	} else {
		ctl_buffer_puts(out, "Usage: gpalayoutctl [OPTION]... COMMAND [ARGUMENT]...\n"
				     "Asks gpalayoutd where the guest physical ranges of a VM go.\n"
				     "\n"
				     "Commands:\n");
		for (command = commands; command->name; command++)
			append_entry(out, NULL, command->name, command->operands, command->summary);
	}
	append_flags(out, "Options", ctl_global_flags);
	append_text(out, 0, usage_end);
}

/*
 * If a standard stream is closed, the socket would get its number, and output would go to the
 * daemon. Opens /dev/null instead, in the wrong direction, so that using the stream fails.
 */
static void occupy_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(CTL_USAGE);
	}
}

int main(int argc, char **argv)
{
	ctl_cleanup_invocation struct ctl_invocation invocation = { 0 };
	ctl_cleanup_session struct ctl_session session = {
		.invocation = &invocation,
	};
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };
	const struct ctl_command *command;
	enum ctl_exit code;

	occupy_standard_streams();
	if (argc > 1 && strcmp(argv[1], CTL_COMPLETE) == 0)
		return (int)ctl_complete(commands, argc - 2, argv + 2);
	code = ctl_invocation_parse(&invocation, commands, argc, argv);
	if (code)
		return (int)code;
	command = invocation.command;
	if (!invocation.help && !invocation.version)
		return (int)(command->run ? command->run(&session) : ctl_run_method(&session));
	if (invocation.help)
		append_help(&out, command);
	else
		ctl_buffer_puts(&out, "gpalayoutctl (" PACKAGE_NAME ") " PACKAGE_VERSION "\n");
	return (int)ctl_print_paged(&invocation, &out);
}
