/* SPDX-License-Identifier: MIT */
/*
 * Checks what the client, the daemon and the connection between them need. It reports what is wrong
 * and what to do about it, and what this user cannot check. It changes nothing.
 */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"

#include "gpalayoutctl/message.h"
#include "gpalayoutctl/size_text.h"
#include "gpalayoutctl/terminal_text.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define FREE_MIN_BYTES ((uint64_t)64 << 20) /* a disk with less is soon full */
#define CLOCK_DRIFT_S 5
#define SHELL_FAILED 126 /* least exit status of a shell that cannot run the program */

struct doctor {
	struct ctl_session *session;
	struct gpald_bytes out;
	bool has_fault;       /* something is wrong */
	bool has_replied;     /* a daemon has replied, on one of the sockets */
	char *inspect_socket; /* of the daemon that replied; owned; NULL: none */
};

static void __attribute__((format(printf, 4, 0)))
append_line(struct doctor *d, const char *verdict, const char *what, const char *format,
	    va_list args)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };

	ctl_buffer_vprintf(&text, format, args);
	ctl_buffer_printf(&d->out, "%-6s %s: ", verdict, what);
	ctl_puts_safe(&d->out, ctl_buffer_text(&text));
	ctl_buffer_puts(&d->out, "\n");
}

/*
 * Appends a finding, which is a fault unless `advice` is NULL. `advice` says what to do, and may be
 * empty.
 */
static void __attribute__((format(printf, 4, 5)))
add_finding(struct doctor *d, const char *what, const char *advice, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append_line(d, advice ? "wrong" : "ok", what, format, args);
	va_end(args);
	if (advice && *advice)
		ctl_buffer_printf(&d->out, "       do: %s\n", advice);
	d->has_fault = d->has_fault || advice;
}

/* Appends a check that cannot be made, which is neither a fault nor in order. */
static void __attribute__((format(printf, 3, 4)))
add_unchecked(struct doctor *d, const char *what, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append_line(d, "-", what, format, args);
	va_end(args);
}

static unsigned int mode_of(const struct stat *info)
{
	return info->st_mode & 07777;
}

/* Sockets. */

static void add_denied(struct doctor *d, const char *what, const char *path,
		       const struct stat *info)
{
	const struct group *group = getgrgid(info->st_gid);
	ctl_cleanup_buffer struct gpald_bytes advice = { 0 };

	/* No user should join the group of root to use a socket. */
	if (info->st_mode & S_IWGRP && group && info->st_gid)
		ctl_buffer_printf(&advice,
				  "join the group %s: usermod -aG %s USER; then log in again",
				  group->gr_name, group->gr_name);
	else
		ctl_buffer_puts(&advice,
				"give the socket a group and a mode: SocketGroup= and SocketMode= "
				"of its unit, or --socket-group and --socket-mode (for the inspect "
				"socket --inspect-socket-mode) of gpalayoutd");
	add_finding(d, what, advice.data, "%s: this user (uid %u) may not use it; its mode is %04o",
		    path, (unsigned int)getuid(), mode_of(info));
}

#define BIND_INSPECT_SOCKET                                                   \
	"with systemd: systemctl stop gpalayoutd.service; systemctl restart " \
	"gpalayoutd-inspect.socket; without: restart gpalayoutd"

#define OTHER_INSPECT_SOCKET                                                      \
	"set --inspect-socket to the path of the daemon's inspect socket; "       \
	"gpalayoutctl info, run by a user who may use the control socket, names " \
	"it if there is one"

#define ENABLE_UNITS "systemctl enable --now gpalayoutd.socket gpalayoutd-inspect.socket"
#define START "start gpalayoutd, or with systemd: " ENABLE_UNITS
/* Appended if the user gave another path than the default of gpalayoutd. */
#define OTHER_PATH                                                           \
	"; if its socket is elsewhere, set --socket or GPALAYOUT_SOCKET to " \
	"the path of that socket"

/* Returns true if the file exists and this user may not write it, which connecting needs. */
static bool is_denied(const char *path)
{
	return access(path, F_OK) == 0 && access(path, W_OK) != 0;
}

/* Returns true if this user may connect to the socket. */
static bool check_socket(struct doctor *d, bool is_inspect, const char *path)
{
	const char *what = is_inspect ? "inspect socket" : "control socket";
	const char *other_path =
		is_inspect ? "set --inspect-socket to the path of the daemon's inspect socket" :
			     "set --socket or GPALAYOUT_SOCKET to the path of the daemon's socket";
	struct stat info;
	const int error = path && stat(path, &info) ? errno : 0;

	if (!path) {
		add_unchecked(d, what, "not checked, because its path would be too long");
	} else if (error) {
		add_finding(d, what,
			    error == EACCES ? "let this user enter the folders above it" :
			    error != ENOENT ? other_path :
			    d->has_replied  ? BIND_INSPECT_SOCKET :
			    is_inspect && is_denied(d->session->invocation->socket) ?
					     OTHER_INSPECT_SOCKET :
			    strcmp(d->session->invocation->socket, GPAL_CLIENT_DEFAULT_PATH) == 0 ?
					     START :
					     START OTHER_PATH,
			    "%s: %s", path, strerror(error));
	} else if (!S_ISSOCK(info.st_mode)) {
		add_finding(d, what, other_path, "%s is not a socket", path);
	} else if (access(path, W_OK)) {
		add_denied(d, what, path, &info);
	} else {
		add_finding(d, what, NULL, "%s, mode %04o", path, mode_of(&info));
		return true;
	}
	return false;
}

/* The daemon. */

static void check_versions(struct doctor *d, const struct gpal_client_info *info)
{
	if (strcmp(info->version, PACKAGE_VERSION) == 0)
		add_finding(d, "version", NULL, "%s, of client and daemon", info->version);
	else
		add_finding(d, "version",
			    "upgrade and restart the daemon if it is the older one, otherwise "
			    "upgrade this client; the older one does not know newer members",
			    "the daemon is %s and this client %s", info->version, PACKAGE_VERSION);
}

/* Compares the clock with what it would be now if nobody had set it: the start plus the uptime. */
static void check_clock(struct doctor *d, const struct gpal_client_stats *stats)
{
	struct tm parts = { 0 };
	const char *rest = strptime(stats->started_at, "%Y-%m-%dT%H:%M:%S", &parts);
	const int64_t expected =
		rest ? (int64_t)timegm(&parts) + (int64_t)(stats->uptime_ms / 1000) : 0;
	const int64_t drift = (int64_t)time(NULL) - expected;

	if (!rest)
		add_finding(d, "clock", "", "%s is not a time", stats->started_at);
	else if (drift < -CLOCK_DRIFT_S || drift > CLOCK_DRIFT_S)
		add_finding(
			d, "clock",
			"sort changes by revision or generation: times recorded before the clock "
			"changed may be out of order",
			"it was changed by %" PRId64
			" s, or the host slept, since the daemon started",
			drift);
	else
		add_finding(d, "clock", NULL,
			    "it has not been changed by more than %d s since the daemon started",
			    CLOCK_DRIFT_S);
}

static void add_unchecked_folder(struct doctor *d, const char *path, const char *why,
				 const char *detail)
{
	add_unchecked(d, "state folder", "%s: not checked, because %s%s", path, why, detail);
	add_unchecked(d, "disk", "%s: not checked, because %s%s", path, why, detail);
}

static void check_state_folder(struct doctor *d, const char *path)
{
	ctl_cleanup_buffer struct gpald_bytes advice = { 0 };
	ctl_cleanup_buffer struct gpald_bytes size = { 0 };
	struct statvfs disk;
	struct stat info;
	uint64_t left;

	if (path[0] != '/') {
		add_unchecked_folder(
			d, path, "it is relative to the folder in which the daemon started", "");
		return;
	}
	if (stat(path, &info) || statvfs(path, &disk)) {
		add_unchecked_folder(d, path, "this user cannot look at it: ", strerror(errno));
		return;
	}
	left = (uint64_t)disk.f_bavail * disk.f_frsize;
	ctl_size_append(&size, left);
	ctl_buffer_printf(&advice, "chmod 700 %s", path);
	if (info.st_mode & 077)
		add_finding(d, "state folder", advice.data,
			    "%s: other users have access; its mode is %04o", path, mode_of(&info));
	else
		add_finding(d, "state folder", NULL, "%s, mode %04o", path, mode_of(&info));
	add_finding(d, "disk",
		    left < FREE_MIN_BYTES ?
			    "make room on this disk, or the daemon soon refuses new layouts "
			    "(store_full); deleting still works" :
			    NULL,
		    "%s free", size.data);
}

#define TOO_MANY_CONNECTIONS                                                               \
	"close connections that nobody needs (gpalayoutctl stats lists them by user), or " \
	"raise the limits on connections (gpalayoutctl info)"

static void check_layouts(struct doctor *d, const struct gpal_client_info *info,
			  const struct gpal_client_stats *stats)
{
	uint64_t limit = UINT64_MAX;

	for (size_t i = 0; i < info->limit_count; i++)
		if (strcmp(info->limits[i].name, "live_layouts") == 0)
			limit = info->limits[i].value;
	if (stats->layouts < limit)
		add_finding(d, "layouts", NULL, "%" PRIu64, stats->layouts);
	else
		add_finding(d, "layouts",
			    "delete layouts that no VM needs any more (gpalayoutctl delete), or "
			    "raise the limit live_layouts",
			    "%" PRIu64 ", and the limit is %" PRIu64, stats->layouts, limit);
}

static void check_store(struct doctor *d, const struct gpal_client_stats *stats)
{
	if (stats->store_path)
		check_state_folder(d, stats->store_path);
	else
		add_finding(d, "store", NULL, "%s: layouts are lost when the daemon exits",
			    stats->store_kind);
	if (stats->store_full)
		add_finding(d, "store",
			    "if this still happens, delete layouts that no VM needs any more "
			    "(gpalayoutctl delete), make room on the disk, or raise the limit "
			    "store_bytes",
			    "changes refused for lack of room since the daemon started: %" PRIu64,
			    stats->store_full);
}

static void check_connections(struct doctor *d, const struct gpal_client_stats *stats)
{
	if (stats->connections_turned_away)
		add_finding(d, "connections", "if this still happens, " TOO_MANY_CONNECTIONS,
			    "connections turned away since the daemon started: %" PRIu64,
			    stats->connections_turned_away);
}

static void check_daemon(struct doctor *d, const char *path)
{
	const struct ctl_invocation *invocation = d->session->invocation;
	const struct gpal_client_info *info = NULL;
	const struct gpal_client_stats *stats = NULL;
	struct gpal_client *client;
	struct gpal_client_error error;
	int code = gpal_client_connect_within(path, invocation->timeout_ms, &client, &error);

	if (code == 0) {
		gpal_client_set_timeout(client, invocation->timeout_ms);
		code = gpal_client_info(client, &info, &error);
	}
	if (code == 0)
		code = gpal_client_stats(client, &stats, &error);
	if (code == 0) {
		d->has_replied = true;
		if (info->inspect_socket && !(d->inspect_socket = strdup(info->inspect_socket)))
			ctl_out_of_memory();
		add_finding(d, "daemon", NULL, "it answers");
		check_versions(d, info);
		check_clock(d, stats);
		check_layouts(d, info, stats);
		check_store(d, stats);
		check_connections(d, stats);
	} else {
		add_finding(d, "daemon",
			    strcmp(error.reason, "overloaded") == 0 ?
				    TOO_MANY_CONNECTIONS :
				    "see its log (journalctl -u gpalayoutd), and restart it",
			    "%s", error.message);
	}
	gpal_client_free(info);
	gpal_client_free(stats);
	gpal_client_close(client);
}

/* Checks the inspect socket of a daemon that replied on the control socket. */
static void check_inspect_socket(struct doctor *d)
{
	const struct ctl_invocation *invocation = d->session->invocation;
	const char *path = invocation->inspect_socket;
	struct gpal_client *client;
	struct gpal_client_error error;

	if (!d->inspect_socket) {
		add_finding(d, "inspect socket", NULL, "the daemon has none");
		return;
	}
	/* It need not be beside the control socket. */
	if (access(path, F_OK))
		path = d->inspect_socket;
	if (!check_socket(d, true, path))
		return;
	if (gpal_client_connect_within(path, invocation->timeout_ms, &client, &error))
		add_finding(d, "inspect socket", BIND_INSPECT_SOCKET, "%s", error.message);
	gpal_client_close(client);
}

/* The host. */

static void check_user_namespace(struct doctor *d)
{
	unsigned long long seen = 0;
	char line[128];
	FILE *map = fopen("/proc/self/uid_map", "re");

	if (!map) {
		add_unchecked(
			d, "users",
			"not checked, because this process cannot read /proc/self/uid_map: %s",
			strerror(errno));
		return;
	}
	/*
	 * Each line has the first user inside, the first user outside, and the number of users
	 * (user_namespaces(7)).
	 */
	while (fgets(line, sizeof(line), map)) {
		char *rest = line;

		strtoull(rest, &rest, 10);
		strtoull(rest, &rest, 10);
		seen += strtoull(rest, NULL, 10);
	}
	fclose(map);
	/* The map of a user namespace is empty until somebody writes it. */
	if (!seen)
		add_unchecked(d, "users", "not checked, because /proc/self/uid_map names no users");
	else if (seen >= UINT32_MAX)
		add_finding(d, "users", NULL, "no user namespace hides users from this process");
	else
		add_finding(
			d, "users",
			"run the command outside the user namespace: in it, id(1) may show another "
			"uid than the daemon sees",
			"this is a user namespace with %llu users", seen);
}

/*
 * Reads one word that systemctl prints, such as "enabled". It is empty if there is none. Returns
 * false if systemctl cannot be run.
 */
static bool ask_manager(const char *command, char word[32])
{
	/* NOLINTNEXTLINE(cert-env33-c): the commands are constants */
	FILE *answer = popen(command, "re");
	int status = -1;

	*word = '\0';
	if (answer && !fgets(word, 32, answer))
		*word = '\0';
	if (answer)
		status = pclose(answer);
	word[strcspn(word, "\n")] = '\0';
	return *word || (WIFEXITED(status) && WEXITSTATUS(status) < SHELL_FAILED);
}

static void check_unit(struct doctor *d)
{
	char enabled[32];

	if (access("/run/systemd/system", F_OK))
		add_unchecked(d, "unit", "not checked, because systemd does not run here");
	else if (!ask_manager("systemctl is-enabled gpalayoutd.socket 2>/dev/null", enabled))
		add_unchecked(d, "unit", "not checked, because systemctl cannot be run");
	else if (strcmp(enabled, "enabled") == 0)
		add_finding(d, "unit", NULL, "gpalayoutd.socket starts with the host");
	else if (strncmp(enabled, "masked", strlen("masked")) == 0)
		add_finding(d, "unit", "systemctl unmask gpalayoutd.socket; " ENABLE_UNITS,
			    "gpalayoutd.socket is %s", enabled);
	else if (*enabled && strcmp(enabled, "not-found") != 0)
		add_finding(d, "unit", ENABLE_UNITS, "gpalayoutd.socket is %s", enabled);
	else
		add_finding(d, "unit", NULL,
			    "systemd has no gpalayoutd.socket: something else must start the "
			    "daemon");
}

enum ctl_exit ctl_run_doctor(struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;
	struct doctor d = { .session = session };
	enum ctl_exit code;

	if (!ctl_wants_text(session) && !invocation->quiet)
		return ctl_error("doctor prints text only, and takes no --json or --field");
	if (check_socket(&d, false, invocation->socket))
		check_daemon(&d, invocation->socket);
	if (d.has_replied)
		check_inspect_socket(&d);
	else if (check_socket(&d, true, invocation->inspect_socket))
		check_daemon(&d, invocation->inspect_socket);
	check_user_namespace(&d);
	check_unit(&d);
	code = invocation->quiet ? CTL_OK : ctl_print_paged(invocation, &d.out);
	ctl_buffer_free(&d.out);
	free(d.inspect_socket);
	return code || !d.has_fault ? code : CTL_NO;
}
