/* SPDX-License-Identifier: MIT */
/*
 * The interface of stores, which keep live layouts. One thread at a time uses a store: first the
 * one that opens and loads it, then the store thread. A store is loaded once, before the first
 * commit.
 */
#ifndef GPALD_REGISTRY_STORE_H
#define GPALD_REGISTRY_STORE_H

#include "registry/event.h"
#include "registry/record.h"

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum gpald_commit_result {
	GPALD_COMMIT_DONE,
	GPALD_COMMIT_FULL, /* the store is full; nothing was changed, and a later try may succeed */
	GPALD_COMMIT_NO_MEMORY, /* memory ran out; nothing was changed */
	GPALD_COMMIT_FAILED     /* only opening the store again shows what it has */
};

struct gpald_batch;

/* An error text for the daemon's log. */
#define GPALD_STORE_ERROR_SIZE 512

/* A change of a layout. The store borrows it and sets `revision` and `follows` of its event. */
struct gpald_store_change {
	STAILQ_ENTRY(gpald_store_change) entry;
	struct gpald_batch *batch; /* for the store thread: memory for the result */
	struct gpald_event event;
	const struct gpald_record *record; /* the new record; NULL: the layout is deleted */
	uint64_t gone_generation;          /* of the deleted record; 0: none is deleted */
};

STAILQ_HEAD(gpald_store_changes, gpald_store_change);

/*
 * Receives the content of a store. `record` takes over the record, even if it returns false;
 * `event` borrows the event. Both return false to stop because memory ran out. `damaged` is called
 * with the name of each record that cannot be used.
 */
struct gpald_loader {
	void *data;
	bool (*record)(void *data, struct gpald_record *record);
	bool (*event)(void *data, const struct gpald_event *event);
	void (*damaged)(void *data, const char *name, const char *problem);
	size_t events_max; /* how many of the newest events to load */
};

/* A restore raises all counters by this or more. */
#define GPALD_RESTORE_RAISE_MIN (UINT64_C(1) << 32)

/* The content of a store besides records and events. */
struct gpald_store_state {
	uint64_t revision;       /* of the newest event, or the one that the first event follows */
	uint64_t generation_top; /* no deleted record had a greater generation */
	/*
	 * New revisions, and the generations of new layouts, are above this. At the start it is
	 * gpald_event_clock_revision(). If a counter is above that, the floor is raised by
	 * the least multiple of GPALD_RESTORE_RAISE_MIN that leaves no counter above it. 0: the
	 * store is new. Not stored.
	 *
	 * An existing store may be an older copy, which lacks later changes. The numbers of the
	 * lost changes are not above the floor, with two exceptions: the clock was set back; or
	 * an earlier restore raised these numbers above the clock, and so much time has passed
	 * since the lost changes that the multiple is now smaller. An update only adds one to the
	 * generation of its layout, so it may repeat that of a lost update.
	 */
	uint64_t floor;
};

/* Counts a change, and sets `revision` and `follows` of its event. */
static inline void gpald_store_state_count_change(struct gpald_store_state *state,
						  struct gpald_store_change *change)
{
	change->event.follows = state->revision;
	if (state->revision < state->floor)
		state->revision = state->floor;
	change->event.revision = ++state->revision;
	if (state->generation_top < change->gone_generation)
		state->generation_top = change->gone_generation;
}

/* Computes the checksum over the stored members. */
void gpald_store_state_checksum(const struct gpald_store_state *state,
				uint8_t sum[GPALD_CHECKSUM_SIZE]);

struct gpald_store {
	const struct gpald_store_ops *ops;
	bool is_new; /* opening it has created an empty database; false for the memory store */
};

struct gpald_store_ops {
	const char *kind; /* "sqlite", "memory" */

	/*
	 * Passes everything to the loader. Returns false with `error` set; after that, the store
	 * can only be closed.
	 */
	bool (*load)(struct gpald_store *store, const struct gpald_loader *loader,
		     struct gpald_store_state *state, char error[GPALD_STORE_ERROR_SIZE]);

	/*
	 * Makes all changes of the list durable, or none; the memory store only counts them. After
	 * GPALD_COMMIT_DONE their events have revisions, and the changes survive a crash and a
	 * power failure, except in the memory store.
	 */
	enum gpald_commit_result (*commit)(struct gpald_store *store,
					   const struct gpald_store_changes *changes,
					   char error[GPALD_STORE_ERROR_SIZE]);

	/*
	 * Moves a long write-ahead log into the database, and checks the files. It is called after
	 * the result of a commit was handed over, and before the store is closed. Changes submitted
	 * meanwhile wait until it returns.
	 */
	enum gpald_commit_result (*tidy)(struct gpald_store *store,
					 char error[GPALD_STORE_ERROR_SIZE]);

	void (*close)(struct gpald_store *store); /* also frees it */
};

/* Opens a store that keeps nothing after the process exits. NULL: out of memory. */
GPAL_MUST_USE struct gpald_store *gpald_memory_store_open(void);

struct gpald_sqlite_options {
	/* A missing folder is created with mode 0700, but its parents are not; see must_exist. */
	const char *folder;
	bool must_exist;    /* create no folder and no registry, except from a backup */
	const char *backup; /* create the registry from it, and fail if one exists; NULL: none */
	uint64_t bytes_max; /* of the pages in use; the file also has space for deletions */
	size_t events_kept; /* older events are dropped */
};

/*
 * Makes the folder, and writes its entry to disk if its parent can be synchronised. Returns 0 or an
 * errno.
 */
GPAL_MUST_USE int gpald_sqlite_make_folder(const char *folder);

/*
 * Opens registry.db in the folder, or creates it. A database that cannot be used stays unchanged.
 * Returns NULL with `error` set.
 */
GPAL_MUST_USE struct gpald_store *
gpald_sqlite_store_open(const struct gpald_sqlite_options *options,
			char error[GPALD_STORE_ERROR_SIZE]);

#endif
