/* SPDX-License-Identifier: MIT */
/* Loads the database. It trusts nothing: all that is used has been checked. */
#include "config.h"

#include "registry/sqlite_database.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *column_text(sqlite3_stmt *row, int column)
{
	const unsigned char *text = sqlite3_column_text(row, column);

	return text ? (const char *)text : "";
}

/* Returns whether a text has a NUL, so that a C string would be shorter. */
static bool has_nul(sqlite3_stmt *row, int column)
{
	return strlen(column_text(row, column)) != (size_t)sqlite3_column_bytes(row, column);
}

static struct gpald_blob column_blob(sqlite3_stmt *row, int column)
{
	const void *data = sqlite3_column_blob(row, column);
	const int length = sqlite3_column_bytes(row, column);

	return (struct gpald_blob){ (uint8_t *)data, data ? (size_t)length : 0 };
}

struct loading {
	struct gpald_sqlite *store;
	const struct gpald_loader *loader;
	char *error;
	size_t damaged;
	size_t states;         /* rows of state */
	uint64_t newest_event; /* so far; 0: none */
	size_t newer;          /* records that only a newer version can read */
};

static bool load_record_row(struct loading *l, sqlite3_stmt *row)
{
	const int64_t uid = sqlite3_column_int64(row, 2);
	const struct gpald_stored_record stored = {
		.name = column_text(row, 0),
		.facts = {
			.generation = (uint64_t)sqlite3_column_int64(row, 1),
			.owner_uid = (uid_t)uid,
			.created_at_ms = sqlite3_column_int64(row, 3),
			.updated_at_ms = sqlite3_column_int64(row, 4),
		},
		.digest = column_text(row, 5),
		.request = column_blob(row, 6),
		.layout = column_blob(row, 7),
	};
	const struct gpald_blob checksum = column_blob(row, 8);
	enum gpald_record_problem problem = GPALD_RECORD_CHECKSUM;
	struct gpald_record *record = NULL;

	/* The checksum does not cover what a C string or a uid_t would drop. */
	if (uid == (int64_t)stored.facts.owner_uid && !has_nul(row, 0) && !has_nul(row, 5) &&
	    strlen(stored.name) < GPALD_NAME_SIZE)
		record = gpald_record_load(&stored, &checksum, &problem);
	if (record && l->loader->record(l->loader->data, record))
		return true;
	if (record || problem == GPALD_RECORD_NO_MEMORY)
		return gpald_sqlite_fail(l->error, "out of memory");
	l->loader->damaged(l->loader->data, stored.name, gpald_record_problem_text(problem));
	if (problem == GPALD_RECORD_UNKNOWN_POLICY || problem == GPALD_RECORD_NEWER)
		l->newer++;
	else
		l->damaged++;
	return true;
}

static bool is_checksum(sqlite3_stmt *row, int column, const uint8_t sum[GPALD_CHECKSUM_SIZE])
{
	const struct gpald_blob stored = column_blob(row, column);

	return gpald_checksum_is(sum, stored.data, stored.length);
}

static bool load_event_row(struct loading *l, sqlite3_stmt *row)
{
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	const int64_t uid = sqlite3_column_int64(row, 7);
	struct gpald_event event = {
		.revision = (uint64_t)sqlite3_column_int64(row, 0),
		.generation = (uint64_t)sqlite3_column_int64(row, 5),
		.at_ms = sqlite3_column_int64(row, 6),
		.uid = (uid_t)uid,
	};
	const char *name = column_text(row, 2), *digest = column_text(row, 3);

	if (!gpald_event_text_parse(column_text(row, 1), &event) || uid != (int64_t)event.uid ||
	    strlen(name) >= sizeof(event.name) || strlen(digest) >= sizeof(event.digest) ||
	    (l->newest_event && event.follows != l->newest_event))
		return gpald_sqlite_fail(
			l->error, "%s: damaged: the event of revision %" PRIu64 " is invalid",
			l->store->path, event.revision);
	strcpy(event.name, name);
	strcpy(event.digest, digest);
	gpald_event_checksum(&event, sum);
	if (!is_checksum(row, 4, sum))
		return gpald_sqlite_fail(l->error,
					 "%s: damaged: the checksum of the event of revision "
					 "%" PRIu64 " is wrong",
					 l->store->path, event.revision);
	l->newest_event = event.revision;
	if (!l->loader->event(l->loader->data, &event))
		return gpald_sqlite_fail(l->error, "out of memory");
	return true;
}

/* Reads the texts of a row once, because SQLite may need memory for them. */
static bool fetch_row(struct loading *l, sqlite3_stmt *row)
{
	for (int i = 0; i < sqlite3_column_count(row); i++)
		if (sqlite3_column_type(row, i) == SQLITE_TEXT)
			(void)sqlite3_column_text(row, i);
	return !gpald_sqlite_lacked_memory(l->store) ||
	       gpald_sqlite_fail_with_cause(l->error, l->store, "cannot be read");
}

static bool for_each_row(struct loading *l, const char *sql,
			 bool (*visit)(struct loading *l, sqlite3_stmt *row))
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(l->store->db, sql, -1, &statement, NULL);
	bool going = true;

	while (code == SQLITE_OK || (code == SQLITE_ROW && going)) {
		code = sqlite3_step(statement);
		if (code == SQLITE_ROW)
			going = fetch_row(l, statement) && visit(l, statement);
	}
	if (going && code != SQLITE_DONE)
		going = gpald_sqlite_fail_with_cause(l->error, l->store, "damaged");
	sqlite3_finalize(statement);
	return going;
}

static bool check_integrity_row(struct loading *l, sqlite3_stmt *row)
{
	const char *found = column_text(row, 0);

	return strcmp(found, "ok") == 0 ||
	       gpald_sqlite_fail(l->error, "%s: damaged: %s", l->store->path, found);
}

static bool load_state(struct loading *l, sqlite3_stmt *row)
{
	struct gpald_store_state *state = &l->store->state;
	uint8_t sum[GPALD_CHECKSUM_SIZE];

	l->states++;
	state->revision = (uint64_t)sqlite3_column_int64(row, 0);
	state->generation_top = (uint64_t)sqlite3_column_int64(row, 1);
	gpald_store_state_checksum(state, sum);
	if (is_checksum(row, 2, sum))
		return true;
	return gpald_sqlite_fail(l->error, "%s: damaged: the checksum of its state is wrong",
				 l->store->path);
}

/* Returns the floor; see struct gpald_store_state. */
static uint64_t find_floor(const struct gpald_store_state *state)
{
	const uint64_t reached = state->revision > state->generation_top ? state->revision :
									   state->generation_top;
	uint64_t floor = gpald_event_clock_revision();

	if (floor < reached)
		floor += ((reached - floor - 1) / GPALD_RESTORE_RAISE_MIN + 1) *
			 GPALD_RESTORE_RAISE_MIN;
	return floor;
}

static bool load_everything(struct loading *l, struct gpald_store_state *state)
{
	struct gpald_sqlite *store = l->store;
	char events[192];
	int64_t rows;

	/* Records first, so that the daemon's log names all damaged ones. */
	if (!for_each_row(l,
			  "SELECT name, generation, owner_uid, created_at_ms, updated_at_ms, "
			  "digest, request, layout, checksum FROM layouts",
			  load_record_row))
		return false;
	if (l->damaged)
		return gpald_sqlite_fail(l->error,
					 "%s: damaged: %zu of its layouts cannot be used; move it "
					 "and " GPALD_SQLITE_FILE_NAME
					 "-wal away and restore a backup with "
					 "--restore, or delete their rows with sqlite3",
					 store->path, l->damaged);
	if (l->newer)
		return gpald_sqlite_fail(
			l->error,
			"%s: it was used by a newer gpalayoutd, which made %zu of its layouts; "
			"use that version",
			store->path, l->newer);
	if (!for_each_row(l, "PRAGMA integrity_check(1)", check_integrity_row) ||
	    !for_each_row(l, "SELECT revision, generation_top, checksum FROM state", load_state))
		return false;
	if (l->states != 1)
		return gpald_sqlite_fail(l->error, "%s: damaged: its state is missing",
					 store->path);
	snprintf(events, sizeof(events),
		 "SELECT * FROM (SELECT revision, event, name, digest, checksum, %s FROM events"
		 " ORDER BY revision DESC LIMIT %zu) ORDER BY revision",
		 store->opened_schema_version == 1 ? "NULL, NULL, NULL" : "generation, at_ms, uid",
		 l->loader->events_max);
	if (!for_each_row(l, events, load_event_row) ||
	    !gpald_sqlite_query_integer(store, "SELECT count(*) FROM events", &rows, l->error))
		return false;
	store->events = (uint64_t)rows;
	if (l->newest_event && l->newest_event != store->state.revision)
		return gpald_sqlite_fail(l->error,
					 "%s: damaged: its revision is %" PRIu64
					 ", but its newest event has revision %" PRIu64,
					 store->path, store->state.revision, l->newest_event);
	if (!store->base.is_new)
		store->state.floor = find_floor(&store->state);
	*state = store->state;
	return true;
}

bool gpald_sqlite_load(struct gpald_sqlite *store, const struct gpald_loader *loader,
		       struct gpald_store_state *state, char error[GPALD_STORE_ERROR_SIZE])
{
	struct loading l = { .store = store, .loader = loader, .error = error };

	return load_everything(&l, state);
}
