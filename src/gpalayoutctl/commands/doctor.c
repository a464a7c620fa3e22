/* SPDX-License-Identifier: MIT */
/*
 * Looks at all that a client, the daemon and what lies between them need, and says of each what
 * is wrong and what to do. It changes nothing; what it may not see it says, too.
 */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"

#include "gpalayoutctl/message.h"
#include "gpalayoutctl/pager.h"
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

#define FREE_LEAST ((uint64_t)64 << 20) /* of a disk; less is soon gone */
#define CLOCK_DRIFT_S 5

struct doctor {
	struct ctl_session *session;
	struct ctl_buffer out;
	bool has_found;      /* something that is wrong */
	bool has_no_inspect; /* the daemon says so */
	bool is_served;      /* the daemon has answered on the control socket */
};

static void __attribute__((format(printf, 4, 5)))
tell_finding(struct doctor *d, const char *verdict, const char *what, const char *format, ...)
{
	ctl_cleanup_buffer struct ctl_buffer text = { 0 };
	va_list args;

	va_start(args, format);
	ctl_buffer_vprintf(&text, format, args);
	va_end(args);
	ctl_buffer_printf(&d->out, "%-6s %s: ", verdict, what);
	ctl_puts_safe(&d->out, ctl_buffer_text(&text));
	ctl_buffer_puts(&d->out, "\n");
	d->has_found = d->has_found || strcmp(verdict, "wrong") == 0;
}

static void advise_user(struct doctor *d, const char *what)
{
	ctl_buffer_printf(&d->out, "       do: %s\n", what);
}

/* Sockets. */

static void tell_denied(struct doctor *d, const char *what, const char *path,
			const struct stat *info)
{
	const struct group *group = getgrgid(info->st_gid);

	tell_finding(d, "wrong", what, "%s: this user (uid %u) may not use it; its mode is %04o",
		     path, (unsigned int)getuid(), (unsigned int)(info->st_mode & 07777));
	/* Nobody should join root's group for it. */
	if (info->st_mode & S_IWGRP && group && info->st_gid)
		ctl_buffer_printf(&d->out, "       do: join the group %s: usermod -aG %s USER\n",
				  group->gr_name, group->gr_name);
	else
		advise_user(
			d,
			"give it a group and a mode: SocketGroup= and SocketMode= of its unit, or "
			"--socket-group and --socket-mode");
}

/* Whether it can be connected to. */
static bool look_at_socket(struct doctor *d, const char *what, const char *path)
{
	struct stat info;

	if (!path) {
		tell_finding(d, "ok", what, "there is none");
		return false;
	}
	if (stat(path, &info)) {
		tell_finding(d, "wrong", what, "%s: %s", path, strerror(errno));
		advise_user(
			d,
			errno == ENOENT ?
				"start gpalayoutd, or with systemd: systemctl enable --now gpalayoutd.socket" :
			errno == EACCES ? "let this user enter the folders above it" :
					  "--socket or GPALAYOUT_SOCKET names the daemon's");
		return false;
	}
	if (!S_ISSOCK(info.st_mode)) {
		tell_finding(d, "wrong", what, "%s is not a socket", path);
		advise_user(d, "--socket or GPALAYOUT_SOCKET names the daemon's");
		return false;
	}
	if (access(path, W_OK)) {
		tell_denied(d, what, path, &info);
		return false;
	}
	tell_finding(d, "ok", what, "%s, mode %04o", path, (unsigned int)(info.st_mode & 07777));
	return true;
}

/* The daemon. */

static void look_at_versions(struct doctor *d, const struct gpal_client_info *info)
{
	if (strcmp(info->version, PACKAGE_VERSION) == 0) {
		tell_finding(d, "ok", "version", "%s, of client and daemon", info->version);
		return;
	}
	tell_finding(d, "wrong", "version", "the daemon is %s and this client %s", info->version,
		     PACKAGE_VERSION);
	advise_user(d, "restart the daemon after an upgrade; requests mean the same in both");
}

/* What the clock says now, against what it said at the start and the time since. */
static void look_at_clock(struct doctor *d, const struct gpal_client_stats *stats)
{
	struct tm parts = { 0 };
	const char *rest = strptime(stats->started_at, "%Y-%m-%dT%H:%M:%S", &parts);
	const int64_t now = rest ? (int64_t)timegm(&parts) + (int64_t)(stats->uptime_ms / 1000) : 0;
	const int64_t drift = (int64_t)time(NULL) - now;

	if (!rest) {
		tell_finding(d, "wrong", "clock", "%s is not a time", stats->started_at);
	} else if (drift < -CLOCK_DRIFT_S || drift > CLOCK_DRIFT_S) {
		tell_finding(d, "wrong", "clock",
			     "it was set by %" PRId64
			     " s, or the host slept, since the daemon started",
			     drift);
		advise_user(d, "times that were told before are by the old clock; revisions and "
			       "generations stay in order");
	} else {
		tell_finding(d, "ok", "clock", "it has not been set since the daemon started");
	}
}

static void diagnose_folder(struct doctor *d, const char *path)
{
	ctl_cleanup_buffer struct ctl_buffer size = { 0 };
	struct statvfs disk;
	struct stat info;
	uint64_t left;

	if (path[0] != '/') {
		tell_finding(d, "ok", "state folder",
			     "%s, in the folder that the daemon was started in", path);
		return;
	}
	if (stat(path, &info) || statvfs(path, &disk)) {
		tell_finding(d, "ok", "state folder", "%s: this user cannot look at it: %s", path,
			     strerror(errno));
		return;
	}
	left = (uint64_t)disk.f_bavail * disk.f_frsize;
	ctl_size_append(&size, left);
	if (info.st_mode & 077) {
		tell_finding(d, "wrong", "state folder",
			     "%s: others may look into it; its mode is %04o", path,
			     (unsigned int)(info.st_mode & 07777));
		ctl_buffer_printf(&d->out, "       do: chmod 700 %s\n", path);
	} else {
		tell_finding(d, "ok", "state folder", "%s, mode %04o", path,
			     (unsigned int)(info.st_mode & 07777));
	}
	tell_finding(d, left < FREE_LEAST ? "wrong" : "ok", "disk", "%s free", size.data);
	if (left < FREE_LEAST)
		advise_user(d, "free space there, or new layouts are soon refused (store_full); "
			       "deleting goes on");
}

static void look_at_store(struct doctor *d, const struct gpal_client_stats *stats)
{
	if (stats->store_path)
		diagnose_folder(d, stats->store_path);
	else
		tell_finding(d, "ok", "store", "%s: layouts end with the daemon",
			     stats->store_kind);
	if (stats->store_full) {
		tell_finding(d, "wrong", "store",
			     "%" PRIu64 " changes were refused for want of room",
			     stats->store_full);
		advise_user(
			d,
			"gpalayoutctl delete layouts that no VM needs any more, or raise the limits");
	}
	if (stats->connections_turned_away) {
		tell_finding(d, "wrong", "connections", "%" PRIu64 " were turned away",
			     stats->connections_turned_away);
		advise_user(d, "gpalayoutctl info shows the limits, gpalayoutctl stats the users");
	}
}

static void look_at_daemon(struct doctor *d, const char *path)
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
		d->is_served = true;
		d->has_no_inspect = !info->inspect_socket;
		tell_finding(d, "ok", "daemon", "it answers; %" PRIu64 " layouts", stats->layouts);
		look_at_versions(d, info);
		look_at_clock(d, stats);
		look_at_store(d, stats);
	} else {
		tell_finding(d, "wrong", "daemon", "%s", error.message);
		advise_user(d, "see its log (journalctl -u gpalayoutd), and start it again");
	}
	gpal_client_free(info);
	gpal_client_free(stats);
	gpal_client_close(client);
}

/* The other socket of a daemon that has answered. */
static void look_at_inspect(struct doctor *d)
{
	const struct ctl_invocation *invocation = d->session->invocation;
	struct gpal_client *client;
	struct gpal_client_error error;

	if (d->has_no_inspect) {
		tell_finding(d, "ok", "inspect socket", "the daemon has none");
		return;
	}
	if (!look_at_socket(d, "inspect socket", invocation->inspect_socket))
		return;
	if (gpal_client_connect_within(invocation->inspect_socket, invocation->timeout_ms, &client,
				       &error)) {
		tell_finding(d, "wrong", "inspect socket", "%s", error.message);
		advise_user(d, "start the daemon again, which makes the socket anew");
	}
	gpal_client_close(client);
}

/* The host. */

static void diagnose_users(struct doctor *d)
{
	unsigned long long seen = 0;
	char line[128];
	FILE *map = fopen("/proc/self/uid_map", "re");

	/* A line is: first user inside, first user outside, number of users (user_namespaces(7)). */
	while (map && fgets(line, sizeof(line), map)) {
		char *rest = line;

		strtoull(rest, &rest, 10);
		strtoull(rest, &rest, 10);
		seen += strtoull(rest, NULL, 10);
	}
	if (map)
		fclose(map);
	if (!seen || seen >= UINT32_MAX) {
		tell_finding(d, "ok", "users",
			     "this process is in no user namespace that hides any");
		return;
	}
	tell_finding(d, "wrong", "users", "this is a user namespace with %llu users", seen);
	advise_user(d, "the daemon may see another uid than id shows; ask from outside of it");
}

/* One word of systemctl, such as "enabled"; empty: it says nothing. */
static void ask_manager(const char *command, char word[32])
{
	/* NOLINTNEXTLINE(cert-env33-c): the commands are constants */
	FILE *answer = popen(command, "re");

	*word = '\0';
	if (answer && !fgets(word, 32, answer))
		*word = '\0';
	if (answer)
		pclose(answer);
	word[strcspn(word, "\n")] = '\0';
}

static void look_at_unit(struct doctor *d)
{
	char enabled[32];

	if (access("/run/systemd/system", F_OK))
		return;
	ask_manager("systemctl is-enabled gpalayoutd.socket 2>/dev/null", enabled);
	if (strcmp(enabled, "enabled") == 0) {
		tell_finding(d, "ok", "unit", "gpalayoutd.socket starts with the host");
	} else if (*enabled && strcmp(enabled, "not-found") != 0) {
		tell_finding(d, "wrong", "unit", "gpalayoutd.socket is %s", enabled);
		advise_user(d,
			    "systemctl enable --now gpalayoutd.socket gpalayoutd-inspect.socket");
	} else {
		tell_finding(d, "ok", "unit",
			     "systemd knows none: the daemon is started by something else");
	}
}

enum ctl_exit ctl_run_doctor(struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;
	struct doctor d = { .session = session };
	enum ctl_exit code;

	if (!ctl_wants_text(session) && !invocation->quiet)
		return ctl_usage_error(
			"doctor has no result of the daemon's for --json or --field");
	if (look_at_socket(&d, "control socket", invocation->socket))
		look_at_daemon(&d, invocation->socket);
	if (d.is_served)
		look_at_inspect(&d);
	else if (look_at_socket(&d, "inspect socket", invocation->inspect_socket))
		look_at_daemon(&d, invocation->inspect_socket);
	diagnose_users(&d);
	look_at_unit(&d);
	code = invocation->quiet ? CTL_OK : ctl_show(invocation, &d.out);
	ctl_buffer_free(&d.out);
	return code || !d.has_found ? code : CTL_NO;
}
