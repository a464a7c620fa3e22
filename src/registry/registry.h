/* SPDX-License-Identifier: MIT */
/*
 * The live layouts. Reads are answered from an index in memory, which holds what
 * is durable and nothing else. A change is decided on that, handed to the store
 * thread, and only put into the index, and answered, when it has been committed.
 *
 * All functions are for one thread, the one that opened the registry, but for those
 * that say that they are for any.
 */
#ifndef GPALD_REGISTRY_REGISTRY_H
#define GPALD_REGISTRY_REGISTRY_H

#include "registry/backup.h"
#include "registry/event.h"
#include "registry/owners.h"
#include "registry/record.h"
#include "registry/store.h"
#include "registry/store_thread.h"

#include <gpalayout/error.h>
#include <gpalayout/export.h>
#include <gpalayout/policy.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

struct gpald_registry;

/* How a change ends. */
enum gpald_outcome {
	GPALD_OUTCOME_DONE,
	GPALD_OUTCOME_NOT_FOUND,
	GPALD_OUTCOME_CONFLICT,            /* the name has another request; see `generation` */
	GPALD_OUTCOME_OTHER_OWNER,         /* the name is another user's; see `owner_uid` */
	GPALD_OUTCOME_GENERATION_MISMATCH, /* see `generation` */
	GPALD_OUTCOME_DENIED,              /* see `owner_uid` */
	GPALD_OUTCOME_OTHER_POLICY,        /* the layout keeps that of `record` */
	GPALD_OUTCOME_OTHER_ARCH,          /* the same */
	GPALD_OUTCOME_NOT_ALLOWED,         /* see `core`, and `record`: what it would become */
	GPALD_OUTCOME_NO_LAYOUT,           /* see `core` */
	GPALD_OUTCOME_NO_MEMORY,
	GPALD_OUTCOME_TOO_MANY,        /* as many layouts are live as may be */
	GPALD_OUTCOME_OWNER_TOO_MANY,  /* the same, of one owner */
	GPALD_OUTCOME_OWNER_TOO_LARGE, /* those of one owner would take more bytes than they may */
	GPALD_OUTCOME_STORE_FULL,      /* nothing was changed */
	GPALD_OUTCOME_STORE_FAILED,    /* whether anything was changed is known after a restart */
};

enum gpald_operation_kind {
	GPALD_OPERATION_CREATE,
	GPALD_OPERATION_UPDATE,
	GPALD_OPERATION_DELETE,
};

/* Bytes of a stored layout from which on it takes long to compare it, or to write it. */
#define GPALD_LAYOUT_LONG 8192

/* What counts for a change besides the record there is. */
struct gpald_standing {
	const struct gpal_policy *default_policy;
	uint64_t generation_top; /* of a record that is gone none was greater */
	enum gpald_outcome room; /* GPALD_OUTCOME_DONE: there may be one more layout of that uid */
};

/*
 * A change that somebody wants. It belongs to its maker, who zeroes it, fills in
 * the first part, does not touch it between gpald_registry_submit() and `done`, and
 * clears it in the end, from `done` on.
 */
struct gpald_operation {
	enum gpald_operation_kind kind;
	char name[GPALD_NAME_SIZE];
	uid_t uid;
	bool is_admin;       /* may change the layouts of others */
	bool has_generation; /* the layout must have this generation */
	uint64_t generation_wanted;
	bool dry_run;              /* of an update: only say what it would do */
	unsigned int allow;        /* of an update: a set of enum gpal_allow */
	uint64_t refuse;           /* warnings, as of gpal_layout_refuse() */
	struct gpald_blob request; /* given; allocated with malloc() */
	void (*done)(struct gpald_operation *operation);

	/* What came of it. */
	enum gpald_outcome outcome;
	bool created;
	const struct gpald_record *record;   /* referenced: what is there, or would be */
	const struct gpald_record *previous; /* the same, of an update: what was there */
	uint64_t generation;                 /* of the record there is, or was */
	uid_t owner_uid;
	struct gpal_error core;

	/* The registry's. */
	TAILQ_ENTRY(gpald_operation) entry;
	struct gpald_standing standing;     /* what it is decided on */
	const struct gpald_record *current; /* referenced: the same; NULL: there is none */
	bool is_to_commit;                  /* that is what was decided */
	struct gpald_share counted; /* the most that its owner has of it while it is under way */
	struct gpald_change change;
	struct gpald_record *replacement; /* until it is in the index */
};

/* Frees what an operation owns. */
void gpald_operation_clear(struct gpald_operation *operation);

struct gpald_registry_options {
	size_t layouts_max;
	size_t layouts_per_uid_max; /* 0: as many as there may be */
	uint64_t bytes_per_uid_max; /* the same */
	size_t events_kept;
	const struct gpal_policy *default_policy; /* of requests that name none */
	void (*wake)(
		void *data); /* called on another thread when to call gpald_registry_settle() */
	void (*damaged)(void *data, const char *name, const char *problem);

	/*
	 * Asked where a change takes long to decide: true if gpald_registry_decide() will be
	 * called on another thread, and gpald_registry_decided() on this one after it.
	 * NULL: it is done at once.
	 */
	bool (*decide_elsewhere)(void *data, struct gpald_operation *operation);

	/* Told of each batch of the store thread, before its changes are settled. */
	void (*committed)(void *data, const struct gpald_batch *batch);
	void *data;
};

struct gpald_registry_counters {
	uint64_t commits; /* transactions, also those that did not succeed */
	uint64_t changes; /* made durable */
	uint64_t full;    /* changes refused for want of room in the store */
};

/*
 * Loads a store, which is taken, also on failure, and begins to serve it. NULL
 * with `error` set; `damaged` was told of each record that cannot be used.
 */
GPAL_MUST_USE struct gpald_registry *
gpald_registry_open(struct gpald_store *store, const struct gpald_registry_options *options,
		    char error[GPALD_STORE_ERROR_SIZE]);

/* Whether the store's thread makes progress; see gpald_store_thread_check(). */
bool gpald_registry_check(struct gpald_registry *registry);

/*
 * Waits for what was submitted and for the store to be closed, as long as the timeout
 * allows, settles it and frees everything. False: the disk is still busy; nothing is freed,
 * and nothing more can be done but to end the process.
 */
GPAL_MUST_USE bool gpald_registry_close(struct gpald_registry *registry, unsigned int timeout_ms);

/* For any thread: the record of a name, with a reference for the caller; NULL: there is none. */
const struct gpald_record *gpald_registry_ref(struct gpald_registry *registry, const char *name);

/*
 * For any thread: up to `most` records after a name, NULL: from the first, in byte
 * order, each with a reference for the caller. Returns their number, and sets *revision
 * to that of the newest event.
 */
size_t gpald_registry_page(struct gpald_registry *registry, const char *after,
			   const struct gpald_record **records, size_t most, uint64_t *revision);

/* The changes of one name that are kept. */
struct gpald_history {
	struct gpald_event *events; /* the newest first; to be freed with free() */
	size_t count;
	uint64_t revision; /* of the newest event there is */
	uint64_t oldest;   /* the lowest revision after which none of the name's is missing */
	bool is_live;      /* there is a layout of that name */
};

/* For any thread: the newest of them, up to `most`. False: out of memory. */
GPAL_MUST_USE bool gpald_registry_history(struct gpald_registry *registry, const char *name,
					  size_t most, struct gpald_history *history);

/* For any thread: the newest revision, and the lowest after which every event is kept. */
void gpald_registry_revisions(struct gpald_registry *registry, uint64_t *newest, uint64_t *oldest);

enum gpald_page_result {
	GPALD_PAGE_DONE,
	GPALD_PAGE_NO_MEMORY,
	GPALD_PAGE_RESYNC, /* what has changed since then is no longer known */
};

/*
 * For any thread: the next page of a backup, of about `bytes` bytes, for a taker who has all
 * names up to `after`, as they were at the revision `since`; `after` NULL: the first page.
 * With GPALD_PAGE_DONE gpald_backup_page_clear() follows.
 */
GPAL_MUST_USE enum gpald_page_result gpald_registry_backup(struct gpald_registry *registry,
							   const char *after, uint64_t since,
							   size_t bytes,
							   struct gpald_backup_page *page);

size_t gpald_registry_count(const struct gpald_registry *registry);
const struct gpald_event_ring *gpald_registry_events(const struct gpald_registry *registry);
const struct gpald_registry_counters *
gpald_registry_counters(const struct gpald_registry *registry);
/* "sqlite" or "memory" */
const char *gpald_registry_store_kind(const struct gpald_registry *registry);

/*
 * Begins a change. True: it has its outcome; `done` is not called. False: `done`
 * will be, by gpald_registry_settle() or gpald_registry_close(). Changes of one name follow each
 * other; each is decided on what the one before has left.
 */
GPAL_MUST_USE bool gpald_registry_submit(struct gpald_registry *registry,
					 struct gpald_operation *operation);

/* For any thread: what becomes of an operation that is decided elsewhere. */
void gpald_registry_decide(struct gpald_operation *operation);

/*
 * Takes back an operation that waits for another of its name; false: it does not.
 * `done` is not called.
 */
GPAL_MUST_USE bool gpald_registry_withdraw(struct gpald_registry *registry,
					   struct gpald_operation *operation);

/* Takes back one that was to be decided elsewhere, and will not be. `done` is not called. */
void gpald_registry_give_up(struct gpald_registry *registry, struct gpald_operation *operation);

/* Takes the decision up: hands the change to the store, or ends it by calling `done`. */
void gpald_registry_decided(struct gpald_registry *registry, struct gpald_operation *operation);

/*
 * Takes over what has been committed: index, events, `done`. It does not take long:
 * what is left is announced by another `wake`.
 */
void gpald_registry_settle(struct gpald_registry *registry);

#endif
