/* SPDX-License-Identifier: MIT */
/*
 * Commits changes in batches. One lock protects two lists: changes to commit, and finished batches.
 * After GPALD_COMMIT_FAILED the thread only closes the store, and every later change fails with the
 * same error.
 */
#include "config.h"

#include "registry/store_thread.h"

#include "registry/clock.h"
#include "registry/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * The size of a transaction is bounded, so that a burst of changes does not make all its clients
 * wait for all of it.
 */
#define CHANGES_MAX 1024
#define BYTES_MAX ((size_t)8 << 20)

struct gpald_store_thread {
	struct gpald_store *store;
	void (*wake)(void *data);
	void *data;
	pthread_t thread;

	/* Used by the thread only. */
	bool has_failed;
	char failure[GPALD_STORE_ERROR_SIZE];

	pthread_mutex_t lock;
	pthread_cond_t has_work, has_closed;
	/* Protected by the lock. */
	struct gpald_store_changes changes;
	size_t changes_max; /* limit on the changes of the next transaction */
	struct gpald_batches finished;
	uint64_t asked, answered; /* counted by gpald_store_thread_ask_progress() and the thread */
	bool is_ending;
	bool is_closed; /* the store is closed; the thread has nothing left to do */
};

static size_t change_bytes(const struct gpald_store_change *change)
{
	return change->record ? gpald_record_bytes(change->record) : 0;
}

static size_t next_changes_max(size_t changes)
{
	return changes * 2 < CHANGES_MAX ? changes * 2 : CHANGES_MAX;
}

/* Takes the changes of the next transaction off the list. It uses the batch of the first one. */
static struct gpald_batch *take_batch(struct gpald_store_thread *t)
{
	struct gpald_store_change *change = STAILQ_FIRST(&t->changes);
	struct gpald_batch *batch = change->batch;
	size_t bytes = 0;

	change->batch = NULL;
	STAILQ_INIT(&batch->changes);
	do {
		bytes += change_bytes(change);
		STAILQ_REMOVE_HEAD(&t->changes, entry);
		STAILQ_INSERT_TAIL(&batch->changes, change, entry);
		batch->count++;
		change = STAILQ_FIRST(&t->changes);
	} while (change && batch->count < t->changes_max &&
		 bytes + change_bytes(change) <= BYTES_MAX);
	return batch;
}

static void note_failure(struct gpald_store_thread *t, enum gpald_commit_result result,
			 char error[GPALD_STORE_ERROR_SIZE])
{
	if (result != GPALD_COMMIT_FAILED)
		return;
	if (!t->has_failed)
		memcpy(t->failure, error, sizeof(t->failure));
	memcpy(error, t->failure, sizeof(t->failure));
	t->has_failed = true;
}

static void commit_batch(struct gpald_store_thread *t, struct gpald_batch *batch)
{
	const uint64_t start_ns = gpald_monotonic_ns();

	if (t->has_failed) {
		batch->result = GPALD_COMMIT_FAILED;
	} else {
		batch->result = t->store->ops->commit(t->store, &batch->changes, batch->error);
		batch->duration_us = (gpald_monotonic_ns() - start_ns) / 1000;
	}
	note_failure(t, batch->result, batch->error);
}

static void finish_batch(struct gpald_store_thread *t, struct gpald_batch *batch)
{
	const struct gpald_store_change *change;

	/* Each change brought a batch, in case it is committed alone. Only one of them is used. */
	STAILQ_FOREACH(change, &batch->changes, entry)
		free(change->batch);
	pthread_mutex_lock(&t->lock);
	STAILQ_INSERT_TAIL(&t->finished, batch, entry);
	pthread_mutex_unlock(&t->lock);
	t->wake(t->data);
}

/* Lets the store tidy up. If that fails, a batch without changes reports it. */
static void tidy_store(struct gpald_store_thread *t)
{
	char error[GPALD_STORE_ERROR_SIZE] = "";
	struct gpald_batch *batch;
	enum gpald_commit_result result;

	if (t->has_failed)
		return;
	result = t->store->ops->tidy(t->store, error);
	if (result == GPALD_COMMIT_DONE)
		return;
	note_failure(t, result, error);
	batch = calloc(1, sizeof(*batch));
	/* Without memory for a batch, the next change reports a GPALD_COMMIT_FAILED. */
	if (!batch)
		return;
	STAILQ_INIT(&batch->changes);
	batch->result = result;
	memcpy(batch->error, error, sizeof(error));
	finish_batch(t, batch);
}

/*
 * Splits a batch that does not fit, so that one large layout does not keep many small ones out: the
 * changes go back to the list, and the next transaction takes fewer.
 */
static void put_back_batch(struct gpald_store_thread *t, struct gpald_batch *batch)
{
	struct gpald_store_change *first = STAILQ_FIRST(&batch->changes);

	STAILQ_CONCAT(&batch->changes, &t->changes);
	STAILQ_CONCAT(&t->changes, &batch->changes);
	t->changes_max = batch->count / 2;
	*batch = (struct gpald_batch){ 0 };
	first->batch = batch;
}

static void *run_store_thread(void *data)
{
	struct gpald_store_thread *t = data;

	pthread_mutex_lock(&t->lock);
	for (;;) {
		struct gpald_batch *batch;

		t->answered = t->asked;
		if (STAILQ_EMPTY(&t->changes) && !t->is_ending) {
			pthread_cond_wait(&t->has_work, &t->lock);
			continue;
		}
		if (STAILQ_EMPTY(&t->changes))
			break;
		batch = take_batch(t);
		pthread_mutex_unlock(&t->lock);
		commit_batch(t, batch);
		pthread_mutex_lock(&t->lock);
		if ((batch->result == GPALD_COMMIT_FULL ||
		     batch->result == GPALD_COMMIT_NO_MEMORY) &&
		    batch->count > 1) {
			put_back_batch(t, batch);
			continue;
		}
		pthread_mutex_unlock(&t->lock);
		finish_batch(t, batch);
		tidy_store(t);
		pthread_mutex_lock(&t->lock);
		t->changes_max = next_changes_max(t->changes_max);
	}
	pthread_mutex_unlock(&t->lock);
	/* Checks the files once more. If they are gone, acknowledged changes are lost. */
	tidy_store(t);
	/* Close the store on this thread, because closing waits for the disk. */
	t->store->ops->close(t->store);
	pthread_mutex_lock(&t->lock);
	t->is_closed = true;
	pthread_cond_signal(&t->has_closed);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

struct gpald_store_thread *gpald_store_thread_start(struct gpald_store *store,
						    void (*wake)(void *data), void *data)
{
	struct gpald_store_thread *t = calloc(1, sizeof(*t));
	pthread_condattr_t monotonic;

	if (!t)
		return NULL;
	t->store = store;
	t->wake = wake;
	t->data = data;
	STAILQ_INIT(&t->changes);
	t->changes_max = CHANGES_MAX;
	STAILQ_INIT(&t->finished);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->has_work, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&t->has_closed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (gpald_thread_start(&t->thread, "store", run_store_thread, t) == 0)
		return t;
	gpald_store_thread_free(t);
	return NULL;
}

bool gpald_store_thread_submit(struct gpald_store_thread *t, struct gpald_store_change *change)
{
	change->batch = calloc(1, sizeof(*change->batch));
	if (!change->batch)
		return false;
	pthread_mutex_lock(&t->lock);
	STAILQ_INSERT_TAIL(&t->changes, change, entry);
	pthread_cond_signal(&t->has_work);
	pthread_mutex_unlock(&t->lock);
	return true;
}

bool gpald_store_thread_ask_progress(struct gpald_store_thread *t)
{
	bool has_answered;

	pthread_mutex_lock(&t->lock);
	has_answered = t->answered == t->asked;
	t->asked++;
	pthread_cond_signal(&t->has_work);
	pthread_mutex_unlock(&t->lock);
	return has_answered;
}

void gpald_store_thread_collect(struct gpald_store_thread *t, struct gpald_batches *batches)
{
	pthread_mutex_lock(&t->lock);
	STAILQ_CONCAT(batches, &t->finished);
	pthread_mutex_unlock(&t->lock);
}

bool gpald_store_thread_stop(struct gpald_store_thread *t, unsigned int timeout_ms)
{
	const uint64_t until_ns = gpald_monotonic_ns() + (uint64_t)timeout_ms * 1000000;
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / 1000000000),
		.tv_nsec = (long)(until_ns % 1000000000),
	};
	bool is_closed;
	int code = 0;

	pthread_mutex_lock(&t->lock);
	t->is_ending = true;
	pthread_cond_signal(&t->has_work);
	while (!t->is_closed && code != ETIMEDOUT)
		code = pthread_cond_timedwait(&t->has_closed, &t->lock, &until);
	is_closed = t->is_closed;
	pthread_mutex_unlock(&t->lock);
	return is_closed && pthread_join(t->thread, NULL) == 0;
}

void gpald_store_thread_free(struct gpald_store_thread *t)
{
	struct gpald_batch *batch;

	while ((batch = STAILQ_FIRST(&t->finished))) {
		STAILQ_REMOVE_HEAD(&t->finished, entry);
		free(batch);
	}
	pthread_cond_destroy(&t->has_work);
	pthread_cond_destroy(&t->has_closed);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
