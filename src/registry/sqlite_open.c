/* SPDX-License-Identifier: MIT */
/*
 * Finds or creates the database. A lock on the folder keeps a second daemon away. A new database is
 * created under another name and renamed when it is complete; so a database that is empty or half
 * made is damaged, not new. Except for a new database, SQLite must not touch the WAL when it closes
 * a database: then a refused database stays unchanged, and an accepted one keeps the space of its
 * WAL.
 */
#include "config.h"

#include "registry/sqlite_database.h"
#include "registry/sqlite_schema.h"
#include "registry/sqlite_wal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME GPALD_SQLITE_FILE_NAME
#define NEW_FILE_NAME FILE_NAME ".new"

static int remember_wal_pages(void *data, sqlite3 *db, const char *name, int pages)
{
	struct gpald_sqlite *store = data;

	(void)db, (void)name;
	store->wal_pages = pages;
	return SQLITE_OK;
}

static bool open_database(struct gpald_sqlite *store, const char *path, const char *name,
			  char error[GPALD_STORE_ERROR_SIZE])
{
	if (sqlite3_open_v2(path, &store->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			    NULL) != SQLITE_OK)
		return gpald_sqlite_fail_with_cause(error, store, "cannot be opened");
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_wal_hook(store->db, remember_wal_pages, store);
	if (!gpald_sqlite_identify(store, name, &store->database, error))
		return false;
	/* If this runs before the WAL is first used, SQLite needs no shared-memory file. */
	return gpald_sqlite_exec(store, "PRAGMA locking_mode = EXCLUSIVE", "cannot be locked",
				 error);
}

static bool close_database(struct gpald_sqlite *store)
{
	const bool closed = sqlite3_close(store->db) == SQLITE_OK;

	store->db = NULL;
	return closed;
}

void gpald_sqlite_keep_wal_at_close(struct gpald_sqlite *store)
{
	store->empties_wal_at_close = false;
}

void gpald_sqlite_empty_wal_at_close(struct gpald_sqlite *store)
{
	store->empties_wal_at_close = true;
}

#define SET_UP_SIZE 384

/* Writes the statements that turn tables into a registry. */
static void write_set_up(const struct gpald_store_state *state, char text[SET_UP_SIZE])
{
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	char hex[2 * GPALD_CHECKSUM_SIZE + 1];

	gpald_store_state_checksum(state, sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	snprintf(text, SET_UP_SIZE,
		 "INSERT INTO state (id, revision, generation_top, checksum)"
		 " VALUES (1, %" PRIu64 ", %" PRIu64 ", x'%s');"
		 "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		 state->revision, state->generation_top, hex, GPALD_SQLITE_APPLICATION_ID,
		 GPALD_SQLITE_SCHEMA_VERSION);
}

static void remove_new_files(const struct gpald_sqlite *store)
{
	unlinkat(store->folder_fd, NEW_FILE_NAME, 0);
	unlinkat(store->folder_fd, NEW_FILE_NAME "-wal", 0);
	unlinkat(store->folder_fd, NEW_FILE_NAME "-journal", 0);
}

/* Makes the tables: empty, or with the content of a backup. */
static bool make_tables(struct gpald_sqlite *store, const char *backup,
			char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_store_state state = { .revision = gpald_event_clock_revision() };
	char set_up[SET_UP_SIZE];

	if (!gpald_sqlite_exec(store, GPALD_SQLITE_SCHEMA, "cannot be created", error) ||
	    (backup && !gpald_sqlite_restore(store, backup, &state, error)))
		return false;
	write_set_up(&state, set_up);
	return gpald_sqlite_exec(store, set_up, "cannot be created", error);
}

/* Makes a new registry. It is complete and on disk before it gets its name. */
static bool make_database(struct gpald_sqlite *store, const struct gpald_sqlite_options *options,
			  char error[GPALD_STORE_ERROR_SIZE])
{
	char *new_path = NULL;
	bool made = false;
	int fd;

	remove_new_files(store);
	fd = openat(store->folder_fd, NEW_FILE_NAME, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return gpald_sqlite_fail(error, "%s/" NEW_FILE_NAME ": cannot be created: %s",
					 options->folder, strerror(errno));
	close(fd);
	if (asprintf(&new_path, "%s/" NEW_FILE_NAME, options->folder) < 0)
		return gpald_sqlite_fail(error, "out of memory");
	if (open_database(store, new_path, NEW_FILE_NAME, error) &&
	    gpald_sqlite_exec(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN",
			      "cannot be created", error) &&
	    make_tables(store, options->backup, error) &&
	    gpald_sqlite_exec(store, "PRAGMA wal_checkpoint(TRUNCATE)", "cannot be created",
			      error)) {
		sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
		made = close_database(store);
	}
	if (store->db)
		close_database(store);
	free(new_path);
	if (made && (renameat(store->folder_fd, NEW_FILE_NAME, store->folder_fd, FILE_NAME) ||
		     fsync(store->folder_fd)))
		made = gpald_sqlite_fail(error, "%s: cannot be created: %s", store->path,
					 strerror(errno));
	if (!made)
		remove_new_files(store);
	return made;
}

/*
 * Checks that the database is a registry of a known version, with the page size on which the limits
 * are based.
 */
static bool check_version(struct gpald_sqlite *store, char error[GPALD_STORE_ERROR_SIZE])
{
	int64_t application, page_bytes;

	if (!gpald_sqlite_query_integer(store, "PRAGMA application_id", &application, error) ||
	    !gpald_sqlite_query_integer(store, "PRAGMA user_version", &store->opened_schema_version,
					error) ||
	    !gpald_sqlite_query_integer(store, "PRAGMA page_size", &page_bytes, error))
		return false;
	if (application != GPALD_SQLITE_APPLICATION_ID)
		return gpald_sqlite_fail(error, "%s: it is not a registry of gpalayoutd",
					 store->path);
	if (store->opened_schema_version > GPALD_SQLITE_SCHEMA_VERSION)
		return gpald_sqlite_fail(
			error,
			"%s: it was used by a newer gpalayoutd: its schema version is %" PRId64
			", but this gpalayoutd knows only versions up to %d; use the newer one",
			store->path, store->opened_schema_version, GPALD_SQLITE_SCHEMA_VERSION);
	if (store->opened_schema_version < 1)
		return gpald_sqlite_fail(error,
					 "%s: damaged: its schema version is invalid: %" PRId64,
					 store->path, store->opened_schema_version);
	if (page_bytes != GPALD_SQLITE_PAGE_BYTES)
		return gpald_sqlite_fail(error,
					 "%s: another program has changed its page size to %" PRId64
					 " bytes; change it back to %d bytes",
					 store->path, page_bytes, GPALD_SQLITE_PAGE_BYTES);
	return true;
}

/*
 * Writes the entry of a new folder to disk. If this fails, the daemon continues, but a power
 * failure may lose the folder.
 */
static void sync_parent(const char *folder)
{
	char *copy = strdup(folder);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

int gpald_sqlite_make_folder(const char *folder)
{
	if (mkdir(folder, 0700))
		return errno;
	sync_parent(folder);
	return 0;
}

#define REQUIRE_STATE_ADVICE                                                          \
	"require-state forbids creating one; if the folder is on a disk of its own, " \
	"mount the disk; to make a new registry, start once with --require-state=no"

/*
 * The folder must belong to the daemon or root, and its mode must give no access to others, who
 * could replace the database.
 */
static bool open_folder(struct gpald_sqlite *store, const struct gpald_sqlite_options *options,
			char error[GPALD_STORE_ERROR_SIZE])
{
	const char *folder = options->folder;
	const bool may_make = !options->must_exist || options->backup;
	const int code = may_make ? gpald_sqlite_make_folder(folder) : EEXIST;
	struct stat status;

	if (code && code != EEXIST)
		return gpald_sqlite_fail(
			error, "%s: the state folder cannot be created or reached as uid %ld: %s",
			folder, (long)geteuid(), strerror(code));
	store->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->folder_fd < 0 && errno == ENOENT && !may_make)
		return gpald_sqlite_fail(
			error, "%s: there is no state folder, and " REQUIRE_STATE_ADVICE, folder);
	if (store->folder_fd < 0 || fstat(store->folder_fd, &status))
		return gpald_sqlite_fail(error, "%s: the state folder cannot be opened: %s", folder,
					 strerror(errno));
	if (status.st_uid != 0 && status.st_uid != geteuid())
		return gpald_sqlite_fail(
			error,
			"%s: the state folder belongs to uid %ld, who could replace the registry; "
			"start the daemon as that user, or stop that user's daemon, then: "
			"chown -R -H %ld FOLDER",
			folder, (long)status.st_uid, (long)geteuid());
	if (status.st_mode & 077)
		return gpald_sqlite_fail(
			error,
			"%s: the state folder has mode %04o, but only its owner may have access: "
			"chmod 0700 it or choose another; in a systemd unit, set "
			"StateDirectoryMode=0700",
			folder, (unsigned int)status.st_mode & 07777);
	if (flock(store->folder_fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ?
			       gpald_sqlite_fail(error,
						 "%s: another gpalayoutd uses this state folder",
						 folder) :
			       gpald_sqlite_fail(error, "%s: the state folder cannot be locked: %s",
						 folder, strerror(errno));
	return true;
}

/*
 * Checks the header, and that the file can be written. SQLite would overwrite a file that is too
 * short for a database, and would open an unwritable database read-only.
 */
static bool check_header(struct gpald_sqlite *store, char error[GPALD_STORE_ERROR_SIZE])
{
	static const char magic[] = "SQLite format 3"; /* with its NUL */
	char header[100];
	struct stat status = { 0 };
	int fd = openat(store->folder_fd, FILE_NAME, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	const ssize_t length = fd < 0 || fstat(fd, &status) ? -1 : read(fd, header, sizeof(header));

	/* The file was found, so only a link can lead to nothing. */
	if (fd < 0 && errno == ENOENT)
		gpald_sqlite_fail(error,
				  "%s: it is a symbolic link to a missing file; the registry must "
				  "be a file in the state folder",
				  store->path);
	else if (fd < 0)
		gpald_sqlite_fail(error, "%s: cannot be opened for writing: %s", store->path,
				  strerror(errno));
	else if (status.st_mode && !S_ISREG(status.st_mode))
		gpald_sqlite_fail(error, "%s: it is not a regular file", store->path);
	else if (length < 0)
		gpald_sqlite_fail(error, "%s: cannot be read: %s", store->path, strerror(errno));
	else if (length < (ssize_t)sizeof(header) || memcmp(header, magic, sizeof(magic)) != 0)
		gpald_sqlite_fail(error, "%s: damaged: it is not an SQLite database", store->path);
	else
		error[0] = '\0';
	if (fd >= 0)
		close(fd);
	return error[0] == '\0';
}

static bool file_exists(const struct gpald_sqlite *store, const char *name)
{
	struct stat status;

	/* A symbolic link counts even if it leads nowhere: its disk may not be mounted yet. */
	return fstatat(store->folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

#define MOVE_FIRST(what) "first move the " what " away"
#define PUT_BACK(what)                                                                  \
	"put back its database; or move the " what " away, then restore a backup with " \
	"--restore or start with an empty registry"

enum journal {
	JOURNAL_NONE,        /* none, or one of a finished transaction */
	JOURNAL_HOT,         /* of a transaction that was not finished */
	JOURNAL_NOT_REGULAR, /* a folder, a pipe or the like, or it cannot be opened */
};

/* Looks at the rollback journal. Its first byte is 0 if the transaction was finished. */
static enum journal check_journal(const struct gpald_sqlite *store)
{
	const int fd = openat(store->folder_fd, FILE_NAME "-journal",
			      O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct stat status;
	char first = 1;
	enum journal found;

	if (fd < 0)
		return errno == ENOENT ? JOURNAL_NONE : JOURNAL_NOT_REGULAR;
	if (fstat(fd, &status) || !S_ISREG(status.st_mode))
		found = JOURNAL_NOT_REGULAR;
	else
		found = read(fd, &first, 1) == 0 || first == 0 ? JOURNAL_NONE : JOURNAL_HOT;
	close(fd);
	return found;
}

/* Checks the files beside the database, before SQLite acts on them. */
static bool check_wal_and_journal(struct gpald_sqlite *store, bool has_database, bool is_restore,
				  char error[GPALD_STORE_ERROR_SIZE])
{
	const enum journal journal = check_journal(store);
	enum gpald_sqlite_wal_state found;
	uint64_t readable;

	/* SQLite would wait for a pipe. */
	if (journal == JOURNAL_NOT_REGULAR)
		return gpald_sqlite_fail(
			error, "%s-journal: it is not a regular file, or cannot be opened",
			store->path);
	/*
	 * SQLite would roll back and remove such a journal. The daemon has a journal only during a
	 * start.
	 */
	if (journal == JOURNAL_HOT && !has_database)
		return gpald_sqlite_fail(
			error,
			"%s: it is missing, but there is a journal %s-journal of another program; "
			"%s",
			store->path, store->path,
			is_restore ? MOVE_FIRST("journal") : PUT_BACK("journal"));
	if (journal == JOURNAL_HOT)
		return gpald_sqlite_fail(
			error,
			"%s: another program has not finished a transaction: there is "
			"a journal %s-journal; let sqlite3 roll it back (in its folder: "
			"sqlite3 " FILE_NAME " .tables), or move both and " FILE_NAME
			"-wal away and restore a backup with --restore",
			store->path, store->path);
	found = gpald_sqlite_check_wal(store->folder_fd, FILE_NAME "-wal", &readable);
	/* SQLite would use this WAL for the new database, and the WAL may have layouts. */
	if (!has_database && (found == GPALD_SQLITE_WAL_FINE || found == GPALD_SQLITE_WAL_DAMAGED))
		return gpald_sqlite_fail(
			error, "%s: it is missing, but there is a write-ahead log %s-wal; %s",
			store->path, store->path,
			is_restore ? MOVE_FIRST("write-ahead log") : PUT_BACK("write-ahead log"));
	switch (found) {
	case GPALD_SQLITE_WAL_EMPTY:
	case GPALD_SQLITE_WAL_FINE:
		return true;
	case GPALD_SQLITE_WAL_UNREADABLE:
		return gpald_sqlite_fail(error, "%s-wal: cannot be read: %s", store->path,
					 strerror(errno));
	case GPALD_SQLITE_WAL_NOT_REGULAR:
		return gpald_sqlite_fail(error, "%s-wal: it is not a regular file", store->path);
	case GPALD_SQLITE_WAL_DAMAGED:
		break;
	}
	if (readable == 0)
		return gpald_sqlite_fail(
			error,
			"%s-wal: damaged: it has changes, but none can be read; move it and the "
			"database away, and restore a backup with --restore",
			store->path);
	return gpald_sqlite_fail(
		error,
		"%s-wal: damaged: some of its changes cannot be read; move it and the database "
		"away and restore a backup with --restore, or give up these changes and all after "
		"them, in its folder: truncate -s %" PRIu64 " " FILE_NAME "-wal",
		store->path, readable);
}

static bool open_or_make_database(struct gpald_sqlite *store,
				  const struct gpald_sqlite_options *options,
				  char error[GPALD_STORE_ERROR_SIZE])
{
	const bool has_database = file_exists(store, FILE_NAME);

	if (has_database && options->backup)
		return gpald_sqlite_fail(
			error,
			"%s exists; a backup is restored only into a state folder without a "
			"registry: first move that file and " FILE_NAME "-wal away",
			store->path);
	if (!check_wal_and_journal(store, has_database, options->backup, error))
		return false;
	if (!has_database && options->must_exist && !options->backup)
		return gpald_sqlite_fail(
			error,
			"%s: there is no registry in the state folder, and " REQUIRE_STATE_ADVICE,
			store->path);
	if ((!has_database && !make_database(store, options, error)) || !check_header(store, error))
		return false;
	store->base.is_new = !has_database && !options->backup;
	store->had_no_wal = !file_exists(store, FILE_NAME "-wal");
	return open_database(store, store->path, FILE_NAME, error) && check_version(store, error);
}

bool gpald_sqlite_open(struct gpald_sqlite *store, const struct gpald_sqlite_options *options,
		       char error[GPALD_STORE_ERROR_SIZE])
{
	store->folder_fd = store->database_fd = -1;
	if (asprintf(&store->path, "%s/" FILE_NAME, options->folder) < 0) {
		store->path = NULL;
		return gpald_sqlite_fail(error, "out of memory");
	}
	return open_folder(store, options, error) && open_or_make_database(store, options, error);
}

void gpald_sqlite_close(struct gpald_sqlite *store)
{
	char error[GPALD_STORE_ERROR_SIZE];

	/* The paths may lead to other files. */
	if (store->is_accepted && !gpald_sqlite_check_files(store, error))
		gpald_sqlite_keep_wal_at_close(store);
	/* If this fails, the next start does it. */
	if (store->empties_wal_at_close)
		(void)!gpald_sqlite_checkpoint(store, error);
	sqlite3_close(store->db);
	if (store->had_no_wal && !store->is_accepted)
		unlinkat(store->folder_fd, FILE_NAME "-wal", 0);
	if (store->database_fd >= 0)
		close(store->database_fd);
	if (store->folder_fd >= 0)
		close(store->folder_fd);
	free(store->path);
}
