/* SPDX-License-Identifier: MIT */
/*
 * Replaces the store thread. It commits at once, on the caller's thread, so that an input always
 * has the same effect.
 */
#include "config.h"

#include "registry/store_thread.h"
#include "tests/fuzz/fuzz.h"

struct gpald_store_thread {
	struct gpald_store *store;
	void (*wake)(void *data);
	void *data;
	struct gpald_batches finished;
};

struct gpald_store_thread *gpald_store_thread_start(struct gpald_store *store,
						    void (*wake)(void *data), void *data)
{
	struct gpald_store_thread *thread = calloc(1, sizeof(*thread));

	FUZZ_CHECK(thread, "out of memory");
	thread->store = store;
	thread->wake = wake;
	thread->data = data;
	STAILQ_INIT(&thread->finished);
	return thread;
}

bool gpald_store_thread_submit(struct gpald_store_thread *thread, struct gpald_store_change *change)
{
	struct gpald_batch *batch = calloc(1, sizeof(*batch));

	FUZZ_CHECK(batch, "out of memory");
	STAILQ_INIT(&batch->changes);
	STAILQ_INSERT_TAIL(&batch->changes, change, entry);
	batch->count = 1;
	batch->result = thread->store->ops->commit(thread->store, &batch->changes, batch->error);
	STAILQ_INSERT_TAIL(&thread->finished, batch, entry);
	thread->wake(thread->data);
	return true;
}

bool gpald_store_thread_ask_progress(struct gpald_store_thread *thread)
{
	(void)thread;
	return true;
}

void gpald_store_thread_collect(struct gpald_store_thread *thread, struct gpald_batches *batches)
{
	STAILQ_CONCAT(batches, &thread->finished);
}

bool gpald_store_thread_stop(struct gpald_store_thread *thread, unsigned int timeout_ms)
{
	(void)timeout_ms;
	thread->store->ops->close(thread->store);
	return true;
}

void gpald_store_thread_free(struct gpald_store_thread *thread)
{
	free(thread);
}
