/* SPDX-License-Identifier: MIT */
/*
 * Fills a new database from a backup. Changes since the backup are lost, but clients may know of
 * them. So a restore raises all generations and the revision, and keeps no event: a client that has
 * an earlier number is refused, and is never mistaken for one that knows the current layouts. If a
 * backup is restored again, the changes after the first restore are lost, too. So the revision is
 * raised at least to the clock, which has advanced since, and each generation by the same amount.
 * But if the revision of the backup was already near or above the clock, both restores raise by the
 * same amount. Then an update after the second one may repeat a generation of a lost one.
 */
#include "config.h"

#include "registry/backup.h"
#include "registry/sqlite_database.h"

#include <inttypes.h>

struct restoring {
	struct gpald_sqlite *store;
	struct gpald_backup *backup;
	struct gpald_backup_entry end;
	uint64_t raise_by;
	char *error;
};

/* Reads the whole backup. The state at its end decides by how much its numbers are raised. */
static bool find_end(struct restoring *r)
{
	const uint64_t now = gpald_event_clock_revision();
	bool is_read;

	do {
		is_read = gpald_backup_next(r->backup, &r->end, r->error);
		if (is_read)
			gpald_record_unref(r->end.record);
	} while (is_read && r->end.kind != GPALD_BACKUP_END);
	if (!is_read)
		return false;
	r->raise_by = GPALD_RESTORE_RAISE_MIN;
	if (now > r->end.state.revision && now - r->end.state.revision > r->raise_by)
		r->raise_by = now - r->end.state.revision;
	gpald_backup_rewind(r->backup);
	return true;
}

static bool raise_counter(const struct restoring *r, const char *what, uint64_t *counter)
{
	if (*counter > GPALD_GENERATION_MAX - r->raise_by)
		return gpald_sqlite_fail(r->error,
					 "%s: %s has a counter of %" PRIu64
					 ", which cannot be raised by %" PRIu64,
					 r->backup->path, what, *counter, r->raise_by);
	*counter += r->raise_by;
	return true;
}

static bool restore_record(const struct restoring *r, struct gpald_record *record)
{
	const bool is_done =
		raise_counter(r, record->name, &record->facts.generation) &&
		(gpald_sqlite_put(r->store, record) ||
		 gpald_sqlite_fail_with_cause(r->error, r->store, "cannot be created"));

	gpald_record_unref(record);
	return is_done;
}

static bool fill_database(const struct restoring *r)
{
	struct gpald_backup_entry entry;

	while (gpald_backup_next(r->backup, &entry, r->error)) {
		switch (entry.kind) {
		case GPALD_BACKUP_RECORD:
			if (!restore_record(r, entry.record))
				return false;
			break;
		case GPALD_BACKUP_GONE:
			if (!gpald_sqlite_remove(r->store, entry.name))
				return gpald_sqlite_fail_with_cause(r->error, r->store,
								    "cannot be created");
			break;
		case GPALD_BACKUP_END:
		case GPALD_BACKUP_KIND_COUNT:
			return true;
		}
	}
	return false;
}

static bool finish_restore(const struct restoring *r, struct gpald_store_state *state)
{
	int64_t layouts;

	if (!gpald_sqlite_query_integer(r->store, "SELECT count(*) FROM layouts", &layouts,
					r->error))
		return false;
	if ((uint64_t)layouts != r->end.layouts)
		return gpald_sqlite_fail(r->error,
					 "%s: it has %" PRId64 " layouts but should have %" PRIu64
					 ": some of its pages are missing",
					 r->backup->path, layouts, r->end.layouts);
	*state = r->end.state;
	return raise_counter(r, "its state", &state->generation_top) &&
	       raise_counter(r, "its state", &state->revision);
}

bool gpald_sqlite_restore(struct gpald_sqlite *store, const char *path,
			  struct gpald_store_state *state, char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_backup backup;
	struct restoring r = { .store = store, .backup = &backup, .error = error };
	bool is_done;

	if (!gpald_backup_open(&backup, path, error))
		return false;
	is_done = find_end(&r) && gpald_sqlite_prepare(store, "cannot be created", error) &&
		  fill_database(&r) && finish_restore(&r, state);
	gpald_sqlite_unprepare(store);
	gpald_backup_close(&backup);
	return is_done;
}
