/* SPDX-License-Identifier: MIT */
/* gpalayoutd: reads its options and serves. */
#include "config.h"

#include "server/activation.h"
#include "server/listener.h"
#include "server/log.h"
#include "server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <gpalayout/client.h>
#include <grp.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_STATE_FOLDER "/var/lib/gpalayoutd"
#define EXIT_USAGE 2

enum option_code {
	OPTION_SOCKET = 256,
	OPTION_INSPECT_SOCKET,
	OPTION_SOCKET_MODE,
	OPTION_INSPECT_SOCKET_MODE,
	OPTION_SOCKET_GROUP,
	OPTION_ADMIN_GROUP,
	OPTION_STORE,
	OPTION_STATE_DIR,
	OPTION_REQUIRE_STATE,
	OPTION_DEFAULT_POLICY,
	OPTION_LIMIT,
	OPTION_LOG_LEVEL,
};

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, OPTION_SOCKET },
	{ "inspect-socket", required_argument, NULL, OPTION_INSPECT_SOCKET },
	{ "socket-mode", required_argument, NULL, OPTION_SOCKET_MODE },
	{ "inspect-socket-mode", required_argument, NULL, OPTION_INSPECT_SOCKET_MODE },
	{ "socket-group", required_argument, NULL, OPTION_SOCKET_GROUP },
	{ "admin-group", required_argument, NULL, OPTION_ADMIN_GROUP },
	{ "store", required_argument, NULL, OPTION_STORE },
	{ "state-dir", required_argument, NULL, OPTION_STATE_DIR },
	{ "require-state", no_argument, NULL, OPTION_REQUIRE_STATE },
	{ "default-policy", required_argument, NULL, OPTION_DEFAULT_POLICY },
	{ "limit", required_argument, NULL, OPTION_LIMIT },
	{ "log-level", required_argument, NULL, OPTION_LOG_LEVEL },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void print_help(void)
{
	printf("Usage: gpalayoutd [OPTION]...\n"
	       "Answer VM front ends where each guest physical range goes.\n"
	       "\n"
	       "  --socket=PATH               control socket, all methods\n"
	       "                              [$RUNTIME_DIRECTORY/control.sock, else\n"
	       "                              " GPAL_CLIENT_DEFAULT_PATH "]\n"
	       "  --inspect-socket=PATH|none  socket for methods that change nothing\n"
	       "                              [inspect.sock beside the control socket]\n"
	       "  --socket-mode=MODE          mode of the control socket [0660]\n"
	       "  --inspect-socket-mode=MODE  mode of the inspect socket [0666]\n"
	       "  --socket-group=GROUP        group of both sockets, by name or number\n"
	       "  --admin-group=GROUP         members may change layouts of others, as root may\n"
	       "  --store=sqlite|memory       where live layouts are kept; memory keeps them\n"
	       "                              as long as the daemon runs [sqlite]\n"
	       "  --state-dir=DIR             folder of the store, mode 0700\n"
	       "                              [$STATE_DIRECTORY, else " DEFAULT_STATE_FOLDER "]\n"
	       "  --require-state             do not start without an existing registry, for\n"
	       "                              example because its disk is not mounted\n"
	       "  --default-policy=NAME       policy of requests that name none [%s]\n"
	       "  --limit=NAME=VALUE          set a limit; gpalayoutctl info lists them\n"
	       "  --log-level=LEVEL           error, warning, info or debug [info]\n"
	       "  --version                   print the version\n"
	       "  --help                      print this help\n"
	       "\n"
	       "The log goes to standard error. On SIGTERM or SIGINT the daemon answers what was\n"
	       "asked and exits. Any other terminating signal does the same, with status 1.\n"
	       "SIGHUP is ignored, SIGQUIT leaves a core. Exit status: 0 ended by SIGTERM or\n"
	       "SIGINT, 1 could not start, the store failed or another signal came, 2 usage.\n",
	       gpal_policy_default()->name);
}

static int usage(const char *what, const char *value)
{
	fprintf(stderr, "gpalayoutd: %s: %s\nTry 'gpalayoutd --help'.\n", value, what);
	return EXIT_USAGE;
}

static int parse_mode(const char *text, mode_t *mode)
{
	char *end;
	unsigned long value = strtoul(text, &end, 8);

	if (text[0] < '0' || text[0] > '7' || *end != '\0' || value > 0777)
		return usage("a mode is octal, at most 0777", text);
	*mode = (mode_t)value;
	return 0;
}

static int parse_group(const char *text, gid_t *group)
{
	const struct group *entry;
	char *end;
	unsigned long value;

	errno = 0;
	entry = getgrnam(text);
	if (!entry && errno == ENOMEM)
		return usage("out of memory", text);
	if (entry) {
		*group = entry->gr_gid;
		return 0;
	}
	errno = 0;
	value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno ||
	    value >= (unsigned long)GPALD_GROUP_UNCHANGED)
		return usage("no such group", text);
	*group = (gid_t)value;
	return 0;
}

static int parse_policy(const char *name, const struct gpal_policy **policy)
{
	const struct gpal_policy *policies;
	size_t count;

	*policy = gpal_policy_find(name);
	if (*policy)
		return 0;
	policies = gpal_policies(&count);
	fprintf(stderr, "gpalayoutd: %s: no such policy; there are:", name);
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, " %s", policies[i].name);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

static int parse_limit(const char *assignment, struct gpald_limits *limits)
{
	const char *wrong = gpald_limits_set(limits, assignment);

	return wrong ? usage(wrong, assignment) : 0;
}

static int parse_store(const char *name, bool *keeps)
{
	*keeps = strcmp(name, "sqlite") == 0;
	return *keeps || strcmp(name, "memory") == 0 ? 0 :
						       usage("a store is sqlite or memory", name);
}

static int parse_log_level(const char *name)
{
	enum gpald_log_level level;

	if (!gpald_log_level_parse(name, &level))
		return usage("a log level is error, warning, info or debug", name);
	gpald_log_set_level(level);
	return 0;
}

static int parse_option(int option, const char *value, struct gpald_server_options *options,
			bool *keeps)
{
	switch (option) {
	case OPTION_SOCKET:
		options->socket_path = value;
		return 0;
	case OPTION_INSPECT_SOCKET:
		options->inspect_path = value;
		return 0;
	case OPTION_SOCKET_MODE:
		return parse_mode(value, &options->socket_mode);
	case OPTION_INSPECT_SOCKET_MODE:
		return parse_mode(value, &options->inspect_mode);
	case OPTION_SOCKET_GROUP:
		return parse_group(value, &options->group);
	case OPTION_ADMIN_GROUP:
		return parse_group(value, &options->admin_group);
	case OPTION_STORE:
		return parse_store(value, keeps);
	case OPTION_STATE_DIR:
		options->state_folder = value;
		return 0;
	case OPTION_REQUIRE_STATE:
		options->require_state = true;
		return 0;
	case OPTION_DEFAULT_POLICY:
		return parse_policy(value, &options->default_policy);
	case OPTION_LIMIT:
		return parse_limit(value, &options->limits);
	case OPTION_LOG_LEVEL:
		return parse_log_level(value);
	default:
		/* getopt_long() has said what is wrong. */
		fputs("Try 'gpalayoutd --help'.\n", stderr);
		return EXIT_USAGE;
	}
}

/*
 * The state folder of the service manager, who may name several, or the standard
 * one. It is allocated; NULL: out of memory.
 */
static char *standard_state_folder(void)
{
	const char *given = getenv("STATE_DIRECTORY");

	if (!given || given[0] == '\0')
		given = DEFAULT_STATE_FOLDER;
	return strndup(given, strcspn(given, ":"));
}

/*
 * The default of --socket, in the folder that the service manager has made, if it has. It is
 * allocated; NULL: out of memory.
 */
static char *standard_socket(void)
{
	const char *folder = getenv("RUNTIME_DIRECTORY");
	char *path = NULL;

	if (!folder || folder[0] == '\0')
		return strdup(GPAL_CLIENT_DEFAULT_PATH);
	/* It may name several. */
	if (asprintf(&path, "%.*s/control.sock", (int)strcspn(folder, ":"), folder) < 0)
		return NULL;
	return path;
}

/* inspect.sock in the folder of the control socket; NULL: out of memory. */
static char *path_beside(const char *socket_path)
{
	char *copy = strdup(socket_path);
	char *path = NULL;

	if (copy && asprintf(&path, "%s/inspect.sock", dirname(copy)) < 0)
		path = NULL;
	free(copy);
	return path;
}

/*
 * Descriptors 0 to 2 are open from here on, lest a socket or libuv's own get their
 * numbers; all others but those that the service manager gives are closed, because what
 * was inherited would count against the limit on connections.
 */
static bool settle_descriptors(int given)
{
	const unsigned int first_other = GPALD_ACTIVATION_FIRST + (unsigned int)given;
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return false;
	close_range(first_other, ~0U, 0);
	return true;
}

static int check_paths(const struct gpald_server_options *options, bool keeps)
{
	if (options->socket_path[0] == '\0')
		return usage("a socket path must not be empty", "--socket");
	if (options->inspect_path && options->inspect_path[0] == '\0')
		return usage("a socket path must not be empty; none for no socket",
			     "--inspect-socket");
	if (options->state_folder && options->state_folder[0] == '\0')
		return usage("a folder must not be empty", "--state-dir");
	if (options->state_folder && !keeps)
		return usage("the memory store has no folder", "--state-dir");
	if (options->require_state && !keeps)
		return usage("the memory store is always empty", "--require-state");
	return 0;
}

/*
 * In a user namespace that has not all users, the others all look the same, and any of them
 * could change the layouts of the rest.
 */
static void look_at_users(void)
{
	unsigned long long inside, outside, count, seen = 0;
	FILE *map = fopen("/proc/self/uid_map", "re");

	if (!map)
		return;
	while (fscanf(map, "%llu %llu %llu", &inside, &outside, &count) == 3)
		seen += count;
	fclose(map);
	if (seen > 0 && seen < UINT32_MAX)
		gpald_log(
			GPALD_LOG_WARNING, "users_hidden",
			"seen=%llu what=\"a user namespace hides users: they all look like one, and "
			"may change each other's layouts\" hint=\"no PrivateUsers= in the unit\"",
			seen);
}

/* The daemon binds none of its own then, whatever the options say. */
static void use_given(struct gpald_server_options *options,
		      const struct gpald_activation *activation)
{
	options->socket_path = activation->control.path;
	options->control_fd = activation->control.fd;
	options->inspect_path = activation->inspect.fd >= 0 ? activation->inspect.path : NULL;
	options->inspect_fd = activation->inspect.fd;
}

static void free_text(char **text)
{
	free(*text);
}

#define AUTO_FREE __attribute__((cleanup(free_text)))

int main(int argc, char **argv)
{
	struct gpald_server_options options = {
		.control_fd = -1,
		.inspect_fd = -1,
		.socket_mode = 0660,
		.inspect_mode = 0666,
		.group = GPALD_GROUP_UNCHANGED,
		.admin_group = GPALD_GROUP_UNCHANGED,
		.default_policy = gpal_policy_default(),
	};
	AUTO_FREE char *beside = NULL, *state_folder = NULL, *socket_path = NULL;
	struct gpald_activation activation;
	const char *wrong;
	bool keeps = true;
	int option, status;

	if (!settle_descriptors(gpald_activation_count())) {
		fputs("gpalayoutd: cannot open /dev/null\n", stderr);
		return 1;
	}
	wrong = gpald_activation_take(&activation);
	gpald_log_open();
	gpald_limits_init(&options.limits);
	while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
		if (option == 'h') {
			print_help();
			return 0;
		}
		if (option == 'V') {
			puts("gpalayoutd " PACKAGE_VERSION);
			return 0;
		}
		status = parse_option(option, optarg, &options, &keeps);
		if (status)
			return status;
	}
	if (optind < argc)
		return usage("unexpected argument", argv[optind]);
	socket_path = standard_socket();
	if (socket_path && !options.socket_path)
		options.socket_path = socket_path;
	status = socket_path ? check_paths(&options, keeps) : 0;
	if (status)
		return status;

	beside = socket_path ? path_beside(options.socket_path) : NULL;
	state_folder = standard_state_folder();
	if (!beside || !state_folder) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the process exits */
		fputs("gpalayoutd: out of memory\n", stderr);
		return 1;
	}
	if (!options.inspect_path)
		options.inspect_path = beside;
	else if (strcmp(options.inspect_path, "none") == 0)
		options.inspect_path = NULL;
	if (options.inspect_path && strcmp(options.inspect_path, options.socket_path) == 0)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the process exits */
		return usage("the two sockets need two paths", options.socket_path);
	if (keeps && !options.state_folder)
		options.state_folder = state_folder;
	if (wrong) {
		gpald_log(GPALD_LOG_ERROR, "sockets_unusable", "error=\"%s\"", wrong);
		return 1;
	}
	if (activation.count)
		use_given(&options, &activation);
	look_at_users();
	return gpald_server_run(&options);
}
