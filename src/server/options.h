/* SPDX-License-Identifier: MIT */
/*
 * The daemon's options, a row each: what the command line and the configuration file take,
 * --help and daemon.info all come from it.
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
	GPALD_OPTION_KEY_COUNT, /* those before are keys of the file, too */
	GPALD_OPTION_CONFIG = GPALD_OPTION_KEY_COUNT,
	GPALD_OPTION_CHECK_CONFIG,
	GPALD_OPTION_RESTORE,
	GPALD_OPTION_VERSION,
	GPALD_OPTION_HELP,
	GPALD_OPTION_COUNT
};

/* Where a value is from. A later one wins. */
enum gpald_source {
	GPALD_FROM_DEFAULT,
	GPALD_FROM_ENVIRONMENT,
	GPALD_FROM_FILE,
	GPALD_FROM_COMMAND_LINE,
	GPALD_FROM_SERVICE_MANAGER,
	GPALD_SOURCE_COUNT
};

struct gpald_setting {
	const char *value; /* as it was given, borrowed; NULL: there is none */
	enum gpald_source source;
	unsigned int line; /* of the file, if it is from there */
};

struct gpald_options {
	const char *socket_path;
	const char *inspect_path; /* NULL: no inspect socket */
	const char *ttrpc_path;   /* NULL: no ttrpc socket */
	int control_fd;           /* of the service manager, at socket_path; -1: the daemon binds */
	int inspect_fd;           /* the same at inspect_path, if the control socket is given */
	int ttrpc_fd;             /* the same at ttrpc_path */
	mode_t socket_mode;
	mode_t inspect_mode;
	gid_t group;       /* of both; GPALD_GROUP_UNCHANGED: the daemon's */
	gid_t admin_group; /* may change the layouts of others; GPALD_GROUP_UNCHANGED: none */
	const char *state_folder; /* NULL: nothing is kept */
	bool require_state;       /* a folder without a registry is refused */
	const char *backup;       /* to make the registry of; NULL: none */
	const struct gpal_policy *default_policy;
	struct gpald_limits limits;
	const char *user; /* whom root becomes; NULL: nobody, it stays as it is */
	uid_t user_uid;   /* if there is one */
	gid_t user_gid;
	bool is_confined; /* to its system calls, once it serves */

	/* Where all this is from. */
	struct gpald_setting settings[GPALD_OPTION_COUNT];
	struct gpald_setting limit_settings[GPALD_LIMIT_COUNT]; /* their values are in `limits` */
	const char *file; /* that was read, borrowed; NULL: none */

	/* The rest is their own. */
	bool is_kept; /* the store is on disk */
	char *given_socket, *given_folder, *beside, *file_text;
	char wrong[256];
};

/*
 * Each option has its default, or what the environment says. NULL, or what is wrong with that.
 * In either case gpald_options_clear() follows, when no value is needed any more.
 */
GPAL_MUST_USE const char *gpald_options_init(struct gpald_options *options);
void gpald_options_clear(struct gpald_options *options);

/* The option of that name; GPALD_OPTION_COUNT: there is none. */
enum gpald_option gpald_options_find(const char *name);

/* The name of an option, and what its value looks like, such as "PATH|none"; static. */
const char *gpald_options_name(enum gpald_option option);
const char *gpald_options_value_form(enum gpald_option option);

/*
 * Sets an option. `value` is borrowed until gpald_options_clear(); NULL, where it may be
 * omitted: yes. Returns what is wrong with it, good until the next call; NULL: done.
 */
const char *gpald_options_set(struct gpald_options *options, enum gpald_option option,
			      const char *value, enum gpald_source source, unsigned int line);

/* Whether somebody has asked for the option's value, which then counts or is an error. */
bool gpald_options_is_given(const struct gpald_options *options, enum gpald_option option);

/* The kernel cannot confine the daemon, and nobody has asked for it. */
void gpald_options_drop_confine(struct gpald_options *options);

/*
 * Once all are set: works out what depends on several, and takes what the service manager
 * gives in place of the options about sockets. 0; otherwise, after a complaint on standard
 * error, the exit status.
 */
GPAL_MUST_USE int gpald_options_finish(struct gpald_options *options,
				       const struct gpald_activation *activation);

/* For getopt_long(), which returns a letter, or the number of the option after the first one. */
#define GPALD_OPTION_LETTERS "hV"
#define GPALD_OPTION_FIRST 256
void gpald_options_for_getopt(struct option table[GPALD_OPTION_COUNT + 1]);

void gpald_options_print_help(void);

/*
 * A list with an entry for each option that is a key and for each limit that was set.
 * `limits` are those in force.
 */
void gpald_options_write(const struct gpald_options *options, const struct gpald_limits *limits,
			 struct gpald_writer *w, const char *key);

#endif
