/* SPDX-License-Identifier: MIT */
/*
 * The SQLite store as the files that make it see it: sqlite_open.c finds or makes
 * the database, sqlite_restore.c makes it of a backup, sqlite_load.c reads all of it,
 * sqlite_store.c writes, sqlite_room.c sees to the room for that, and
 * sqlite_files.c sees that all this happens in the state folder.
 */
#ifndef GPALD_REGISTRY_SQLITE_DATABASE_H
#define GPALD_REGISTRY_SQLITE_DATABASE_H

#include "registry/store.h"

#include <sqlite3.h>
#include <sys/types.h>

#define GPALD_SQLITE_PAGE_BYTES 4096 /* of the database; what SQLite makes by itself */

enum gpald_sqlite_statement {
	GPALD_SQLITE_BEGIN,
	GPALD_SQLITE_COMMIT,
	GPALD_SQLITE_ROLLBACK,
	GPALD_SQLITE_PUT,
	GPALD_SQLITE_REMOVE,
	GPALD_SQLITE_ADD_EVENT,
	GPALD_SQLITE_DROP_EVENTS,
	GPALD_SQLITE_SET_STATE,
	GPALD_SQLITE_COUNT_PAGES,
	GPALD_SQLITE_COUNT_FREE,
	GPALD_SQLITE_STATEMENT_COUNT
};

/* A file that SQLite has open. */
struct gpald_sqlite_file {
	dev_t device;
	ino_t inode;
};

#define GPALD_SQLITE_FILE_NAME "registry.db"

struct gpald_sqlite {
	struct gpald_store base; /* first */
	char *path;
	int folder_fd;   /* locked */
	int database_fd; /* for its size; to close it gives up the locks of SQLite */
	bool is_ours;    /* it was found right, and may be written */
	bool may_tidy;   /* the log is to be emptied when it is closed */
	int64_t version; /* of the schema that it was found with */
	bool made_log;   /* SQLite has, by reading a database that had none */
	struct gpald_sqlite_file database, log;
	sqlite3 *db;
	sqlite3_stmt *prepared[GPALD_SQLITE_STATEMENT_COUNT];
	struct gpald_store_state state; /* as it is on disk */
	uint64_t events;                /* rows of theirs there */
	size_t events_kept;
	uint64_t pages_max;     /* of the database */
	bool is_at_limit;       /* which the last transaction would have exceeded */
	uint64_t pages;         /* that it has */
	uint64_t pages_used;    /* of them */
	uint64_t pages_on_disk; /* that have their place there, used or not */
	int log_pages;          /* in the write-ahead log after the last commit */
};

/* Sets the error; false, always. */
__attribute__((format(printf, 2, 3))) bool gpald_sqlite_say(char error[GPALD_STORE_ERROR_SIZE],
							    const char *format, ...);

/* Whether memory is what SQLite lacked last. */
bool gpald_sqlite_lacked_memory(const struct gpald_sqlite *store);

/* Says `what`, and what SQLite and the system say; of memory alone, that there was none. */
bool gpald_sqlite_say_why(char error[GPALD_STORE_ERROR_SIZE], const struct gpald_sqlite *store,
			  const char *what);

/*
 * What the system said last of the log (SQLITE_FCNTL_JOURNAL_POINTER) or of the
 * database (SQLITE_FCNTL_FILE_POINTER). What SQLite itself remembers of it is lost
 * with the end of the transaction.
 */
int gpald_sqlite_system_error(const struct gpald_sqlite *store, int file);

/* Runs statements that give nothing; `what` says in an error what was not possible. */
GPAL_MUST_USE bool gpald_sqlite_run(struct gpald_sqlite *store, const char *sql, const char *what,
				    char error[GPALD_STORE_ERROR_SIZE]);

/* The one integer that a statement gives. */
GPAL_MUST_USE bool gpald_sqlite_ask(struct gpald_sqlite *store, const char *sql, int64_t *value,
				    char error[GPALD_STORE_ERROR_SIZE]);

/*
 * Finds out which file of that name is in the folder, by the folder's descriptor.
 * False with `error` set if it is not the one that SQLite has opened.
 */
GPAL_MUST_USE bool gpald_sqlite_recognise(const struct gpald_sqlite *store, const char *name,
					  struct gpald_sqlite_file *file,
					  char error[GPALD_STORE_ERROR_SIZE]);

/* Whether the paths of the database and its log still lead to them. False with `error` set. */
GPAL_MUST_USE bool gpald_sqlite_check_files(const struct gpald_sqlite *store,
					    char error[GPALD_STORE_ERROR_SIZE]);

/*
 * Locks the folder and opens the database in it, or a new one, so far that it can
 * be loaded. Until gpald_sqlite_allow_tidy_close() nothing changes it.
 */
GPAL_MUST_USE bool gpald_sqlite_open(struct gpald_sqlite *store,
				     const struct gpald_sqlite_options *options,
				     char error[GPALD_STORE_ERROR_SIZE]);

/* Empties the log when the database is closed. */
void gpald_sqlite_allow_tidy_close(struct gpald_sqlite *store);

/* Leaves everything as it is. */
void gpald_sqlite_forbid_tidy_close(struct gpald_sqlite *store);

/* Closes and unlocks what was opened; a database that was refused is as it was. */
void gpald_sqlite_close(struct gpald_sqlite *store);

/*
 * Makes the statements ready, or frees them again; `what` says in an error what was not
 * possible.
 */
GPAL_MUST_USE bool gpald_sqlite_prepare(struct gpald_sqlite *store, const char *what,
					char error[GPALD_STORE_ERROR_SIZE]);
void gpald_sqlite_unprepare(struct gpald_sqlite *store);

/* Within a transaction: puts a record in, in place of one of its name, or removes one. */
GPAL_MUST_USE bool gpald_sqlite_put(struct gpald_sqlite *store, const struct gpald_record *record);
GPAL_MUST_USE bool gpald_sqlite_remove(struct gpald_sqlite *store, const char *name);

/*
 * Fills tables that are empty with what a backup has; *state is what the registry begins with.
 * False with `error` set.
 */
GPAL_MUST_USE bool gpald_sqlite_restore(struct gpald_sqlite *store, const char *path,
					struct gpald_store_state *state,
					char error[GPALD_STORE_ERROR_SIZE]);

/* Hands over everything there is, if all of it is right. */
GPAL_MUST_USE bool gpald_sqlite_load(struct gpald_sqlite *store, const struct gpald_loader *loader,
				     struct gpald_store_state *state,
				     char error[GPALD_STORE_ERROR_SIZE]);

/*
 * What has gone wrong with SQLite in the log (SQLITE_FCNTL_JOURNAL_POINTER) or in the
 * database (SQLITE_FCNTL_FILE_POINTER), with `error` set: GPALD_COMMIT_FULL for want
 * of room alone, quotas and file size limits included; GPALD_COMMIT_NO_MEMORY.
 */
GPAL_MUST_USE enum gpald_commit_result gpald_sqlite_failure(const struct gpald_sqlite *store,
							    int file,
							    char error[GPALD_STORE_ERROR_SIZE]);

/*
 * Sees to it that what an open transaction makes of the database has its place on the
 * disk, and within the limit; a removal may use what is set aside for it.
 */
GPAL_MUST_USE enum gpald_commit_result gpald_sqlite_reserve(struct gpald_sqlite *store,
							    bool is_removal,
							    char error[GPALD_STORE_ERROR_SIZE]);

/*
 * Moves the log into the database, and makes it as short as it may be. It then holds
 * nothing that is not on disk, nor anything of transactions that were never finished.
 */
GPAL_MUST_USE enum gpald_commit_result gpald_sqlite_empty_log(struct gpald_sqlite *store,
							      char error[GPALD_STORE_ERROR_SIZE]);

/* Takes over a sound database: empties the log, and sets room aside if there is any. */
GPAL_MUST_USE bool gpald_sqlite_settle_in(struct gpald_sqlite *store,
					  char error[GPALD_STORE_ERROR_SIZE]);

#endif
