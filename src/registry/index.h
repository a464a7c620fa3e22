/* SPDX-License-Identifier: MIT */
/*
 * The live layouts that are durable, by name, and the newest events. The thread of the registry
 * changes the index and may read its members; other threads read it through the functions at the
 * end, which take the lock.
 */
#ifndef GPALD_REGISTRY_INDEX_H
#define GPALD_REGISTRY_INDEX_H

#include "registry/backup.h"
#include "registry/event.h"
#include "registry/record.h"

#include <bsd/sys/tree.h>
#include <gpalayout/export.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gpald_index {
	pthread_mutex_t lock; /* held to change the index, or to read it on other threads */
	RB_HEAD(gpald_record_tree, gpald_record) records;
	size_t count;
	uint64_t generation_top; /* new layouts get a greater generation */
	struct gpald_event_ring events;
};

/* Returns false if memory ran out. Clear the index even then. */
GPAL_MUST_USE bool gpald_index_init(struct gpald_index *index, size_t events_kept);
void gpald_index_clear(struct gpald_index *index);

/* Returns the record of a name, borrowed; NULL: there is none. */
struct gpald_record *gpald_index_find(const struct gpald_index *index, const char *name);

/*
 * Adds a record, or replaces the one of that name. The index takes over the caller's reference.
 * Call this only before other threads read the index.
 */
void gpald_index_add_loaded(struct gpald_index *index, struct gpald_record *record);

/*
 * Adds a record, or replaces the one of that name, and adds its event. The index takes over the
 * caller's reference. If the record is NULL, the function removes the one that the event names.
 */
void gpald_index_change(struct gpald_index *index, struct gpald_record *record,
			const struct gpald_event *event);

/* On any thread. */

/* Returns the record of a name with a reference for the caller; NULL: there is none. */
const struct gpald_record *gpald_index_get(struct gpald_index *index, const char *name);

/*
 * Writes up to `max` records after a name, in byte order, each with a reference for the caller. If
 * the name is NULL, begins with the first. Returns their number, and sets *revision to that of the
 * newest event.
 */
size_t gpald_index_list(struct gpald_index *index, const char *after,
			const struct gpald_record **records, size_t max, uint64_t *revision);

/* The stored changes of one name. */
struct gpald_history {
	struct gpald_event *events; /* the newest first; allocated with malloc() */
	size_t count;
	uint64_t revision;     /* of the newest event of all names */
	uint64_t oldest_since; /* the lowest revision after which no event of the name is missing */
	bool is_live;          /* a layout of that name exists */
};

/* Fills in the newest changes of a name, up to `max`. Returns false if memory ran out. */
GPAL_MUST_USE bool gpald_index_history(struct gpald_index *index, const char *name, size_t max,
				       struct gpald_history *history);

/* Sets the newest revision, and the lowest one after which every event is kept. */
void gpald_index_revisions(struct gpald_index *index, uint64_t *newest, uint64_t *oldest_since);

enum gpald_backup_page_outcome {
	GPALD_BACKUP_PAGE_DONE,
	GPALD_BACKUP_PAGE_NO_MEMORY,
	GPALD_BACKUP_PAGE_RESYNC, /* the events after `since` are not all known */
};

/*
 * Fills in the next page of a backup, of about `bytes` bytes, for a client whose pages so far reach
 * the name `after` and the revision `since`. If `after` is NULL, it is the first page. After
 * GPALD_BACKUP_PAGE_DONE, call gpald_backup_page_clear().
 */
GPAL_MUST_USE enum gpald_backup_page_outcome gpald_index_backup(struct gpald_index *index,
								const char *after, uint64_t since,
								size_t bytes,
								struct gpald_backup_page *page);

#endif
