/* SPDX-License-Identifier: MIT */
/*
 * Changes the user. Root does as little as possible: it binds the sockets and creates missing
 * folders. It gives no existing folder away, because somebody else may have put files into it; it
 * logs the command with which the administrator can do that.
 */
#include "config.h"

#include "server/service_user.h"

#include "registry/store.h"
#include "server/listener.h"
#include "server/log.h"
#include "server/new_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUPS_MAX 65536 /* limit of the kernel */

static bool complain_of_user(const struct gpald_options *options, const char *what, int error)
{
	gpald_log(GPALD_LOG_ERROR, "user_unusable", "user=%s what=\"%s\" error=\"%s\"",
		  options->user, what, strerror(error));
	return false;
}

bool gpald_service_user_differs(const struct gpald_options *options)
{
	return options->user && options->user_uid != geteuid();
}

/* The state folder. */

static bool refuse_owner(const struct gpald_options *options, const char *what, uid_t owner)
{
	char quoted[GPALD_LOG_QUOTE_SIZE];

	/*
	 * With -H, chown follows a folder that is a symbolic link. The command omits the path: the
	 * log could cut it off, or the shell could split it, and root would give away another
	 * folder.
	 */
	gpald_log(GPALD_LOG_ERROR, "state_not_owned",
		  "user=%s folder=%s what=\"%s belongs to uid %ld\" hint=\"stop every daemon that "
		  "uses it, then: chown -R -H %s FOLDER\"",
		  options->user, gpald_log_quote(options->state_folder, quoted), what, (long)owner,
		  options->user);
	return false;
}

/* Checks that the folder, the registry and its write-ahead log belong to the user. */
static bool check_owner(const struct gpald_options *options, int folder)
{
	static const char *const files[] = { "registry.db", "registry.db-wal" };
	struct stat status;

	if (fstat(folder, &status))
		return complain_of_user(options, "cannot access the state folder", errno);
	if (status.st_uid != options->user_uid)
		return refuse_owner(options, "the state folder", status.st_uid);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (fstatat(folder, files[i], &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		    status.st_uid != options->user_uid)
			return refuse_owner(options, files[i], status.st_uid);
	return true;
}

static bool give_state_folder(const struct gpald_options *options, int folder)
{
	if (gpald_new_folder_set_owner(folder, options->user_uid, options->user_gid) ||
	    fsync(folder))
		return complain_of_user(options,
					errno == EEXIST ?
						"somebody has replaced the state folder" :
						"cannot give the state folder to the user",
					errno);
	return true;
}

bool gpald_service_user_prepare(const struct gpald_options *options)
{
	const char *path = options->state_folder;
	bool is_new, done;
	int folder;

	if (geteuid() != 0) {
		gpald_log(GPALD_LOG_ERROR, "user_unusable",
			  "user=%s what=\"only root can become another user\" hint=\"start "
			  "gpalayoutd as root, or as that user without --user\"",
			  options->user);
		return false;
	}
	if (!path)
		return true;
	is_new = (!options->require_state || options->backup) &&
		 gpald_sqlite_make_folder(path) == 0;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (is_new ? O_NOFOLLOW : 0));
	/* If the folder can be neither created nor opened, the store reports why. */
	if (folder < 0)
		return true;
	done = is_new ? give_state_folder(options, folder) : check_owner(options, folder);
	close(folder);
	return done;
}

/* The change. */

/* Sets the groups of the user, and the group that the daemon needs to bind its sockets again. */
static bool take_groups(const struct gpald_options *options)
{
	int count = GROUPS_MAX;
	gid_t *groups = malloc((GROUPS_MAX + 1) * sizeof(*groups));
	bool done;

	if (!groups)
		return complain_of_user(options, "cannot set the user's groups", ENOMEM);
	if (getgrouplist(options->user, options->user_gid, groups, &count) < 0)
		count = GROUPS_MAX;
	if (options->socket_group != GPALD_GROUP_UNCHANGED && count < GROUPS_MAX)
		groups[count++] = options->socket_group;
	done = setgroups((size_t)count, groups) == 0 ||
	       complain_of_user(options, "cannot set the user's groups", errno);
	free(groups);
	return done;
}

/* The kernel may know more capabilities than the headers of this build. */
static void drop_bounding_set(void)
{
	for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
	     capability++)
		prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

/*
 * Drops all capabilities. The change of user drops them, too, unless the program that started the
 * daemon has set securebits that prevent it.
 */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, none) == 0;
}

static bool is_root_gone(const struct gpald_options *options)
{
	uid_t real, effective, saved;
	gid_t group[3];

	if (getresuid(&real, &effective, &saved) || getresgid(&group[0], &group[1], &group[2]))
		return false;
	if (real != options->user_uid || effective != real || saved != real ||
	    group[0] != options->user_gid || group[1] != group[0] || group[2] != group[0])
		return false;
	return setresuid((uid_t)-1, 0, (uid_t)-1) != 0 &&
	       (options->user_gid == 0 || setresgid((gid_t)-1, 0, (gid_t)-1) != 0);
}

/* Warns if the new user can neither remove a socket at exit nor bind it again. */
static void check_socket_folder(const struct gpald_options *options, const char *path)
{
	char quoted[GPALD_LOG_QUOTE_SIZE];
	char *copy = path ? strdup(path) : NULL;

	if (copy && access(dirname(copy), W_OK | X_OK))
		gpald_log(GPALD_LOG_WARNING, "socket_folder",
			  "path=%s user=%s what=\"this user may not write in the folder of the "
			  "socket: the socket file stays when the daemon exits, and if somebody "
			  "removes it, the socket is not bound again\" hint=\"give the sockets a "
			  "folder of their own; the daemon creates it if it is missing\"",
			  gpald_log_quote(path, quoted), options->user);
	free(copy);
}

bool gpald_service_user_become(const struct gpald_options *options)
{
	const uid_t uid = options->user_uid;
	const gid_t gid = options->user_gid;

	drop_bounding_set();
	if (!take_groups(options))
		return false;
	if (setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return complain_of_user(options, "cannot become the user", errno);
	if (!drop_capabilities())
		return complain_of_user(options, "cannot drop capabilities", errno);
	if (!is_root_gone(options))
		return complain_of_user(options, "the process could become root again", EPERM);
	/* Allows core dumps for SIGQUIT and crashes; a change of user turns them off. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (options->control_fd < 0) {
		check_socket_folder(options, options->socket_path);
		check_socket_folder(options, options->inspect_path);
		check_socket_folder(options, options->ttrpc_path);
	}
	return true;
}
