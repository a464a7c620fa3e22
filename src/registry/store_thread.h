/* SPDX-License-Identifier: MIT */
/*
 * The thread that waits for the disk, so that no one else does. It commits
 * whatever has been handed in while it was busy as one transaction; that is how
 * many clients share one synchronisation of the disk. All functions are for the
 * thread that started it.
 */
#ifndef GPALD_REGISTRY_STORE_THREAD_H
#define GPALD_REGISTRY_STORE_THREAD_H

#include "registry/store.h"

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gpald_store_thread;

/* A finished transaction. */
struct gpald_batch {
	STAILQ_ENTRY(gpald_batch) entry;
	struct gpald_changes changes; /* in the order in which they were handed in */
	size_t count;
	enum gpald_commit_result result;
	uint64_t duration_us;               /* of the commit */
	char error[GPALD_STORE_ERROR_SIZE]; /* empty: none; may be set with GPALD_COMMIT_DONE */
};

STAILQ_HEAD(gpald_batches, gpald_batch);

/*
 * Starts the thread on a loaded store, which it takes and closes in the end. `wake`
 * is called on that thread whenever there are batches to collect. NULL: it could
 * not be started, and the store is still the caller's.
 */
GPAL_MUST_USE struct gpald_store_thread *
gpald_store_thread_start(struct gpald_store *store, void (*wake)(void *data), void *data);

/*
 * Hands in a change, and what it points to, until it comes back in a batch. False: out
 * of memory; nothing was handed in. What was needs no memory to come back.
 */
GPAL_MUST_USE bool gpald_store_thread_submit(struct gpald_store_thread *thread,
					     struct gpald_change *change);

/*
 * Whether the thread has come round since this was asked for the last time, and asks it to:
 * false as long as it waits for the disk, or is stuck.
 */
bool gpald_store_thread_check(struct gpald_store_thread *thread);

/* Appends the batches finished since the last time, oldest first, each to be freed with free(). */
void gpald_store_thread_collect(struct gpald_store_thread *thread, struct gpald_batches *batches);

/*
 * Waits until everything handed in is finished and the store is closed. False: the
 * disk has kept it busy for longer than the timeout.
 */
GPAL_MUST_USE bool gpald_store_thread_stop(struct gpald_store_thread *thread,
					   unsigned int timeout_ms);

/* Frees a thread that has ended, and what nobody has collected. */
void gpald_store_thread_free(struct gpald_store_thread *thread);

#endif
