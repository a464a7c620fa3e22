/* SPDX-License-Identifier: MIT */
/*
 * The store in registry.db, an SQLite database in the state folder.
 *
 * The write-ahead log (WAL) is synchronised at each COMMIT. A long WAL is moved into the database
 * after the result of a commit was handed over; on a full disk, before that. If writing the WAL
 * fails, its transaction is incomplete on disk, so a full disk only leads to a refusal;
 * sqlite_space.c explains what works even then. If synchronising fails, it is unknown what is on
 * disk; only a restart can find out.
 */
#include "config.h"

#include "registry/sqlite_database.h"
#include "registry/sqlite_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WAL_PAGES_INDEXED 4062 /* HASHTABLE_NPAGE_ONE of SQLite */
/* A WAL of this length is moved into the database, and then used again from its start. */
#define WAL_PAGES_MAX 1000
/* When SQLite begins to use the WAL again from its start, it cuts a longer file to this size. */
#define WAL_BYTES_MAX (WAL_PAGES_MAX * (GPALD_SQLITE_PAGE_BYTES + 24))

#define OVERDUE_DROPPED_MAX 16 /* a transaction drops at most this many more events than it adds */

/*
 * Turns the write-ahead log on. If SQLite keeps another mode, it reports no error but returns that
 * mode.
 */
static bool use_wal(struct gpald_sqlite *store, char error[GPALD_STORE_ERROR_SIZE])
{
	sqlite3_stmt *statement = NULL;
	const char *mode = NULL;
	bool used;

	if (sqlite3_prepare_v2(store->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL) ==
		    SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		mode = (const char *)sqlite3_column_text(statement, 0);
	used = mode && strcmp(mode, "wal") == 0;
	if (!mode)
		gpald_sqlite_fail_with_cause(error, store, "cannot be written");
	else if (!used)
		gpald_sqlite_fail(error, "%s: cannot be written: it keeps the journal mode %s",
				  store->path, mode);
	sqlite3_finalize(statement);
	return used;
}

/* Upgrades the tables to the schema that the statements need. */
static bool upgrade_schema(struct gpald_sqlite *store, char error[GPALD_STORE_ERROR_SIZE])
{
	enum gpald_commit_result result;

	if (store->opened_schema_version == GPALD_SQLITE_SCHEMA_VERSION)
		return true;
	/* This makes space in the WAL, even on a full disk. */
	result = gpald_sqlite_checkpoint(store, error);
	return (result == GPALD_COMMIT_DONE || result == GPALD_COMMIT_FULL) &&
	       gpald_sqlite_exec(store, GPALD_SQLITE_UPGRADE_FROM_1,
				 "cannot be upgraded to the schema of this version", error);
}

/*
 * secure_delete is FAST, because deleted content is not secret, and overwriting all of it would
 * need space in the WAL. The SELECT makes SQLite open a new WAL, which it does only when it reads.
 */
#define SETTINGS "PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST; SELECT id FROM state"

static bool take_over_database(struct gpald_sqlite *store, char error[GPALD_STORE_ERROR_SIZE])
{
	if (sqlite3_db_readonly(store->db, "main") != 0)
		return gpald_sqlite_fail(error,
					 "%s: it is read-only; the daemon must be able to write it",
					 store->path);
	if (!use_wal(store, error) ||
	    !gpald_sqlite_exec(store, SETTINGS, "cannot be written", error) ||
	    !gpald_sqlite_identify(store, GPALD_SQLITE_FILE_NAME "-wal", &store->wal, error) ||
	    !upgrade_schema(store, error))
		return false;
	if (!gpald_sqlite_prepare(store, "cannot be written", error))
		return false;
	store->is_accepted = true;
	if (!gpald_sqlite_begin_use(store, error))
		return false;
	gpald_sqlite_empty_wal_at_close(store);
	return true;
}

static bool load_from_sqlite(struct gpald_store *base, const struct gpald_loader *loader,
			     struct gpald_store_state *state, char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_sqlite *store = (struct gpald_sqlite *)base;

	return gpald_sqlite_load(store, loader, state, error) && take_over_database(store, error);
}

/*
 * Drops the oldest events beyond the number to keep. If that number was lowered a lot, it takes
 * several transactions: one that dropped all of them might not fit into the WAL of a full disk.
 */
static bool drop_events(struct gpald_sqlite *store, uint64_t *events)
{
	const uint64_t most = *events - store->events + OVERDUE_DROPPED_MAX;
	uint64_t dropped = *events > store->events_kept ? *events - store->events_kept : 0;

	if (dropped > most)
		dropped = most;
	*events -= dropped;
	return dropped == 0 || gpald_sqlite_drop_events(store, dropped);
}

/* Runs all of a transaction except its COMMIT. */
static bool make_changes(struct gpald_sqlite *store, const struct gpald_store_changes *changes,
			 struct gpald_store_state *state, uint64_t *events)
{
	struct gpald_store_change *change;

	if (!gpald_sqlite_step(store, GPALD_SQLITE_BEGIN))
		return false;
	STAILQ_FOREACH(change, changes, entry) {
		gpald_store_state_count_change(state, change);
		if (!(change->record ? gpald_sqlite_put(store, change->record) :
				       gpald_sqlite_remove(store, change->event.name)) ||
		    !gpald_sqlite_add_event(store, &change->event))
			return false;
		++*events;
	}
	return drop_events(store, events) && gpald_sqlite_set_state(store, state);
}

static bool is_deletion(const struct gpald_store_changes *changes)
{
	const struct gpald_store_change *change;

	STAILQ_FOREACH(change, changes, entry)
		if (change->record)
			return false;
	return true;
}

/*
 * Returns whether a COMMIT that ran out of memory is certainly not on disk. After writing a
 * transaction SQLite needs memory only for the index of the WAL, and it has the index of the first
 * pages from the start.
 */
static bool is_failed_commit_absent(const struct gpald_sqlite *store)
{
	const off_t most = WAL_PAGES_INDEXED * (off_t)GPALD_SQLITE_PAGE_BYTES;
	struct stat wal;

	return fstatat(store->folder_fd, GPALD_SQLITE_FILE_NAME "-wal", &wal, 0) == 0 &&
	       wal.st_size < most;
}

static enum gpald_commit_result commit_changes(struct gpald_sqlite *store,
					       const struct gpald_store_changes *changes,
					       char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_store_state state = store->state;
	uint64_t events = store->events;
	enum gpald_commit_result result;

	store->is_at_limit = false;
	if (!make_changes(store, changes, &state, &events))
		return gpald_sqlite_classify_error(store, SQLITE_FCNTL_JOURNAL_POINTER, error);
	result = gpald_sqlite_reserve(store, is_deletion(changes), error);
	if (result != GPALD_COMMIT_DONE)
		return result;
	if (gpald_sqlite_step(store, GPALD_SQLITE_COMMIT)) {
		store->state = state;
		store->events = events;
		return GPALD_COMMIT_DONE;
	}
	result = gpald_sqlite_classify_error(store, SQLITE_FCNTL_JOURNAL_POINTER, error);
	return result == GPALD_COMMIT_NO_MEMORY && !is_failed_commit_absent(store) ?
		       GPALD_COMMIT_FAILED :
		       result;
}

/* Like commit_changes(), but rolls back if it fails. */
static enum gpald_commit_result try_commit(struct gpald_sqlite *store,
					   const struct gpald_store_changes *changes,
					   char error[GPALD_STORE_ERROR_SIZE])
{
	const uint64_t pages = store->pages, used = store->pages_used;
	const enum gpald_commit_result result = commit_changes(store, changes, error);

	if (result == GPALD_COMMIT_DONE)
		return result;
	store->pages = pages;
	store->pages_used = used;
	/* Most errors end the transaction by themselves. */
	if (!sqlite3_get_autocommit(store->db) && !gpald_sqlite_step(store, GPALD_SQLITE_ROLLBACK))
		return GPALD_COMMIT_FAILED;
	return result;
}

static enum gpald_commit_result commit_to_sqlite(struct gpald_store *base,
						 const struct gpald_store_changes *changes,
						 char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_sqlite *store = (struct gpald_sqlite *)base;
	enum gpald_commit_result result = try_commit(store, changes, error);

	/* Emptying the WAL may free the missing space, but does not help against the limit. */
	if (result == GPALD_COMMIT_FULL && !store->is_at_limit) {
		result = gpald_sqlite_checkpoint(store, error);
		if (result != GPALD_COMMIT_FAILED)
			result = try_commit(store, changes, error);
	}
	/* The next start must find the files, too. */
	if (result == GPALD_COMMIT_DONE && !gpald_sqlite_check_files(store, error))
		result = GPALD_COMMIT_FAILED;
	if (result == GPALD_COMMIT_DONE)
		error[0] = '\0';
	/* The next start finds out what is on disk. */
	if (result == GPALD_COMMIT_FAILED)
		gpald_sqlite_keep_wal_at_close(store);
	return result;
}

static enum gpald_commit_result tidy_sqlite(struct gpald_store *base,
					    char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_sqlite *store = (struct gpald_sqlite *)base;
	enum gpald_commit_result result = GPALD_COMMIT_DONE;

	if (!gpald_sqlite_check_files(store, error)) {
		result = GPALD_COMMIT_FAILED;
	} else if (store->wal_pages >= WAL_PAGES_MAX) {
		store->wal_pages = 0;
		if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
					      NULL) != SQLITE_OK)
			result = gpald_sqlite_classify_error(store, SQLITE_FCNTL_FILE_POINTER,
							     error);
	}
	/* The system reports lost writes only once; the WAL still has the data. */
	if (result == GPALD_COMMIT_FAILED)
		gpald_sqlite_keep_wal_at_close(store);
	return result;
}

static void close_sqlite_store(struct gpald_store *base)
{
	struct gpald_sqlite *store = (struct gpald_sqlite *)base;

	gpald_sqlite_unprepare(store);
	gpald_sqlite_close(store);
	free(store);
}

static const struct gpald_store_ops ops = {
	.kind = "sqlite",
	.load = load_from_sqlite,
	.commit = commit_to_sqlite,
	.tidy = tidy_sqlite,
	.close = close_sqlite_store,
};

struct gpald_store *gpald_sqlite_store_open(const struct gpald_sqlite_options *options,
					    char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_sqlite *store = calloc(1, sizeof(*store));
	char limits[64];

	if (!store) {
		gpald_sqlite_fail(error, "out of memory");
		return NULL;
	}
	store->base.ops = &ops;
	store->events_kept = options->events_kept;
	store->pages_max = options->bytes_max / GPALD_SQLITE_PAGE_BYTES;
	snprintf(limits, sizeof(limits), "PRAGMA journal_size_limit = %d", WAL_BYTES_MAX);
	if (gpald_sqlite_open(store, options, error) &&
	    gpald_sqlite_exec(store, limits, "cannot be read", error))
		return &store->base;
	close_sqlite_store(&store->base);
	return NULL;
}
