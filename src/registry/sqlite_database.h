/* SPDX-License-Identifier: MIT */
/*
 * The parts that the files of the SQLite store share. sqlite_store.c commits changes, with the
 * statements in sqlite_statements.c. sqlite_open.c finds or creates the database, sqlite_restore.c
 * fills it from a backup, sqlite_load.c reads all of it, sqlite_space.c reserves disk space, and
 * sqlite_files.c checks that the files are in the state folder.
 */
#ifndef GPALD_REGISTRY_SQLITE_DATABASE_H
#define GPALD_REGISTRY_SQLITE_DATABASE_H

#include "registry/store.h"

#include <sqlite3.h>
#include <sys/types.h>

#define GPALD_SQLITE_PAGE_BYTES 4096 /* of the database; the default of SQLite */

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
	int folder_fd;             /* locked */
	int database_fd;           /* close it after `db`: closing it releases SQLite's locks */
	bool is_accepted;          /* in use; before that, closing removes a WAL that SQLite made */
	bool empties_wal_at_close; /* closing the database empties the WAL */
	int64_t opened_schema_version; /* of its schema when it was opened */
	bool had_no_wal; /* before SQLite opened it; if it is refused, closing removes the WAL */
	struct gpald_sqlite_file database, wal;
	sqlite3 *db;
	sqlite3_stmt *prepared[GPALD_SQLITE_STATEMENT_COUNT];
	struct gpald_store_state state; /* on disk */
	uint64_t events;                /* rows in the table of events */
	size_t events_kept;
	uint64_t pages_max;     /* limit on pages_used; a deletion may exceed it */
	bool is_at_limit;       /* the last transaction would have exceeded pages_max */
	uint64_t pages;         /* in the database */
	uint64_t pages_used;    /* in use */
	uint64_t pages_on_disk; /* with reserved disk space, used or not */
	int wal_pages;          /* in the write-ahead log after the last commit */
};

/* Sets the error. Returns false. */
__attribute__((format(printf, 2, 3))) bool gpald_sqlite_fail(char error[GPALD_STORE_ERROR_SIZE],
							     const char *format, ...);

/* Returns whether the last error of SQLite was lack of memory. */
bool gpald_sqlite_lacked_memory(const struct gpald_sqlite *store);

/*
 * Sets the error to `what` and the errors of SQLite and the system. If memory ran out, or another
 * program has the database open, the error says only that. Returns false.
 */
bool gpald_sqlite_fail_with_cause(char error[GPALD_STORE_ERROR_SIZE],
				  const struct gpald_sqlite *store, const char *what);

/*
 * Returns the last errno of the WAL (SQLITE_FCNTL_JOURNAL_POINTER) or the database
 * (SQLITE_FCNTL_FILE_POINTER). SQLite itself forgets it when the transaction ends.
 */
int gpald_sqlite_system_error(const struct gpald_sqlite *store, int file);

/* Runs statements and ignores the rows that they return. On failure the error says `what`. */
GPAL_MUST_USE bool gpald_sqlite_exec(struct gpald_sqlite *store, const char *sql, const char *what,
				     char error[GPALD_STORE_ERROR_SIZE]);

/* Runs a statement that returns one integer. */
GPAL_MUST_USE bool gpald_sqlite_query_integer(struct gpald_sqlite *store, const char *sql,
					      int64_t *value, char error[GPALD_STORE_ERROR_SIZE]);

/*
 * Looks up the file of that name in the folder, by the descriptor of the folder. Returns false with
 * `error` set if SQLite has not opened that file.
 */
GPAL_MUST_USE bool gpald_sqlite_identify(const struct gpald_sqlite *store, const char *name,
					 struct gpald_sqlite_file *file,
					 char error[GPALD_STORE_ERROR_SIZE]);

/*
 * Checks that the paths of the database and its WAL still lead to the open files. Returns false
 * with `error` set.
 */
GPAL_MUST_USE bool gpald_sqlite_check_files(const struct gpald_sqlite *store,
					    char error[GPALD_STORE_ERROR_SIZE]);

/*
 * Locks the folder and opens its database, or creates one, so that it can be loaded. Nothing
 * changes an existing database until gpald_sqlite_load() has accepted all of it.
 */
GPAL_MUST_USE bool gpald_sqlite_open(struct gpald_sqlite *store,
				     const struct gpald_sqlite_options *options,
				     char error[GPALD_STORE_ERROR_SIZE]);

/* From now on closing the database empties the WAL. */
void gpald_sqlite_empty_wal_at_close(struct gpald_sqlite *store);

/* From now on closing the database leaves all files as they are. */
void gpald_sqlite_keep_wal_at_close(struct gpald_sqlite *store);

/* Closes and unlocks everything. A database that was refused is unchanged. */
void gpald_sqlite_close(struct gpald_sqlite *store);

/* Prepare the statements, and free them. On failure the error says `what`. */
GPAL_MUST_USE bool gpald_sqlite_prepare(struct gpald_sqlite *store, const char *what,
					char error[GPALD_STORE_ERROR_SIZE]);
void gpald_sqlite_unprepare(struct gpald_sqlite *store);

/*
 * Run prepared statements. On failure SQLite has the error. gpald_sqlite_step() runs one whose
 * parameters are bound, and resets it. Call the others only within a transaction: they add or
 * replace a record, remove one, add an event, drop the `count` oldest events, and set the state.
 */
GPAL_MUST_USE bool gpald_sqlite_step(struct gpald_sqlite *store, enum gpald_sqlite_statement which);
GPAL_MUST_USE bool gpald_sqlite_put(struct gpald_sqlite *store, const struct gpald_record *record);
GPAL_MUST_USE bool gpald_sqlite_remove(struct gpald_sqlite *store, const char *name);
GPAL_MUST_USE bool gpald_sqlite_add_event(struct gpald_sqlite *store,
					  const struct gpald_event *event);
GPAL_MUST_USE bool gpald_sqlite_drop_events(struct gpald_sqlite *store, uint64_t count);
GPAL_MUST_USE bool gpald_sqlite_set_state(struct gpald_sqlite *store,
					  const struct gpald_store_state *state);

/*
 * Fills empty tables with the content of a backup, and sets *state to the first state of the
 * registry. Returns false with `error` set.
 */
GPAL_MUST_USE bool gpald_sqlite_restore(struct gpald_sqlite *store, const char *path,
					struct gpald_store_state *state,
					char error[GPALD_STORE_ERROR_SIZE]);

/* Loads the whole database if all of it is valid. */
GPAL_MUST_USE bool gpald_sqlite_load(struct gpald_sqlite *store, const struct gpald_loader *loader,
				     struct gpald_store_state *state,
				     char error[GPALD_STORE_ERROR_SIZE]);

/*
 * Classifies the error of SQLite in the WAL (SQLITE_FCNTL_JOURNAL_POINTER) or the database
 * (SQLITE_FCNTL_FILE_POINTER), and sets `error`. GPALD_COMMIT_FULL: only disk space was missing, or
 * a quota or a limit on file size was exceeded. GPALD_COMMIT_NO_MEMORY: memory ran out.
 */
GPAL_MUST_USE enum gpald_commit_result
gpald_sqlite_classify_error(const struct gpald_sqlite *store, int file,
			    char error[GPALD_STORE_ERROR_SIZE]);

/*
 * Reserves disk space for the database as the open transaction leaves it, and checks the limit.
 * Only a transaction of deletions may use the space that is reserved for deletions.
 */
GPAL_MUST_USE enum gpald_commit_result gpald_sqlite_reserve(struct gpald_sqlite *store,
							    bool is_deletion,
							    char error[GPALD_STORE_ERROR_SIZE]);

/*
 * Moves the changes in the WAL into the database, and empties the WAL. Its file keeps the disk
 * space that a deletion needs.
 */
GPAL_MUST_USE enum gpald_commit_result gpald_sqlite_checkpoint(struct gpald_sqlite *store,
							       char error[GPALD_STORE_ERROR_SIZE]);

/*
 * Begins to use a valid database: empties the WAL, and reserves disk space. A full disk is not an
 * error.
 */
GPAL_MUST_USE bool gpald_sqlite_begin_use(struct gpald_sqlite *store,
					  char error[GPALD_STORE_ERROR_SIZE]);

#endif
