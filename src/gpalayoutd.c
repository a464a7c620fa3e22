/* SPDX-License-Identifier: MIT */
/* gpalayoutd: reads its options and serves. */
#include "config.h"

#include "server/activation.h"
#include "server/config_file.h"
#include "server/log.h"
#include "server/options.h"
#include "server/server.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE 2

/*
 * Opens descriptors 0 to 2 if they are closed, so that no socket or descriptor of libuv gets these
 * numbers. Closes all others except the `given_count` ones of the service manager, because
 * inherited ones would use up the limit on descriptors, which lowers the limits on connections.
 * Returns false if /dev/null cannot be opened.
 */
static bool prepare_descriptors(int given_count)
{
	const unsigned int first_other = GPALD_ACTIVATION_FIRST + (unsigned int)given_count;
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return false;
	close_range(first_other, ~0U, 0);
	return true;
}

/*
 * Warns if the user namespace of the daemon does not have all uids: users without a uid there look
 * the same, so each of them could change the layouts of the others.
 */
static void warn_of_hidden_users(void)
{
	unsigned long long seen = 0;
	char line[128];
	bool is_read;
	FILE *map = fopen("/proc/self/uid_map", "re");

	if (!map)
		return;
	/*
	 * Each line has the first uid inside the namespace, the first uid outside, and the number
	 * of uids; see user_namespaces(7).
	 */
	while (fgets(line, sizeof(line), map)) {
		char *rest = line;

		strtoull(rest, &rest, 10);
		strtoull(rest, &rest, 10);
		seen += strtoull(rest, NULL, 10);
	}
	is_read = !ferror(map);
	fclose(map);
	/* A namespace without a map hides all users. */
	if (is_read && seen < UINT32_MAX)
		gpald_log(GPALD_LOG_WARNING, "users_hidden",
			  "seen=%llu what=\"a user namespace hides users: they all look the same, "
			  "and may change each other's layouts\" "
			  "hint=\"remove PrivateUsers= from the unit, or start the daemon outside "
			  "the namespace\"",
			  seen);
}

/* The options about the configuration file. */
struct command_line {
	const char *config; /* NULL: GPALD_CONFIG_FILE, if it exists; "none": no file */
	bool is_check;
};

/*
 * Sets an option to a value of the command line. Returns -1 to continue, or the exit status if the
 * value is wrong.
 */
static int set_option(struct gpald_options *options, enum gpald_option option, const char *value)
{
	const char *wrong = gpald_options_set(options, option, value, GPALD_FROM_COMMAND_LINE, 0);

	if (!wrong)
		return -1;
	gpald_log_startup_error("--%s%s%s: %s\nTry 'gpalayoutd --help'.",
				gpald_options_name(option), value ? "=" : "", value ? value : "",
				wrong);
	return EXIT_USAGE;
}

/* Applies an option. Returns -1 to continue, otherwise the exit status. */
static int apply_option(int found, struct command_line *line, struct gpald_options *options)
{
	switch (found) {
	case 'h':
		gpald_options_print_help();
		return 0;
	case 'V':
		puts("gpalayoutd " PACKAGE_VERSION);
		return 0;
	case '?':
		/* getopt_long() has reported the error. */
		fputs("Try 'gpalayoutd --help'.\n", stderr);
		return EXIT_USAGE;
	case GPALD_GETOPT_BASE + GPALD_OPTION_CONFIG:
		line->config = optarg;
		return -1;
	case GPALD_GETOPT_BASE + GPALD_OPTION_CHECK_CONFIG:
		line->is_check = true;
		return -1;
	default:
		return options ? set_option(options, (enum gpald_option)(found - GPALD_GETOPT_BASE),
					    optarg) :
				 -1;
	}
}

/*
 * Reads the command line into `line`, and into `options` unless that is NULL. Returns -1 to
 * continue, otherwise the exit status.
 */
static int read_command_line(int argc, char **argv, struct command_line *line,
			     struct gpald_options *options)
{
	struct option table[GPALD_OPTION_COUNT + 1];
	int found, status = -1;

	gpald_options_for_getopt(table);
	optind = 0; /* getopt_long() starts again */
	while (status < 0 &&
	       (found = getopt_long(argc, argv, GPALD_OPTION_LETTERS, table, NULL)) != -1)
		status = apply_option(found, line, options);
	if (status >= 0)
		return status;
	if (optind < argc) {
		gpald_log_startup_error("%s: unexpected argument\nTry 'gpalayoutd --help'.",
					argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

static int run_daemon(int argc, char **argv, struct gpald_options *options)
{
	struct command_line line = { 0 };
	struct gpald_activation activation;
	const char *unusable = gpald_activation_take_sockets(&activation);
	char quoted[GPALD_LOG_QUOTE_SIZE];
	int status;

	status = read_command_line(argc, argv, &line, NULL);
	if (status >= 0)
		return status;
	if (!line.config || strcmp(line.config, "none") != 0) {
		status = gpald_config_file_read(options, line.config);
		if (status)
			return status;
	}
	status = read_command_line(argc, argv, &line, options);
	if (status >= 0)
		return status;
	status = gpald_options_finish(options, &activation);
	if (status)
		return status;
	if (line.is_check) {
		printf("gpalayoutd: the options%s%s are valid%s\n", options->file ? " and " : "",
		       options->file ? options->file : "",
		       options->file ? "" : "; no configuration file was read");
		return 0;
	}
	if (unusable) {
		gpald_log(GPALD_LOG_ERROR, "sockets_unusable", "error=%s",
			  gpald_log_quote(unusable, quoted));
		return 1;
	}
	warn_of_hidden_users();
	return gpald_server_run(options);
}

int main(int argc, char **argv)
{
	struct gpald_options options;
	int status;

	if (!prepare_descriptors(gpald_activation_count())) {
		fputs("gpalayoutd: cannot open /dev/null\n", stderr);
		return 1;
	}
	gpald_log_open();
	gpald_options_init(&options);
	status = run_daemon(argc, argv, &options);
	gpald_options_clear(&options);
	return status;
}
