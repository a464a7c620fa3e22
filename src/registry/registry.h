/* SPDX-License-Identifier: MIT */
/*
 * The live layouts. Reads are answered from an index in memory, which has durable records only. A
 * change is decided on that index and handed to the store thread. It enters the index, and is
 * answered, only after the commit.
 *
 * Call all functions on the thread that opened the registry, except those that say "on any thread".
 */
#ifndef GPALD_REGISTRY_REGISTRY_H
#define GPALD_REGISTRY_REGISTRY_H

#include "registry/index.h"
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

/* The outcomes of a change. */
enum gpald_outcome {
	GPALD_OUTCOME_DONE,
	GPALD_OUTCOME_NOT_FOUND,
	GPALD_OUTCOME_CONFLICT,   /* the layout has another request; see `generation` */
	GPALD_OUTCOME_NAME_TAKEN, /* for a create: the owner is another user; see `owner_uid` */
	GPALD_OUTCOME_GENERATION_MISMATCH, /* see `generation` */
	GPALD_OUTCOME_DENIED,         /* the caller may not change the layout; see `owner_uid` */
	GPALD_OUTCOME_OTHER_POLICY,   /* the layout keeps the policy of `record` */
	GPALD_OUTCOME_OTHER_ARCH,     /* the layout keeps the architecture of `record` */
	GPALD_OUTCOME_LAYOUT_REFUSED, /* see `core`; `record` is what would result */
	GPALD_OUTCOME_UNRESOLVED,     /* see `core` */
	GPALD_OUTCOME_NO_MEMORY,
	GPALD_OUTCOME_TOO_MANY,        /* the limit on live layouts has been reached */
	GPALD_OUTCOME_OWNER_TOO_MANY,  /* the limit on the layouts of an owner has been reached */
	GPALD_OUTCOME_OWNER_TOO_LARGE, /* the limit on the bytes of an owner would be exceeded */
	GPALD_OUTCOME_STORE_FULL,      /* nothing was changed */
	GPALD_OUTCOME_STORE_FAILED,    /* only a restart shows whether anything was changed */
};

enum gpald_operation_kind {
	GPALD_OPERATION_CREATE,
	GPALD_OPERATION_UPDATE,
	GPALD_OPERATION_DELETE,
};

/* The largest stored layout, in bytes, that is decoded within the turn of a client. */
#define GPALD_LAYOUT_BYTES_IN_TURN_MAX 8192

/* The state on which a decision depends, besides the current record. */
struct gpald_decision_basis {
	const struct gpal_policy *default_policy;
	uint64_t generation_top;          /* new layouts get a greater generation */
	enum gpald_outcome limit_outcome; /* DONE if the caller may have one more layout */
};

/*
 * A change that a caller wants. The caller owns it, zeroes it, fills in the first part, and passes
 * it to gpald_registry_submit(). From then on only the registry uses it, until that call returns
 * true, `done` is called, or the change is withdrawn or cancelled. Then the caller reads the result
 * and clears it.
 */
struct gpald_operation {
	enum gpald_operation_kind kind;
	char name[GPALD_NAME_SIZE];
	uid_t uid;
	bool is_admin;       /* may change the layouts of others */
	bool has_generation; /* the layout must have this generation */
	uint64_t generation_wanted;
	bool dry_run;              /* for an update: only find out what it would do */
	unsigned int allow;        /* for an update: a set of enum gpal_allow */
	uint64_t refuse;           /* a set of warnings, as in gpal_layout_refuse() */
	struct gpald_blob request; /* owned by the operation; allocated with malloc() */
	void (*done)(struct gpald_operation *operation);

	/* The result. */
	enum gpald_outcome outcome;
	bool created; /* if DONE: the create has made the layout, which did not exist */
	/*
	 * Referenced: for a create or an update, the layout that exists or would result. It may be
	 * NULL unless the outcome is DONE.
	 */
	const struct gpald_record *record;
	const struct gpald_record *previous; /* referenced: for an update, the layout before */
	uint64_t generation;                 /* of the record that exists, or was deleted */
	uid_t owner_uid;                     /* for NAME_TAKEN and DENIED */
	struct gpal_error core;

	/* For the registry only. */
	TAILQ_ENTRY(gpald_operation) entry;
	struct gpald_decision_basis basis;  /* the state on which it is decided */
	const struct gpald_record *current; /* referenced; NULL: there is none */
	bool is_to_commit;                  /* what gpald_decide() returned */
	struct gpald_share counted; /* counted in the owner's share until the operation ends */
	struct gpald_store_change change;
	struct gpald_record *replacement; /* the new record, until the index has it */
};

/* On any thread: returns whether a finished operation has changed a live layout. */
bool gpald_operation_has_changed(const struct gpald_operation *operation);

/* Frees what an operation owns. */
void gpald_operation_clear(struct gpald_operation *operation);

struct gpald_registry_options {
	size_t layouts_max;
	size_t layouts_per_uid_max; /* 0: no limit but layouts_max */
	uint64_t bytes_per_uid_max; /* 0: no limit */
	size_t events_kept;
	const struct gpal_policy *default_policy; /* for requests that name none */
	void (*wake)(void *data); /* called on any thread when gpald_registry_settle() is due */
	void (*damaged)(void *data, const char *name, const char *problem);

	/*
	 * Called for a change that may take long to decide. Returns true if it will call
	 * gpald_registry_decide() on another thread, and then gpald_registry_apply_decision() on
	 * this one, or gpald_registry_cancel_decision() instead of both. Otherwise the change is
	 * decided immediately, on this thread. NULL: each change is.
	 */
	bool (*decide_on_worker)(void *data, struct gpald_operation *operation);

	/* Called for each batch of the store thread, even a failed one, before it is settled. */
	void (*batch_finished)(void *data, const struct gpald_batch *batch);
	void *data;
};

struct gpald_registry_counters {
	uint64_t commits; /* transactions with a final result, including failed ones */
	uint64_t changes; /* made durable */
	uint64_t full;    /* changes refused for lack of disk space, or at the limit store_bytes */
};

/*
 * Loads a store and begins to serve it. The store belongs to the registry, even on failure. Returns
 * NULL with `error` set; `damaged` was called for each record that cannot be used.
 */
GPAL_MUST_USE struct gpald_registry *
gpald_registry_open(struct gpald_store *store, const struct gpald_registry_options *options,
		    char error[GPALD_STORE_ERROR_SIZE]);

/* Returns whether the store thread makes progress; see gpald_store_thread_ask_progress(). */
bool gpald_registry_ask_progress(struct gpald_registry *registry);

/*
 * Waits up to the timeout until the store thread has finished its changes and closed the store,
 * settles them and frees everything. Changes that wait for another one of their name are not made;
 * their outcome is GPALD_OUTCOME_STORE_FAILED. Returns false if the disk is still busy; then
 * nothing is freed, and the process can only exit. No operation that decide_on_worker() has
 * accepted may be left.
 */
GPAL_MUST_USE bool gpald_registry_close(struct gpald_registry *registry, unsigned int timeout_ms);

/* Returns the index, to be read. */
struct gpald_index *gpald_registry_index(struct gpald_registry *registry);

const struct gpald_registry_counters *
gpald_registry_counters(const struct gpald_registry *registry);
/* Returns "sqlite" or "memory". */
const char *gpald_registry_store_kind(const struct gpald_registry *registry);

/*
 * Begins a change. Returns true if it has its outcome; `done` is not called then. Otherwise a later
 * call of gpald_registry_settle(), gpald_registry_apply_decision(),
 * gpald_registry_cancel_decision() or gpald_registry_close() calls `done`. Changes of one name run
 * one after another, and each is decided on the result of the one before.
 */
GPAL_MUST_USE bool gpald_registry_submit(struct gpald_registry *registry,
					 struct gpald_operation *operation);

/* On any thread: decides on an operation for decide_on_worker(). */
void gpald_registry_decide(struct gpald_operation *operation);

/*
 * Withdraws an operation that waits for another one of its name. Returns false if it does not wait.
 * `done` is not called.
 */
GPAL_MUST_USE bool gpald_registry_withdraw(struct gpald_registry *registry,
					   struct gpald_operation *operation);

/*
 * Withdraws an operation that decide_on_worker() has accepted but that will not be decided after
 * all. Its `done` is not called; that of operations that waited for its name may be.
 */
void gpald_registry_cancel_decision(struct gpald_registry *registry,
				    struct gpald_operation *operation);

/*
 * Acts on the decision: hands the change to the store thread, or ends it and calls `done`. In the
 * latter case `done` of operations that waited for its name may be called, too.
 */
void gpald_registry_apply_decision(struct gpald_registry *registry,
				   struct gpald_operation *operation);

/*
 * Settles the finished batches: updates the index and the events, and calls `done`. It works for a
 * short time; if work is left then, it calls `wake`.
 */
void gpald_registry_settle(struct gpald_registry *registry);

#endif
