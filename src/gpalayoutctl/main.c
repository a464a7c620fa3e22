/* SPDX-License-Identifier: MIT */
/*
 * gpalayoutctl: the daemon's client for people and scripts. It turns flags and
 * files into one request and shows the reply; it never computes an address, so
 * that there is one place in the system that does.
 */
#include "config.h"

#include "commands.h"
#include "help.h"
#include "message.h"
#include "request_flags.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

static const struct ctl_command commands[] = {
	{ "create", "NAME [FILE|-]", "Resolve the layout of a VM and have the daemon keep it", 1, 2,
	  NULL, ctl_request_flags, ctl_run_create, true },
	{ "update", "NAME [FILE|-]", "Change a layout to another request, moving nothing unasked",
	  1, 2, ctl_update_flags, ctl_request_flags, ctl_run_update, true },
	{ "get", "NAME", "Show a layout the daemon keeps", 1, 1, ctl_get_flags, NULL, ctl_run_get,
	  false },
	{ "map", "[NAME|@FILE]", "Draw the address map of a layout, or of a request", 0, 1,
	  ctl_map_flags, ctl_request_flags, ctl_run_map, false },
	{ "list", "", "List the layouts the daemon keeps", 0, 0, ctl_list_flags, NULL, ctl_run_list,
	  false },
	{ "delete", "NAME", "Have the daemon drop a layout", 1, 1, ctl_delete_flags, NULL,
	  ctl_run_delete, true },
	{ "probe", "ADDR [NAME]...", "Say what is at an address, by default in every layout", 1,
	  SIZE_MAX, ctl_probe_flags, ctl_request_flags, ctl_run_probe, false },
	{ "explain", "[NAME] [TAG]", "Say why each range, or that with TAG, is where it is", 0, 2,
	  ctl_explain_flags, ctl_request_flags, ctl_run_explain, false },
	{ "compare", "FROM [TO]",
	  "Say what differs between two layouts, each NAME or @FILE (a\n"
	  "request or a layout); exit status 1 if any of FROM moves,\n"
	  "shrinks or goes",
	  1, 2, ctl_compare_flags, NULL, ctl_run_compare, false },
	{ "watch", "", "Follow what happens to layouts, also across daemon restarts", 0, 0,
	  ctl_watch_flags, NULL, ctl_run_watch, false },
	{ "resolve", "[FILE|-]", "Resolve the layout of a VM, from a request or from flags", 0, 1,
	  ctl_resolve_flags, ctl_request_flags, ctl_run_resolve, false },
	{ "fit", "REQUEST...",
	  "Check VMs against the address widths of hosts; REQUEST is\n"
	  "a file, - for standard input, or a folder: its *.json files",
	  1, SIZE_MAX, ctl_fit_flags, NULL, ctl_run_fit, false },
	{ "allocate", "FILE|-", "Place ranges with the bare allocator", 1, 1, NULL, NULL,
	  ctl_run_allocate, false },
	{ "policies", "", "List the policies and their defaults", 0, 0, NULL, NULL,
	  ctl_run_policies, false },
	{ "info", "", "Show the daemon's version, sockets and limits", 0, 0, NULL, NULL,
	  ctl_run_info, false },
	{ "stats", "", "Show what the daemon has done and how long it took", 0, 0, NULL, NULL,
	  ctl_run_stats, false },
	{ "schema", "", "Print the protocol's OpenRPC document", 0, 0, NULL, NULL, ctl_run_schema,
	  false },
	{ "call", "METHOD [JSON|@FILE|-]", "Call any method and print its result as JSON", 1, 2,
	  NULL, NULL, ctl_run_call, false },
	{ 0 },
};

/*
 * A closed standard stream would give its number to the socket, and output would
 * go to the daemon. Each is opened the wrong way round, so that using it fails.
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
	__attribute__((cleanup(ctl_options_free))) struct ctl_invocation invocation;
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };
	enum ctl_exit code;

	occupy_standard_streams();
	code = ctl_options_parse(&invocation, commands, argc, argv);
	if (code)
		return (int)code;
	if (invocation.help)
		ctl_help_append(&out, commands, invocation.command);
	else if (invocation.version)
		ctl_buffer_puts(&out, "gpalayoutctl (" PACKAGE_NAME ") " PACKAGE_VERSION "\n");
	else
		return (int)invocation.command->run(&invocation);
	return (int)ctl_write_output(&out);
}
