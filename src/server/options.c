/* SPDX-License-Identifier: MIT */
/*
 * The options of the daemon. The functions that set values from outside also set the defaults.
 */
#include "config.h"

#include "server/options.h"

#include "core/text.h"
#include "server/config_file.h"
#include "server/confine.h"
#include "server/listener.h"
#include "server/log.h"

#include <assert.h>
#include <errno.h>
#include <gpalayout/client.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define DEFAULT_STATE_FOLDER "/var/lib/gpalayoutd"
#define EXIT_USAGE 2
#define HELP_INDENT 30
#define HELP_COLUMNS 80

/*
 * Sets an option. Returns what is wrong with the value, valid until the next call; NULL: nothing.
 */
typedef const char *option_set(struct gpald_options *options, const char *value);

static const char *check_socket_path(const char *path)
{
	static_assert(sizeof(((struct sockaddr_un *)NULL)->sun_path) == 108,
		      "the message below says 107 bytes");
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return "a socket path may have at most 107 bytes";
	return path[0] ? NULL : "a socket path must not be empty";
}

static const char *set_socket(struct gpald_options *options, const char *value)
{
	options->socket_path = value;
	return strcmp(value, "none") == 0 ?
		       "the control socket cannot be turned off; expected a path" :
		       check_socket_path(value);
}

static const char *set_inspect_socket(struct gpald_options *options, const char *value)
{
	options->inspect_path = value;
	return value[0] ? check_socket_path(value) :
			  "a socket path must not be empty; use none for no socket";
}

static const char *set_ttrpc_socket(struct gpald_options *options, const char *value)
{
	options->ttrpc_path = strcmp(value, "none") == 0 ? NULL : value;
	return value[0] ? check_socket_path(value) :
			  "a socket path must not be empty; use none for no socket";
}

static const char *parse_mode(const char *text, mode_t *mode)
{
	char *end;
	unsigned long value = strtoul(text, &end, 8);

	if (text[0] < '0' || text[0] > '7' || *end != '\0' || value > 0777)
		return "expected an octal mode of at most 0777";
	*mode = (mode_t)value;
	return NULL;
}

static const char *set_socket_mode(struct gpald_options *options, const char *value)
{
	return parse_mode(value, &options->socket_mode);
}

static const char *set_inspect_mode(struct gpald_options *options, const char *value)
{
	return parse_mode(value, &options->inspect_mode);
}

static const char *parse_group(const char *text, gid_t *group)
{
	const struct group *entry;
	char *end;
	unsigned long value;

	errno = 0;
	entry = getgrnam(text);
	if (!entry && errno == ENOMEM)
		return "out of memory";
	if (entry) {
		*group = entry->gr_gid;
		return NULL;
	}
	errno = 0;
	value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno ||
	    value >= (unsigned long)GPALD_GROUP_UNCHANGED)
		return "no such group";
	*group = (gid_t)value;
	return NULL;
}

static const char *set_socket_group(struct gpald_options *options, const char *value)
{
	return parse_group(value, &options->socket_group);
}

static const char *set_admin_group(struct gpald_options *options, const char *value)
{
	return parse_group(value, &options->admin_group);
}

static const char *set_store(struct gpald_options *options, const char *value)
{
	options->is_on_disk = strcmp(value, "sqlite") == 0;
	return options->is_on_disk || strcmp(value, "memory") == 0 ? NULL :
								     "expected sqlite or memory";
}

static const char *set_state_folder(struct gpald_options *options, const char *value)
{
	options->state_folder = value;
	return value[0] ? NULL : "the path of the folder must not be empty";
}

static const char *set_require_state(struct gpald_options *options, const char *value)
{
	options->require_state = strcmp(value, "yes") == 0;
	return options->require_state || strcmp(value, "no") == 0 ? NULL : "expected yes or no";
}

static const char *set_backup(struct gpald_options *options, const char *value)
{
	options->backup = value;
	return value[0] ? NULL : "the path of the file must not be empty";
}

static const char *set_default_policy(struct gpald_options *options, const char *value)
{
	const struct gpal_policy *policies;
	size_t count, used;

	options->default_policy = gpal_policy_find(value);
	if (options->default_policy)
		return NULL;
	policies = gpal_policies(&count);
	used = (size_t)snprintf(options->wrong, sizeof(options->wrong),
				"no such policy; the policies are:");
	for (size_t i = 0; i < count && used < sizeof(options->wrong); i++)
		used += (size_t)snprintf(options->wrong + used, sizeof(options->wrong) - used,
					 " %s", policies[i].name);
	return options->wrong;
}

static const char *set_user(struct gpald_options *options, const char *value)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(value);
	if (!entry)
		return errno == ENOMEM ? "out of memory" : "no such user";
	options->user = value;
	options->user_uid = entry->pw_uid;
	options->user_gid = entry->pw_gid;
	return NULL;
}

static const char *set_confine(struct gpald_options *options, const char *value)
{
	options->is_confined = strcmp(value, "yes") == 0;
	return options->is_confined || strcmp(value, "no") == 0 ? NULL : "expected yes or no";
}

static const char *set_log_level(struct gpald_options *options, const char *value)
{
	enum gpald_log_level level;

	(void)options;
	if (!gpald_log_level_parse(value, &level))
		return "expected error, warning, info or debug";
	gpald_log_set_level(level);
	return NULL;
}

/* `help` and `help_default` have the line breaks of --help. */
static const struct row {
	const char *name;
	const char *form; /* the form of its value; NULL: it takes none */
	const char *help;
	const char *default_value; /* the default; NULL: none in this table */
	const char *help_default;  /* the default in --help; NULL: `default_value` */
	option_set *set;           /* NULL: gpalayoutd.c or limits.c handles it */
	int has_arg;               /* for getopt_long() */
	int letter;                /* the short option; 0: none */
} rows[] = {
	[GPALD_OPTION_SOCKET] = { "socket", "PATH", "control socket, all methods",
				  GPAL_CLIENT_DEFAULT_PATH,
				  ("$RUNTIME_DIRECTORY/control.sock, "
				   "else\n" GPAL_CLIENT_DEFAULT_PATH),
				  set_socket, required_argument, 0 },
	[GPALD_OPTION_INSPECT_SOCKET] = { "inspect-socket", "PATH|none",
					  "socket for all methods except registry.backup and\n"
					  "those that change something",
					  NULL, "inspect.sock beside the control socket",
					  set_inspect_socket, required_argument, 0 },
	[GPALD_OPTION_TTRPC_SOCKET] = { "ttrpc-socket", "PATH|none",
					"socket for all methods over ttrpc", "none", NULL,
					set_ttrpc_socket, required_argument, 0 },
	[GPALD_OPTION_SOCKET_MODE] = { "socket-mode", "MODE",
				       "mode of the control and the ttrpc socket", "0660", NULL,
				       set_socket_mode, required_argument, 0 },
	[GPALD_OPTION_INSPECT_SOCKET_MODE] = { "inspect-socket-mode", "MODE",
					       "mode of the inspect socket", "0666", NULL,
					       set_inspect_mode, required_argument, 0 },
	[GPALD_OPTION_SOCKET_GROUP] = { "socket-group", "GROUP",
					"group of the sockets, by name or number", NULL, NULL,
					set_socket_group, required_argument, 0 },
	[GPALD_OPTION_ADMIN_GROUP] = { "admin-group", "GROUP",
				       "its members may change layouts of others and\n"
				       "take backups",
				       NULL, NULL, set_admin_group, required_argument, 0 },
	[GPALD_OPTION_STORE] = { "store", "sqlite|memory",
				 "where live layouts are kept; memory keeps them\n"
				 "only while the daemon runs",
				 "sqlite", NULL, set_store, required_argument, 0 },
	[GPALD_OPTION_STATE_DIR] = { "state-dir", "DIR", "folder of the store, mode 0700",
				     DEFAULT_STATE_FOLDER,
				     "$STATE_DIRECTORY, else " DEFAULT_STATE_FOLDER,
				     set_state_folder, required_argument, 0 },
	[GPALD_OPTION_REQUIRE_STATE] = { "require-state", "yes|no",
					 "do not start if there is no registry, for example\n"
					 "because its disk is not mounted",
					 "no", NULL, set_require_state, optional_argument, 0 },
	[GPALD_OPTION_DEFAULT_POLICY] = { "default-policy", "NAME",
					  "policy of requests that name none", NULL, NULL,
					  set_default_policy, required_argument, 0 },
	[GPALD_OPTION_LIMIT] = { "limit", "NAME=VALUE", "set a limit; gpalayoutctl info lists them",
				 NULL, NULL, NULL, required_argument, 0 },
	[GPALD_OPTION_USER] = { "user", "NAME", "user to become, if root starts the daemon", NULL,
				NULL, set_user, required_argument, 0 },
	[GPALD_OPTION_CONFINE] = { "confine", "yes|no",
				   "allow only the system calls that serving needs",
				   GPALD_CONFINE_DEFAULT, NULL, set_confine, required_argument, 0 },
	[GPALD_OPTION_LOG_LEVEL] = { "log-level", "LEVEL", "error, warning, info or debug", "info",
				     NULL, set_log_level, required_argument, 0 },
	[GPALD_OPTION_CONFIG] = { "config", "FILE|none",
				  "read options from FILE; the command line wins", NULL,
				  GPALD_CONFIG_FILE ", if it exists", NULL, required_argument, 0 },
	[GPALD_OPTION_CHECK_CONFIG] = { "check-config", NULL,
					"check the options and the file, and exit", NULL, NULL,
					NULL, no_argument, 0 },
	[GPALD_OPTION_RESTORE] = { "restore", "FILE",
				   "start with the layouts of a backup; the state\n"
				   "folder must not have a registry",
				   NULL, NULL, set_backup, required_argument, 0 },
	[GPALD_OPTION_VERSION] = { "version", NULL, "print the version", NULL, NULL, NULL,
				   no_argument, 'V' },
	[GPALD_OPTION_HELP] = { "help", NULL, "print this help", NULL, NULL, NULL, no_argument,
				'h' },
};

static_assert(sizeof(rows) / sizeof(rows[0]) == GPALD_OPTION_COUNT, "each option has a row");

static const char *const source_names[] = {
	[GPALD_FROM_DEFAULT] = "default",
	[GPALD_FROM_ENVIRONMENT] = "environment",
	[GPALD_FROM_FILE] = "file",
	[GPALD_FROM_COMMAND_LINE] = "command line",
	[GPALD_FROM_SERVICE_MANAGER] = "service manager",
};

static_assert(sizeof(source_names) / sizeof(source_names[0]) == GPALD_SOURCE_COUNT,
	      "each source has a name");

/* Returns the default, if it is constant. That of default-policy is not in the table. */
static const char *default_of(enum gpald_option option)
{
	return option == GPALD_OPTION_DEFAULT_POLICY ? gpal_policy_default()->name :
						       rows[option].default_value;
}

void gpald_options_init(struct gpald_options *options)
{
	*options = (struct gpald_options){
		.control_fd = -1,
		.inspect_fd = -1,
		.ttrpc_fd = -1,
		.socket_group = GPALD_GROUP_UNCHANGED,
		.admin_group = GPALD_NO_GROUP,
	};
	gpald_limits_init(&options->limits);
	for (int i = 0; i < GPALD_OPTION_KEY_COUNT; i++) {
		const enum gpald_option option = (enum gpald_option)i;
		const char *value = default_of(option);
		const char *wrong =
			value ? gpald_options_set(options, option, value, GPALD_FROM_DEFAULT, 0) :
				NULL;

		assert(!wrong);
	}
}

void gpald_options_clear(struct gpald_options *options)
{
	free(options->environment_socket);
	free(options->environment_folder);
	free(options->default_inspect);
	free(options->file_text);
}

enum gpald_option gpald_options_find(const char *name)
{
	int i = 0;

	while (i < GPALD_OPTION_COUNT && strcmp(rows[i].name, name) != 0)
		i++;
	return (enum gpald_option)i;
}

const char *gpald_options_name(enum gpald_option option)
{
	return rows[option].name;
}

const char *gpald_options_value_form(enum gpald_option option)
{
	return rows[option].form;
}

static const char *given_twice(struct gpald_options *options, const char *name, unsigned int line)
{
	snprintf(options->wrong, sizeof(options->wrong),
		 "%s is given twice; line %u has it already", name, line);
	return options->wrong;
}

const char *gpald_options_set(struct gpald_options *options, enum gpald_option option,
			      const char *value, enum gpald_source source, unsigned int line)
{
	struct gpald_setting *setting = &options->settings[option];
	const char *name = rows[option].name, *wrong;
	enum gpald_limit limit;

	if (!value)
		value = "yes";
	/* daemon.info returns the value, and JSON is UTF-8. */
	if (!gpald_is_utf8(value))
		return "the value is not UTF-8";
	if (option == GPALD_OPTION_LIMIT) {
		wrong = gpald_limits_set(&options->limits, value, &limit);
		if (!wrong) {
			setting = &options->limit_settings[limit];
			name = gpald_limit_name(limit);
		}
	} else {
		wrong = rows[option].set(options, value);
	}
	if (wrong)
		return wrong;
	if (source == GPALD_FROM_FILE && setting->source == GPALD_FROM_FILE)
		return given_twice(options, name, setting->line);
	*setting = (struct gpald_setting){ value, source, line };
	return NULL;
}

/* Returns the path of inspect.sock in the folder of the control socket; NULL: out of memory. */
static char *inspect_path_beside(const char *socket_path)
{
	char *copy = strdup(socket_path);
	char *path = NULL;

	if (copy && asprintf(&path, "%s/inspect.sock", dirname(copy)) < 0)
		path = NULL;
	free(copy);
	return path;
}

/* Reports an option that is not allowed together with others. */
static int refuse_option(const struct gpald_options *options, enum gpald_option option,
			 const char *what)
{
	const struct gpald_setting *setting = &options->settings[option];

	if (setting->source == GPALD_FROM_FILE)
		gpald_log_startup_error("%s:%u: %s: %s", options->file, setting->line,
					rows[option].name, what);
	else
		gpald_log_startup_error("--%s: %s\nTry 'gpalayoutd --help'.", rows[option].name,
					what);
	return EXIT_USAGE;
}

static int finish_sockets(struct gpald_options *options, bool binds)
{
	if (!options->inspect_path) {
		options->default_inspect = inspect_path_beside(options->socket_path);
		if (!options->default_inspect) {
			gpald_log_startup_error("out of memory");
			return 1;
		}
		if (gpald_options_set(options, GPALD_OPTION_INSPECT_SOCKET,
				      options->default_inspect, GPALD_FROM_DEFAULT, 0) &&
		    binds)
			return refuse_option(options, GPALD_OPTION_SOCKET,
					     "the default of inspect-socket, beside this path, has "
					     "more than 107 bytes; set inspect-socket, too");
	} else if (strcmp(options->inspect_path, "none") == 0) {
		options->inspect_path = NULL;
	}
	if (options->inspect_path && strcmp(options->inspect_path, options->socket_path) == 0)
		return options->settings[GPALD_OPTION_INSPECT_SOCKET].source ?
			       refuse_option(options, GPALD_OPTION_INSPECT_SOCKET,
					     "each socket needs a path of its own") :
			       refuse_option(options, GPALD_OPTION_SOCKET,
					     "each socket needs a path of its own, and this is "
					     "the default of inspect-socket; set that, too");
	if (options->ttrpc_path &&
	    (strcmp(options->ttrpc_path, options->socket_path) == 0 ||
	     (options->inspect_path && strcmp(options->ttrpc_path, options->inspect_path) == 0)))
		return refuse_option(options, GPALD_OPTION_TTRPC_SOCKET,
				     "each socket needs a path of its own");
	return 0;
}

/*
 * The memory store has no folder, and is empty at each start. An option that needs a folder is
 * ignored if the choice of the store has a higher priority; otherwise it is an error.
 */
static int finish_store(struct gpald_options *options)
{
	struct gpald_setting *settings = options->settings;
	const enum gpald_source chosen = settings[GPALD_OPTION_STORE].source;

	if (options->is_on_disk)
		return 0;
	if (options->backup)
		return refuse_option(options, GPALD_OPTION_RESTORE,
				     "the memory store cannot restore a backup; use "
				     "--store=sqlite");
	if (settings[GPALD_OPTION_STATE_DIR].source > GPALD_FROM_ENVIRONMENT &&
	    settings[GPALD_OPTION_STATE_DIR].source >= chosen)
		return refuse_option(options, GPALD_OPTION_STATE_DIR,
				     "the memory store has no folder; use "
				     "--store=sqlite or omit this option");
	if (options->require_state && settings[GPALD_OPTION_REQUIRE_STATE].source >= chosen)
		return refuse_option(
			options, GPALD_OPTION_REQUIRE_STATE,
			"the memory store is empty at each start; use --store=sqlite or "
			"omit this option");
	options->state_folder = NULL;
	options->require_state = false;
	settings[GPALD_OPTION_STATE_DIR] = (struct gpald_setting){ 0 };
	settings[GPALD_OPTION_REQUIRE_STATE] =
		(struct gpald_setting){ .value = rows[GPALD_OPTION_REQUIRE_STATE].default_value };
	return 0;
}

/*
 * Warns if an option about sockets was set: the service manager gives the sockets, so only their
 * units can set it.
 */
static void warn_of_unused(const struct gpald_options *options, enum gpald_option option,
			   const char *instead)
{
	const struct gpald_setting *setting = &options->settings[option];

	if (setting->source == GPALD_FROM_FILE || setting->source == GPALD_FROM_COMMAND_LINE)
		gpald_log(GPALD_LOG_WARNING, "option_unused",
			  "option=%s from=\"%s\" why=\"the service manager gives the sockets\" "
			  "hint=\"%s\"",
			  rows[option].name, source_names[setting->source], instead);
}

/*
 * Uses the sockets of the service manager. The daemon then binds none itself, whatever the options
 * are.
 */
static void use_given_sockets(struct gpald_options *options,
			      const struct gpald_activation *activation)
{
	static const struct {
		enum gpald_option option;
		const char *instead;
	} replaced[] = {
		{ GPALD_OPTION_SOCKET, "set ListenStream= in gpalayoutd.socket" },
		{ GPALD_OPTION_INSPECT_SOCKET,
		  "set ListenStream= in gpalayoutd-inspect.socket; for no inspect socket: "
		  "systemctl stop gpalayoutd.service gpalayoutd-inspect.socket; "
		  "systemctl mask gpalayoutd-inspect.socket" },
		{ GPALD_OPTION_TTRPC_SOCKET,
		  "set ListenStream= in gpalayoutd-ttrpc.socket; to turn ttrpc on: "
		  "systemctl stop gpalayoutd.service; "
		  "systemctl enable --now gpalayoutd-ttrpc.socket" },
		{ GPALD_OPTION_SOCKET_MODE,
		  "set SocketMode= in gpalayoutd.socket and gpalayoutd-ttrpc.socket" },
		{ GPALD_OPTION_INSPECT_SOCKET_MODE,
		  "set SocketMode= in gpalayoutd-inspect.socket" },
		{ GPALD_OPTION_SOCKET_GROUP, "set SocketGroup= in the units of the sockets" },
	};

	for (size_t i = 0; i < sizeof(replaced) / sizeof(replaced[0]); i++) {
		warn_of_unused(options, replaced[i].option, replaced[i].instead);
		options->settings[replaced[i].option] =
			(struct gpald_setting){ .source = GPALD_FROM_SERVICE_MANAGER };
	}
	options->socket_path = activation->control.path;
	options->control_fd = activation->control.fd;
	options->inspect_path = activation->inspect.fd >= 0 ? activation->inspect.path : NULL;
	options->inspect_fd = activation->inspect.fd;
	options->ttrpc_path = activation->ttrpc.fd >= 0 ? activation->ttrpc.path : NULL;
	options->ttrpc_fd = activation->ttrpc.fd;
	options->settings[GPALD_OPTION_SOCKET].value = options->socket_path;
	options->settings[GPALD_OPTION_TTRPC_SOCKET].value =
		options->ttrpc_path ? options->ttrpc_path : "none";
	options->settings[GPALD_OPTION_INSPECT_SOCKET].value =
		options->inspect_path ? options->inspect_path : "none";
}

bool gpald_options_is_given(const struct gpald_options *options, enum gpald_option option)
{
	return options->settings[option].source != GPALD_FROM_DEFAULT;
}

void gpald_options_drop_confine(struct gpald_options *options)
{
	options->is_confined = false;
	options->settings[GPALD_OPTION_CONFINE].value = "no";
}

/*
 * If the option is not set and the variable of the service manager is, sets the option to the first
 * folder in the variable, followed by `rest`. Free `text` later. Returns 0, or the exit status
 * after a message.
 */
static int set_from_environment(struct gpald_options *options, enum gpald_option option,
				const char *variable, const char *rest, char **text)
{
	const char *folder = getenv(variable);
	const size_t length = folder ? strcspn(folder, ":") : 0;
	const char *wrong = "out of memory";

	if (!length || gpald_options_is_given(options, option))
		return 0;
	if (asprintf(text, "%.*s%s", (int)length, folder, rest) < 0)
		*text = NULL;
	else
		wrong = gpald_options_set(options, option, *text, GPALD_FROM_ENVIRONMENT, 0);
	if (!wrong)
		return 0;
	gpald_log_startup_error("$%s: %s", variable, wrong);
	return 1;
}

int gpald_options_finish(struct gpald_options *options, const struct gpald_activation *activation)
{
	int status = 0;

	if (options->is_on_disk)
		status = set_from_environment(options, GPALD_OPTION_STATE_DIR, "STATE_DIRECTORY",
					      "", &options->environment_folder);
	if (!status && !activation->count)
		status = set_from_environment(options, GPALD_OPTION_SOCKET, "RUNTIME_DIRECTORY",
					      "/control.sock", &options->environment_socket);
	if (!status)
		status = finish_store(options);
	if (!status)
		status = finish_sockets(options, !activation->count);
	if (status || !activation->count)
		return status;
	if (!gpald_is_utf8(activation->control.path) || !gpald_is_utf8(activation->inspect.path) ||
	    !gpald_is_utf8(activation->ttrpc.path)) {
		gpald_log_startup_error(
			"a socket that the service manager gives has a path that is "
			"not UTF-8");
		return 1;
	}
	use_given_sockets(options, activation);
	return 0;
}

void gpald_options_for_getopt(struct option table[GPALD_OPTION_COUNT + 1])
{
	for (int i = 0; i < GPALD_OPTION_COUNT; i++)
		table[i] =
			(struct option){ rows[i].name, rows[i].has_arg, NULL,
					 rows[i].letter ? rows[i].letter : GPALD_GETOPT_BASE + i };
	table[GPALD_OPTION_COUNT] = (struct option){ 0 };
}

/* Prints a text from `column` on, and indents its further lines. Returns the column of its end. */
static int print_text(int column, const char *text)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1, column = HELP_INDENT)
		printf("%.*s\n%*s", (int)(end - text), text, HELP_INDENT, "");
	return column + printf("%s", text);
}

static void print_option(enum gpald_option option)
{
	const struct row *row = &rows[option];
	const char *shown = row->help_default ? row->help_default : default_of(option);
	char head[HELP_INDENT];
	int column;

	snprintf(head, sizeof(head), "--%s", row->name);
	if (row->form)
		snprintf(head + strlen(head), sizeof(head) - strlen(head),
			 row->has_arg == optional_argument ? "[=%s]" : "=%s", row->form);
	printf("  %-*s", HELP_INDENT - 2, head);
	column = print_text(HELP_INDENT, row->help);
	if (shown) {
		const bool fits = column + 3 + (int)strcspn(shown, "\n") <= HELP_COLUMNS;

		if (!fits)
			printf("\n%*s", HELP_INDENT, "");
		print_text(HELP_INDENT, fits ? " [" : "[");
		print_text(HELP_INDENT, shown);
		putchar(']');
	}
	putchar('\n');
}

void gpald_options_print_help(void)
{
	fputs("Usage: gpalayoutd [OPTION]...\n"
	      "Computes where each guest physical range of a VM goes, for VM front ends.\n"
	      "\n",
	      stdout);
	for (int i = 0; i < GPALD_OPTION_COUNT; i++)
		print_option((enum gpald_option)i);
	fputs("\n"
	      "The log goes to standard error. On SIGTERM or SIGINT the daemon answers pending\n"
	      "requests and exits. It ignores SIGHUP, SIGPIPE and SIGXFSZ. SIGQUIT, SIGSEGV and\n"
	      "similar signals kill it, and so does SIGSYS after a system call that --confine\n"
	      "does not allow. On any other signal that would kill it and can be handled, it\n"
	      "exits as on SIGTERM, but with status 1.\n"
	      "Exit status: 0 after SIGTERM or SIGINT, or if an option only prints or checks;\n"
	      "1 if the start or the store fails, or after another signal; 2 if an option or\n"
	      "the configuration file is invalid, or the file cannot be read.\n",
	      stdout);
}

static void write_entry(struct gpald_writer *w, enum gpald_option option, const char *value,
			enum gpald_source source)
{
	gpald_write_object(w, NULL);
	gpald_write_text(w, "name", rows[option].name);
	if (value)
		gpald_write_text(w, "value", value);
	gpald_write_text(w, "from", source_names[source]);
	gpald_write_object_end(w);
}

static void write_limits(const struct gpald_options *options, const struct gpald_limits *limits,
			 struct gpald_writer *w)
{
	char value[64];

	for (int i = 0; i < GPALD_LIMIT_COUNT; i++) {
		const enum gpald_source source = options->limit_settings[i].source;

		if (source == GPALD_FROM_DEFAULT)
			continue;
		snprintf(value, sizeof(value), "%s=%llu", gpald_limit_name((enum gpald_limit)i),
			 (unsigned long long)limits->values[i]);
		write_entry(w, GPALD_OPTION_LIMIT, value, source);
	}
}

void gpald_options_write(const struct gpald_options *options, const struct gpald_limits *limits,
			 struct gpald_writer *w, const char *key)
{
	gpald_write_array(w, key);
	for (int i = 0; i < GPALD_OPTION_KEY_COUNT; i++) {
		const struct gpald_setting *setting = &options->settings[i];

		if (i == GPALD_OPTION_LIMIT)
			write_limits(options, limits, w);
		else
			write_entry(w, (enum gpald_option)i, setting->value, setting->source);
	}
	gpald_write_array_end(w);
}
