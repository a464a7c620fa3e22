/* SPDX-License-Identifier: MIT */
/*
 * Fills a new database with what a backup has. What has happened since the backup is lost, and
 * somebody may know of it: so every generation and the revision are raised, and no event is
 * kept. Then whoever holds one from before is refused, and never taken for somebody who knows
 * what is there now.
 */
#include "config.h"

#include "registry/backup.h"
#include "registry/sqlite_database.h"

#include <inttypes.h>

#define RAISED_BY (UINT64_C(1) << 32)

static bool raise_counter(const struct gpald_backup *backup, const char *what, uint64_t *counter,
			  char error[GPALD_STORE_ERROR_SIZE])
{
	if (*counter > GPALD_GENERATION_MAX - RAISED_BY)
		return gpald_sqlite_say(error,
					"%s: %s has a counter of %" PRIu64
					", which cannot be raised by 2^32",
					backup->path, what, *counter);
	*counter += RAISED_BY;
	return true;
}

static bool put(struct gpald_sqlite *store, const struct gpald_backup *backup,
		struct gpald_record *record, char error[GPALD_STORE_ERROR_SIZE])
{
	const bool is_done =
		raise_counter(backup, record->name, &record->facts.generation, error) &&
		(gpald_sqlite_put(store, record) ||
		 gpald_sqlite_say_why(error, store, "cannot be made"));

	gpald_record_unref(record);
	return is_done;
}

static bool finish(struct gpald_sqlite *store, const struct gpald_backup *backup,
		   const struct gpald_backup_entry *end, struct gpald_store_state *state,
		   char error[GPALD_STORE_ERROR_SIZE])
{
	int64_t layouts;

	if (!gpald_sqlite_ask(store, "SELECT count(*) FROM layouts", &layouts, error))
		return false;
	if ((uint64_t)layouts != end->layouts)
		return gpald_sqlite_say(error,
					"%s: it has %" PRId64 " layouts and says that there are "
					"%" PRIu64 ": some of its pages are missing",
					backup->path, layouts, end->layouts);
	*state = end->state;
	return raise_counter(backup, "its state", &state->generation_top, error) &&
	       raise_counter(backup, "its state", &state->revision, error);
}

static bool fill(struct gpald_sqlite *store, struct gpald_backup *backup,
		 struct gpald_store_state *state, char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_backup_entry entry;

	while (gpald_backup_next(backup, &entry, error)) {
		switch (entry.kind) {
		case GPALD_BACKUP_RECORD:
			if (!put(store, backup, entry.record, error))
				return false;
			break;
		case GPALD_BACKUP_GONE:
			if (!gpald_sqlite_remove(store, entry.name))
				return gpald_sqlite_say_why(error, store, "cannot be made");
			break;
		case GPALD_BACKUP_END:
		case GPALD_BACKUP_KIND_COUNT:
			return finish(store, backup, &entry, state, error);
		}
	}
	return false;
}

bool gpald_sqlite_restore(struct gpald_sqlite *store, const char *path,
			  struct gpald_store_state *state, char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_backup backup;
	bool is_done;

	if (!gpald_backup_open(&backup, path, error))
		return false;
	is_done = gpald_sqlite_prepare(store, "cannot be made", error) &&
		  fill(store, &backup, state, error);
	gpald_sqlite_unprepare(store);
	gpald_backup_close(&backup);
	return is_done;
}
