/* SPDX-License-Identifier: MIT */
/*
 * The options of the daemon, in one table. The command line, the configuration file, --help and
 * daemon.info all use it.
 */
#ifndef GPALD_SERVER_OPTIONS_H
#define GPALD_SERVER_OPTIONS_H

#include "server/activation.h"
#include "server/limits.h"
#include "wire/json_write.h"

#include <getopt.h>
#include <gpalayout/export.h>
#include <gpalayout/policy.h>
#include <stdbool.h>
#include <sys/types.h>

enum gpald_option {
	GPALD_OPTION_SOCKET,
	GPALD_OPTION_INSPECT_SOCKET,
	GPALD_OPTION_TTRPC_SOCKET,
	GPALD_OPTION_SOCKET_MODE,
	GPALD_OPTION_INSPECT_SOCKET_MODE,
	GPALD_OPTION_SOCKET_GROUP,
	GPALD_OPTION_ADMIN_GROUP,
	GPALD_OPTION_STORE,
	GPALD_OPTION_STATE_DIR,
	GPALD_OPTION_REQUIRE_STATE,
	GPALD_OPTION_DEFAULT_POLICY,
	GPALD_OPTION_LIMIT,
	GPALD_OPTION_USER,
	GPALD_OPTION_CONFINE,
	GPALD_OPTION_LOG_LEVEL,
	GPALD_OPTION_KEY_COUNT, /* the options above are keys of the file, too */
	GPALD_OPTION_CONFIG = GPALD_OPTION_KEY_COUNT,
	GPALD_OPTION_CHECK_CONFIG,
	GPALD_OPTION_RESTORE,
	GPALD_OPTION_VERSION,
	GPALD_OPTION_HELP,
	GPALD_OPTION_COUNT
};

/* The source of a value. A later source wins. */
enum gpald_source {
	GPALD_FROM_DEFAULT,
	GPALD_FROM_ENVIRONMENT,
	GPALD_FROM_FILE,
	GPALD_FROM_COMMAND_LINE,
	GPALD_FROM_SERVICE_MANAGER,
	GPALD_SOURCE_COUNT
};

struct gpald_setting {
	const char *value; /* in its original form, borrowed; NULL: there is none */
	enum gpald_source source;
	unsigned int line; /* line of the file, if the value is from there */
};

#define GPALD_NO_GROUP ((gid_t)-1)

struct gpald_options {
	const char *socket_path;
	const char *inspect_path; /* NULL: no inspect socket */
	const char *ttrpc_path;   /* NULL: no ttrpc socket */
	/* Sockets from the service manager, at the paths above; -1: it gives no such socket. */
	int control_fd; /* -1: the daemon binds all sockets and ignores the other two */
	int inspect_fd;
	int ttrpc_fd;
	mode_t socket_mode;
	mode_t inspect_mode;
	gid_t socket_group; /* of the sockets; GPALD_GROUP_UNCHANGED: that of the daemon */
	/* May change the layouts of others and take backups; GPALD_NO_GROUP: none. */
	gid_t admin_group;
	const char *state_folder; /* NULL: the store is in memory */
	bool require_state;       /* refuse a folder without a registry */
	const char *backup;       /* backup to restore; NULL: none */
	const struct gpal_policy *default_policy;
	struct gpald_limits limits;
	const char *user; /* user that root becomes; NULL: do not change the user */
	uid_t user_uid;   /* if `user` is set */
	gid_t user_gid;
	bool is_confined; /* allow only the listed system calls while serving */

	/* The sources of these values. */
	struct gpald_setting settings[GPALD_OPTION_COUNT];
	struct gpald_setting limit_settings[GPALD_LIMIT_COUNT]; /* the values are in `limits` */
	const char *file; /* the file that was read, borrowed; NULL: none */

	/* For options.c and config_file.c only. */
	bool is_on_disk; /* the store is on disk, so layouts outlive the daemon */
	char *environment_socket, *environment_folder, *default_inspect, *file_text;
	char wrong[256];
};

/* Sets each option to its default. Call gpald_options_clear() when no value is needed any more. */
void gpald_options_init(struct gpald_options *options);
void gpald_options_clear(struct gpald_options *options);

/* Returns the option of that name; GPALD_OPTION_COUNT: there is none. */
enum gpald_option gpald_options_find(const char *name);

/* Return the name of an option, and the form of its value, such as "PATH|none"; static. */
const char *gpald_options_name(enum gpald_option option);
const char *gpald_options_value_form(enum gpald_option option);

/*
 * Sets an option. `value` is borrowed until gpald_options_clear(); NULL stands for yes where the
 * value may be omitted. Returns what is wrong with it, valid until the next call; NULL: nothing.
 */
const char *gpald_options_set(struct gpald_options *options, enum gpald_option option,
			      const char *value, enum gpald_source source, unsigned int line);

/* Returns whether the value of an option was set from outside. */
bool gpald_options_is_given(const struct gpald_options *options, enum gpald_option option);

/* Turns confinement off, because the kernel cannot do it. */
void gpald_options_drop_confine(struct gpald_options *options);

/*
 * Call it after all options are set. Takes the state folder and the path of the control socket from
 * the environment unless an option sets them, fills in values that depend on several options, and
 * lets sockets of the service manager replace the options about sockets. The options keep pointers
 * into `activation`, which must last as long as they do. Returns 0, or the exit status after a
 * message on standard error.
 */
GPAL_MUST_USE int gpald_options_finish(struct gpald_options *options,
				       const struct gpald_activation *activation);

/*
 * For getopt_long(), which returns the letter of an option, or GPALD_GETOPT_BASE plus its number.
 */
#define GPALD_OPTION_LETTERS "hV"
#define GPALD_GETOPT_BASE 256
void gpald_options_for_getopt(struct option table[GPALD_OPTION_COUNT + 1]);

void gpald_options_print_help(void);

/*
 * Writes a list with an entry for each option that is a key and for each limit that was set.
 * `limits` are those in force.
 */
void gpald_options_write(const struct gpald_options *options, const struct gpald_limits *limits,
			 struct gpald_writer *w, const char *key);

#endif
