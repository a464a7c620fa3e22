/* SPDX-License-Identifier: MIT */
/* The prepared statements, with which transactions read and write the tables. */
#include "config.h"

#include "registry/sqlite_database.h"

#include <assert.h>

static const char *const statements[] = {
	[GPALD_SQLITE_BEGIN] = "BEGIN IMMEDIATE",
	[GPALD_SQLITE_COMMIT] = "COMMIT",
	[GPALD_SQLITE_ROLLBACK] = "ROLLBACK",
	[GPALD_SQLITE_PUT] =
		("INSERT OR REPLACE INTO layouts (name, generation, owner_uid, created_at_ms,"
		 " updated_at_ms, digest, request, layout, checksum)"
		 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"),
	[GPALD_SQLITE_REMOVE] = "DELETE FROM layouts WHERE name = ?1",
	[GPALD_SQLITE_ADD_EVENT] = ("INSERT INTO events (revision, event, name, digest, checksum,"
				    " generation, at_ms, uid)"
				    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
	[GPALD_SQLITE_DROP_EVENTS] = ("DELETE FROM events WHERE revision IN"
				      " (SELECT revision FROM events ORDER BY revision LIMIT ?1)"),
	[GPALD_SQLITE_SET_STATE] =
		"UPDATE state SET revision = ?1, generation_top = ?2, checksum = ?3",
	[GPALD_SQLITE_COUNT_PAGES] = "PRAGMA page_count",
	[GPALD_SQLITE_COUNT_FREE] = "PRAGMA freelist_count",
};

static_assert(sizeof(statements) / sizeof(statements[0]) == GPALD_SQLITE_STATEMENT_COUNT,
	      "each statement has its text");

bool gpald_sqlite_prepare(struct gpald_sqlite *store, const char *what,
			  char error[GPALD_STORE_ERROR_SIZE])
{
	for (int i = 0; i < GPALD_SQLITE_STATEMENT_COUNT; i++)
		if (sqlite3_prepare_v3(store->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &store->prepared[i], NULL) != SQLITE_OK)
			return gpald_sqlite_fail_with_cause(error, store, what);
	return true;
}

void gpald_sqlite_unprepare(struct gpald_sqlite *store)
{
	for (int i = 0; i < GPALD_SQLITE_STATEMENT_COUNT; i++) {
		sqlite3_finalize(store->prepared[i]);
		store->prepared[i] = NULL;
	}
}

bool gpald_sqlite_step(struct gpald_sqlite *store, enum gpald_sqlite_statement which)
{
	sqlite3_stmt *statement = store->prepared[which];
	const int code = sqlite3_step(statement);

	/* sqlite3_reset() returns the error of the step again. */
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

bool gpald_sqlite_put(struct gpald_sqlite *store, const struct gpald_record *record)
{
	const struct gpald_stored_record stored = gpald_record_as_stored(record);
	sqlite3_stmt *statement = store->prepared[GPALD_SQLITE_PUT];
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	const struct gpald_blob checksum = { sum, sizeof(sum) };
	bool done;

	gpald_stored_record_checksum(&stored, sum);
	bind_text(statement, 1, stored.name);
	sqlite3_bind_int64(statement, 2, (int64_t)stored.facts.generation);
	sqlite3_bind_int64(statement, 3, stored.facts.owner_uid);
	sqlite3_bind_int64(statement, 4, stored.facts.created_at_ms);
	sqlite3_bind_int64(statement, 5, stored.facts.updated_at_ms);
	bind_text(statement, 6, stored.digest);
	bind_blob(statement, 7, &stored.request);
	bind_blob(statement, 8, &stored.layout);
	bind_blob(statement, 9, &checksum);
	done = gpald_sqlite_step(store, GPALD_SQLITE_PUT);
	/* If a binding fails, its value is NULL, which the schema refuses. */
	sqlite3_clear_bindings(statement);
	return done;
}

bool gpald_sqlite_remove(struct gpald_sqlite *store, const char *name)
{
	bind_text(store->prepared[GPALD_SQLITE_REMOVE], 1, name);
	return gpald_sqlite_step(store, GPALD_SQLITE_REMOVE);
}

bool gpald_sqlite_add_event(struct gpald_sqlite *store, const struct gpald_event *event)
{
	sqlite3_stmt *statement = store->prepared[GPALD_SQLITE_ADD_EVENT];
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	const struct gpald_blob checksum = { sum, sizeof(sum) };
	char kind[GPALD_EVENT_TEXT_SIZE];

	gpald_event_checksum(event, sum);
	gpald_event_text_print(event, kind);
	sqlite3_bind_int64(statement, 1, (int64_t)event->revision);
	bind_text(statement, 2, kind);
	bind_text(statement, 3, event->name);
	bind_text(statement, 4, event->digest);
	bind_blob(statement, 5, &checksum);
	sqlite3_bind_int64(statement, 6, (int64_t)event->generation);
	sqlite3_bind_int64(statement, 7, event->at_ms);
	sqlite3_bind_int64(statement, 8, event->uid);
	return gpald_sqlite_step(store, GPALD_SQLITE_ADD_EVENT);
}

bool gpald_sqlite_drop_events(struct gpald_sqlite *store, uint64_t count)
{
	sqlite3_bind_int64(store->prepared[GPALD_SQLITE_DROP_EVENTS], 1, (int64_t)count);
	return gpald_sqlite_step(store, GPALD_SQLITE_DROP_EVENTS);
}

bool gpald_sqlite_set_state(struct gpald_sqlite *store, const struct gpald_store_state *state)
{
	sqlite3_stmt *statement = store->prepared[GPALD_SQLITE_SET_STATE];
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	const struct gpald_blob checksum = { sum, sizeof(sum) };

	gpald_store_state_checksum(state, sum);
	sqlite3_bind_int64(statement, 1, (int64_t)state->revision);
	sqlite3_bind_int64(statement, 2, (int64_t)state->generation_top);
	bind_blob(statement, 3, &checksum);
	return gpald_sqlite_step(store, GPALD_SQLITE_SET_STATE);
}
