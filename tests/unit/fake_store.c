/* SPDX-License-Identifier: MIT */
/* Records are kept as copies that were encoded and decoded. */
#include "config.h"

#include "tests/unit/fake_store.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Returns NULL if memory ran out. */
static struct gpald_record *copy_of(const struct gpald_record *record)
{
	const struct gpald_stored_record stored = gpald_record_as_stored(record);
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	const struct gpald_blob checksum = { sum, sizeof(sum) };
	enum gpald_record_problem problem;

	gpald_stored_record_checksum(&stored, sum);
	return gpald_record_load(&stored, &checksum, &problem);
}

static bool load(struct gpald_store *base, const struct gpald_loader *loader,
		 struct gpald_store_state *state, char error[GPALD_STORE_ERROR_SIZE])
{
	struct fake_store *store = (struct fake_store *)base;
	size_t skipped = store->event_count > loader->events_max ?
				 store->event_count - loader->events_max :
				 0;

	store->loads++;
	for (size_t i = 0; i < store->record_count; i++) {
		struct gpald_record *copy = copy_of(store->records[i]);

		if (!copy || !loader->record(loader->data, copy)) {
			snprintf(error, GPALD_STORE_ERROR_SIZE, "out of memory");
			return false;
		}
	}
	for (size_t i = 0; i < store->damage_count; i++)
		loader->damaged(loader->data, store->damage[i].name, store->damage[i].problem);
	if (store->load_error) {
		snprintf(error, GPALD_STORE_ERROR_SIZE, "%s", store->load_error);
		return false;
	}
	for (size_t i = skipped; i < store->event_count; i++)
		if (!loader->event(loader->data, &store->events[i]))
			return false;
	*state = store->state;
	return true;
}

/* Removes the record of this name, if there is one. */
static void forget(struct fake_store *store, const char *name)
{
	for (size_t i = 0; i < store->record_count; i++) {
		if (strcmp(store->records[i]->name, name) != 0)
			continue;
		gpald_record_unref(store->records[i]);
		store->records[i] = store->records[--store->record_count];
		return;
	}
}

static void apply(struct fake_store *store, struct gpald_store_change *change)
{
	gpald_store_state_count_change(&store->state, change);
	forget(store, change->event.name);
	if (change->record) {
		assert(store->record_count < FAKE_ROOM);
		store->records[store->record_count] = copy_of(change->record);
		assert(store->records[store->record_count]);
		store->record_count++;
	}
	assert(store->event_count < FAKE_ROOM);
	store->events[store->event_count++] = change->event;
}

static enum gpald_commit_result commit(struct gpald_store *base,
				       const struct gpald_store_changes *changes,
				       char error[GPALD_STORE_ERROR_SIZE])
{
	struct fake_store *store = (struct fake_store *)base;
	enum gpald_commit_result result;
	struct gpald_store_change *change;
	size_t count = 0;

	STAILQ_FOREACH(change, changes, entry)
		count++;
	pthread_mutex_lock(&store->lock);
	assert(store->batch_count < FAKE_ROOM);
	store->batches[store->batch_count++] = count;
	store->is_held = true;
	pthread_cond_broadcast(&store->changed);
	while (store->is_stalled && store->steps == 0)
		pthread_cond_wait(&store->changed, &store->lock);
	if (store->steps > 0)
		store->steps--;
	store->is_held = false;
	pthread_cond_broadcast(&store->changed);
	result = store->result;
	if (store->error)
		snprintf(error, GPALD_STORE_ERROR_SIZE, "%s", store->error);
	STAILQ_FOREACH(change, changes, entry) {
		if (result == GPALD_COMMIT_DONE)
			apply(store, change);
		else
			change->event.revision = 1; /* has no meaning */
	}
	pthread_mutex_unlock(&store->lock);
	return result;
}

static enum gpald_commit_result tidy(struct gpald_store *base, char error[GPALD_STORE_ERROR_SIZE])
{
	struct fake_store *store = (struct fake_store *)base;

	(void)error;
	store->tidies++;
	return GPALD_COMMIT_DONE;
}

static void close_store(struct gpald_store *base)
{
	((struct fake_store *)base)->closes++;
}

static const struct gpald_store_ops ops = {
	.kind = "fake",
	.load = load,
	.commit = commit,
	.tidy = tidy,
	.close = close_store,
};

void fake_store_init(struct fake_store *store, uint64_t revision)
{
	*store = (struct fake_store){ .base.ops = &ops, .state.revision = revision };
	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->changed, NULL);
}

void fake_store_clear(struct fake_store *store)
{
	for (size_t i = 0; i < store->record_count; i++)
		gpald_record_unref(store->records[i]);
	pthread_cond_destroy(&store->changed);
	pthread_mutex_destroy(&store->lock);
}

void fake_store_answer(struct fake_store *store, enum gpald_commit_result result, const char *error)
{
	pthread_mutex_lock(&store->lock);
	store->result = result;
	store->error = error;
	pthread_mutex_unlock(&store->lock);
}

static void set_stalled(struct fake_store *store, bool is_stalled)
{
	pthread_mutex_lock(&store->lock);
	store->is_stalled = is_stalled;
	pthread_cond_broadcast(&store->changed);
	pthread_mutex_unlock(&store->lock);
}

void fake_store_stall(struct fake_store *store)
{
	set_stalled(store, true);
}

void fake_store_resume(struct fake_store *store)
{
	set_stalled(store, false);
}

static size_t await_locked(struct fake_store *store)
{
	while (!store->is_held)
		pthread_cond_wait(&store->changed, &store->lock);
	return store->batches[store->batch_count - 1];
}

size_t fake_store_await(struct fake_store *store)
{
	size_t count;

	pthread_mutex_lock(&store->lock);
	count = await_locked(store);
	pthread_mutex_unlock(&store->lock);
	return count;
}

size_t fake_store_step(struct fake_store *store, enum gpald_commit_result result, const char *error)
{
	size_t count;

	pthread_mutex_lock(&store->lock);
	count = await_locked(store);
	store->result = result;
	store->error = error;
	store->steps = 1;
	pthread_cond_broadcast(&store->changed);
	while (store->steps > 0)
		pthread_cond_wait(&store->changed, &store->lock);
	pthread_mutex_unlock(&store->lock);
	return count;
}

size_t fake_store_commits(struct fake_store *store)
{
	size_t count;

	pthread_mutex_lock(&store->lock);
	count = store->batch_count;
	pthread_mutex_unlock(&store->lock);
	return count;
}
