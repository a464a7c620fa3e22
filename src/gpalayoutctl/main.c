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
#include <unistd.h>

static const struct ctl_command commands[] = {
	{ "resolve", "[FILE|-]", "Resolve the layout of a VM, from a request or from flags", 0, 1,
	  ctl_request_flags, ctl_run_resolve },
	{ "allocate", "FILE|-", "Place ranges with the bare allocator", 1, 1, NULL,
	  ctl_run_allocate },
	{ "policies", "", "List the policies and their defaults", 0, 0, NULL, ctl_run_policies },
	{ "info", "", "Show the daemon's version, sockets and limits", 0, 0, NULL, ctl_run_info },
	{ "schema", "", "Print the protocol's OpenRPC document", 0, 0, NULL, ctl_run_schema },
	{ "call", "METHOD [JSON|@FILE|-]", "Call any method and print its result as JSON", 1, 2,
	  NULL, ctl_run_call },
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
