/* SPDX-License-Identifier: MIT */
/*
 * The store thread waits for the disk, so that no other thread waits. While the store thread is
 * busy, submitted changes queue up. It then commits them in one transaction, up to a limit, so many
 * clients share one synchronisation of the disk. Call all functions on the thread that started it.
 */
#ifndef GPALD_REGISTRY_STORE_THREAD_H
#define GPALD_REGISTRY_STORE_THREAD_H

#include "registry/store.h"

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gpald_store_thread;

/* A finished transaction, or a failure of the store to tidy up. */
struct gpald_batch {
	STAILQ_ENTRY(gpald_batch) entry;
	struct gpald_store_changes changes; /* in the order in which they were submitted */
	size_t count;                       /* of changes; 0: the store failed to tidy up */
	enum gpald_commit_result result;
	uint64_t duration_us;               /* of the commit */
	char error[GPALD_STORE_ERROR_SIZE]; /* "" after GPALD_COMMIT_DONE */
};

STAILQ_HEAD(gpald_batches, gpald_batch);

/*
 * Starts the thread on a loaded store, which then belongs to it and is closed at the end. `wake` is
 * called on that thread whenever there are batches to collect. Returns NULL if the thread could not
 * be started; the store still belongs to the caller.
 */
GPAL_MUST_USE struct gpald_store_thread *
gpald_store_thread_start(struct gpald_store *store, void (*wake)(void *data), void *data);

/*
 * Submits a change. The change and what it points to must last until it comes back in a batch.
 * Returns false if memory ran out; then nothing was submitted. Returning the change in a batch
 * needs no memory.
 */
GPAL_MUST_USE bool gpald_store_thread_submit(struct gpald_store_thread *thread,
					     struct gpald_store_change *change);

/*
 * Returns whether the thread has answered the last call, and asks it again. It does not answer
 * while it waits for the disk or is stuck.
 */
bool gpald_store_thread_ask_progress(struct gpald_store_thread *thread);

/*
 * Appends the batches that were finished since the last call, oldest first. Free each with free().
 */
void gpald_store_thread_collect(struct gpald_store_thread *thread, struct gpald_batches *batches);

/*
 * Waits until all submitted changes are finished and the store is closed. Returns false if the disk
 * took longer than the timeout.
 */
GPAL_MUST_USE bool gpald_store_thread_stop(struct gpald_store_thread *thread,
					   unsigned int timeout_ms);

/* Frees a thread that has ended, and the batches that were not collected. */
void gpald_store_thread_free(struct gpald_store_thread *thread);

#endif
