/* SPDX-License-Identifier: MIT */
/*
 * Where live layouts are kept: the interface, for stores of any kind. A store is
 * used by one thread at a time: first by the one that opens and loads it, then by
 * the store thread. Loading comes before the first commit, once.
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
	GPALD_COMMIT_FULL,      /* there was no room; nothing was changed, and it may work later */
	GPALD_COMMIT_NO_MEMORY, /* the same, for want of memory */
	GPALD_COMMIT_FAILED     /* what the store holds is only known after it was opened anew */
};

struct gpald_batch;

/* What went wrong, for the log: one sentence that names the file. */
#define GPALD_STORE_ERROR_SIZE 512

/*
 * One change of one layout. Whoever commits it borrows it, and writes the
 * revision of its event.
 */
struct gpald_change {
	STAILQ_ENTRY(gpald_change) entry;
	struct gpald_batch *batch; /* the store thread's: memory for what comes of it */
	struct gpald_event event;
	const struct gpald_record *record; /* what is there from now on; NULL: nothing is */
	uint64_t gone_generation;          /* of the record that goes with it; 0: none goes */
};

STAILQ_HEAD(gpald_changes, gpald_change);

/*
 * Receives what a store holds. `record` and `event` take what they are given, and
 * return false to stop (out of memory). `damaged` is told of each record that
 * cannot be used, by name.
 */
struct gpald_loader {
	void *data;
	bool (*record)(void *data, struct gpald_record *record);
	bool (*event)(void *data, const struct gpald_event *event);
	void (*damaged)(void *data, const char *name, const char *problem);
	size_t events; /* how many of the newest events are wanted */
};

#define GPALD_RESTORE_RAISES (UINT64_C(1) << 32) /* all numbers by this, at least */

/* What a store holds besides records and events. */
struct gpald_store_state {
	uint64_t revision; /* of the newest event; without one, that which the first follows */
	uint64_t generation_top; /* greatest generation that a record now gone has had */
	/*
	 * A store that was there before may be an older copy of itself. What is lost had
	 * no revision and no generation above this: gpald_event_first_revision() of the
	 * start, and as many times GPALD_RESTORE_RAISES as brings it to the revision and
	 * the generation that the store has. 0 for one that is new. Not kept.
	 */
	uint64_t floor;
};

/* Counts a change: its event has its revision then. */
static inline void gpald_store_state_count(struct gpald_store_state *state,
					   struct gpald_change *change)
{
	change->event.follows = state->revision;
	if (state->revision < state->floor)
		state->revision = state->floor;
	change->event.revision = ++state->revision;
	if (state->generation_top < change->gone_generation)
		state->generation_top = change->gone_generation;
}

/* Over what is kept. */
void gpald_store_state_checksum(const struct gpald_store_state *state,
				uint8_t sum[GPALD_CHECKSUM_SIZE]);

struct gpald_store {
	const struct gpald_store_ops *ops;
	bool is_new; /* it keeps layouts, and there was none before it was opened */
};

struct gpald_store_ops {
	const char *kind; /* "sqlite", "memory" */

	/* Hands over everything. False with `error` set; the store can then only be closed. */
	bool (*load)(struct gpald_store *store, const struct gpald_loader *loader,
		     struct gpald_store_state *state, char error[GPALD_STORE_ERROR_SIZE]);

	/*
	 * Makes all changes of the list durable, or none: with GPALD_COMMIT_DONE their
	 * events have revisions and they outlive the process and the power.
	 */
	enum gpald_commit_result (*commit)(struct gpald_store *store,
					   const struct gpald_changes *changes,
					   char error[GPALD_STORE_ERROR_SIZE]);

	/*
	 * Called after a commit was answered and before the store is closed, for work nobody
	 * need wait for.
	 */
	enum gpald_commit_result (*tidy)(struct gpald_store *store,
					 char error[GPALD_STORE_ERROR_SIZE]);

	void (*close)(struct gpald_store *store); /* frees it, too */
};

/* A store that forgets everything with the process. NULL: out of memory. */
GPAL_MUST_USE struct gpald_store *gpald_memory_store_open(void);

struct gpald_sqlite_options {
	const char *folder; /* created with mode 0700 if missing, but not its parents */
	bool must_exist;    /* nothing is created: without a registry, opening fails */
	const char *backup; /* NULL; or the file that a registry is made of, where none may be */
	uint64_t bytes_max; /* of the database file; what removals need may go a little beyond */
	size_t events_kept; /* older ones are dropped */
};

/* Makes the folder, to be there after a loss of power. 0, or the errno of what failed. */
GPAL_MUST_USE int gpald_sqlite_make_folder(const char *folder);

/*
 * Opens registry.db in the folder, or makes a new one there. Changes nothing in a
 * database that cannot be used. NULL with `error` set.
 */
GPAL_MUST_USE struct gpald_store *
gpald_sqlite_store_open(const struct gpald_sqlite_options *options,
			char error[GPALD_STORE_ERROR_SIZE]);

#endif
