/* SPDX-License-Identifier: MIT */
/*
 * The store in registry.db, an SQLite database in the state folder.
 *
 * The write-ahead log is synchronised at each COMMIT and moved into the database
 * between commits, after the clients have been answered. An error in a write of the
 * log leaves its transaction incomplete on disk, so a full disk is no more than a
 * refusal. An error in synchronising leaves open what is on disk; from there on only
 * a restart knows.
 */
#include "config.h"

#include "registry/sqlite_database.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_PAGES_MAX 1000           /* of the write-ahead log; then it is moved */
#define LOG_BYTES_KEPT (4096 * 4096) /* of its file, which is used again from the start */

static const char *const statements[] = {
	[GPALD_SQLITE_BEGIN] = "BEGIN IMMEDIATE",
	[GPALD_SQLITE_COMMIT] = "COMMIT",
	[GPALD_SQLITE_ROLLBACK] = "ROLLBACK",
	[GPALD_SQLITE_PUT] =
		("INSERT OR REPLACE INTO layouts (name, generation, owner_uid, created_at_ms,"
		 " updated_at_ms, digest, request, layout, checksum)"
		 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"),
	[GPALD_SQLITE_REMOVE] = "DELETE FROM layouts WHERE name = ?1",
	[GPALD_SQLITE_ADD_EVENT] = ("INSERT INTO events (revision, event, name, digest, checksum)"
				    " VALUES (?1, ?2, ?3, ?4, ?5)"),
	[GPALD_SQLITE_DROP_EVENTS] = "DELETE FROM events WHERE revision <= ?1",
	[GPALD_SQLITE_SET_STATE] =
		"UPDATE state SET revision = ?1, generation_top = ?2, checksum = ?3",
};

static_assert(sizeof(statements) / sizeof(statements[0]) == GPALD_SQLITE_STATEMENT_COUNT,
	      "each statement has its text");

/* SQLite answers with the mode it uses, and calls none an error. */
static bool use_log(struct gpald_sqlite *store, char error[GPALD_STORE_ERROR_SIZE])
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
		gpald_sqlite_say_why(error, store, "cannot be written");
	else if (!used)
		gpald_sqlite_say(error, "%s: cannot be written: it keeps the journal mode %s",
				 store->path, mode);
	sqlite3_finalize(statement);
	return used;
}

static bool prepare(struct gpald_sqlite *store, char error[GPALD_STORE_ERROR_SIZE])
{
	if (sqlite3_db_readonly(store->db, "main") != 0)
		return gpald_sqlite_say(error, "%s: cannot be written, only read", store->path);
	if (!use_log(store, error) ||
	    !gpald_sqlite_run(store, "PRAGMA synchronous = FULL", "cannot be written", error) ||
	    !gpald_sqlite_recognise(store, GPALD_SQLITE_FILE_NAME "-wal", &store->log, error))
		return false;
	for (int i = 0; i < GPALD_SQLITE_STATEMENT_COUNT; i++)
		if (sqlite3_prepare_v3(store->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &store->prepared[i], NULL) != SQLITE_OK)
			return gpald_sqlite_say_why(error, store, "cannot be written");
	gpald_sqlite_allow_tidy_close(store);
	store->is_ours = true;
	return true;
}

static bool load(struct gpald_store *base, const struct gpald_loader *loader,
		 struct gpald_store_state *state, char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_sqlite *store = (struct gpald_sqlite *)base;

	return gpald_sqlite_load(store, loader, state, error) && prepare(store, error);
}

/* Runs a statement whose parameters are bound, and makes it ready for the next time. */
static bool step(struct gpald_sqlite *store, enum gpald_sqlite_statement which)
{
	sqlite3_stmt *statement = store->prepared[which];
	const int code = sqlite3_step(statement);

	/* The reset repeats the error of the step. */
	return sqlite3_reset(statement) == SQLITE_OK && code == SQLITE_DONE;
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

static void bind_blob(sqlite3_stmt *statement, int index, const struct gpald_blob *blob)
{
	sqlite3_bind_blob64(statement, index, blob->data, blob->length, SQLITE_STATIC);
}

static bool put(struct gpald_sqlite *store, const struct gpald_record *record)
{
	const struct gpald_stored_record stored = gpald_record_to_store(record);
	sqlite3_stmt *statement = store->prepared[GPALD_SQLITE_PUT];
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	const struct gpald_blob checksum = { sum, sizeof(sum) };
	bool done;

	gpald_stored_checksum(&stored, sum);
	bind_text(statement, 1, stored.name);
	sqlite3_bind_int64(statement, 2, (int64_t)stored.facts.generation);
	sqlite3_bind_int64(statement, 3, stored.facts.owner_uid);
	sqlite3_bind_int64(statement, 4, stored.facts.created_at_ms);
	sqlite3_bind_int64(statement, 5, stored.facts.updated_at_ms);
	bind_text(statement, 6, stored.digest);
	bind_blob(statement, 7, &stored.request);
	bind_blob(statement, 8, &stored.layout);
	bind_blob(statement, 9, &checksum);
	done = step(store, GPALD_SQLITE_PUT);
	/* A failed binding would be a NULL, which the schema refuses. */
	sqlite3_clear_bindings(statement);
	return done;
}

static bool apply(struct gpald_sqlite *store, const struct gpald_change *change)
{
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	const struct gpald_blob checksum = { sum, sizeof(sum) };
	sqlite3_stmt *remove = store->prepared[GPALD_SQLITE_REMOVE],
		     *event = store->prepared[GPALD_SQLITE_ADD_EVENT];

	if (change->record) {
		if (!put(store, change->record))
			return false;
	} else {
		bind_text(remove, 1, change->event.name);
		if (!step(store, GPALD_SQLITE_REMOVE))
			return false;
	}
	gpald_event_checksum(&change->event, sum);
	sqlite3_bind_int64(event, 1, (int64_t)change->event.revision);
	bind_text(event, 2, gpald_event_name(change->event.kind));
	bind_text(event, 3, change->event.name);
	bind_text(event, 4, change->event.digest);
	bind_blob(event, 5, &checksum);
	return step(store, GPALD_SQLITE_ADD_EVENT);
}

static bool set_state(struct gpald_sqlite *store, const struct gpald_store_state *state)
{
	sqlite3_stmt *statement = store->prepared[GPALD_SQLITE_SET_STATE];
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	const struct gpald_blob checksum = { sum, sizeof(sum) };

	gpald_store_state_checksum(state, sum);
	sqlite3_bind_int64(statement, 1, (int64_t)state->revision);
	sqlite3_bind_int64(statement, 2, (int64_t)state->generation_top);
	bind_blob(statement, 3, &checksum);
	return step(store, GPALD_SQLITE_SET_STATE);
}

static bool commit_changes(struct gpald_sqlite *store, struct gpald_change *changes)
{
	struct gpald_store_state state = store->state;

	if (!step(store, GPALD_SQLITE_BEGIN))
		return false;
	for (struct gpald_change *change = changes; change; change = change->next) {
		change->event.revision = ++state.revision;
		if (change->gone_generation > state.generation_top)
			state.generation_top = change->gone_generation;
		if (!apply(store, change))
			return false;
	}
	sqlite3_bind_int64(store->prepared[GPALD_SQLITE_DROP_EVENTS], 1,
			   (int64_t)state.revision - (int64_t)store->events_kept);
	if (!step(store, GPALD_SQLITE_DROP_EVENTS) || !set_state(store, &state) ||
	    !step(store, GPALD_SQLITE_COMMIT))
		return false;
	store->state = state;
	return true;
}

/*
 * Whether an operation failed for want of room alone, in the file that it writes.
 * Quotas and file size limits count.
 */
static bool is_full(const struct gpald_sqlite *store, int file)
{
	const int code = sqlite3_extended_errcode(store->db);
	const int system = code == SQLITE_IOERR_WRITE ? gpald_sqlite_system_error(store, file) : 0;

	return code == SQLITE_FULL || system == EDQUOT || system == EFBIG;
}

/*
 * Removals may use some pages more, for what they need at most: a store that is
 * full could not be made less so otherwise.
 */
static bool set_room(struct gpald_sqlite *store, const struct gpald_change *changes)
{
	uint64_t pages = store->pages_max;
	char limit[64];

	while (changes && !changes->record)
		changes = changes->next;
	if (!changes)
		pages += 16 + store->events_kept / 16;
	if (pages == store->pages_now)
		return true;
	store->pages_now = pages;
	snprintf(limit, sizeof(limit), "PRAGMA max_page_count = %" PRIu64, pages);
	return sqlite3_exec(store->db, limit, NULL, NULL, NULL) == SQLITE_OK;
}

static enum gpald_commit_result commit(struct gpald_store *base, struct gpald_change *changes,
				       char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_sqlite *store = (struct gpald_sqlite *)base;
	bool full;

	if (set_room(store, changes) && commit_changes(store, changes)) {
		if (gpald_sqlite_check_files(store, error))
			return GPALD_COMMIT_DONE;
		/* It is on disk, but not where the next start looks for it. */
		gpald_sqlite_forbid_tidy_close(store);
		return GPALD_COMMIT_FAILED;
	}
	full = is_full(store, SQLITE_FCNTL_JOURNAL_POINTER);
	gpald_sqlite_say_why(error, store, "cannot be written");
	/* Most errors have ended the transaction themselves. */
	if (!sqlite3_get_autocommit(store->db) && !step(store, GPALD_SQLITE_ROLLBACK))
		full = false;
	if (full)
		return GPALD_COMMIT_FULL;
	/* What is on disk is left for the next start to find out about. */
	gpald_sqlite_forbid_tidy_close(store);
	return GPALD_COMMIT_FAILED;
}

static enum gpald_commit_result tidy(struct gpald_store *base, char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_sqlite *store = (struct gpald_sqlite *)base;

	if (store->log_pages < LOG_PAGES_MAX)
		return GPALD_COMMIT_DONE;
	store->log_pages = 0;
	if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
	    SQLITE_OK)
		return GPALD_COMMIT_DONE;
	gpald_sqlite_say_why(error, store, "cannot be written");
	return is_full(store, SQLITE_FCNTL_FILE_POINTER) ? GPALD_COMMIT_FULL : GPALD_COMMIT_FAILED;
}

static void close_store(struct gpald_store *base)
{
	struct gpald_sqlite *store = (struct gpald_sqlite *)base;

	for (int i = 0; i < GPALD_SQLITE_STATEMENT_COUNT; i++)
		sqlite3_finalize(store->prepared[i]);
	gpald_sqlite_close(store);
	free(store);
}

static const struct gpald_store_ops ops = {
	.kind = "sqlite",
	.load = load,
	.commit = commit,
	.tidy = tidy,
	.close = close_store,
};

struct gpald_store *gpald_sqlite_store_open(const struct gpald_sqlite_options *options,
					    char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_sqlite *store = calloc(1, sizeof(*store));
	char limits[64];

	if (!store) {
		gpald_sqlite_say(error, "out of memory");
		return NULL;
	}
	store->base.ops = &ops;
	store->events_kept = options->events_kept;
	store->pages_max = options->bytes_max / GPALD_SQLITE_PAGE_BYTES;
	snprintf(limits, sizeof(limits), "PRAGMA journal_size_limit = %d", LOG_BYTES_KEPT);
	if (gpald_sqlite_open(store, options, error) &&
	    gpald_sqlite_run(store, limits, "cannot be read", error))
		return &store->base;
	close_store(&store->base);
	return NULL;
}
