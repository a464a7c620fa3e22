/* SPDX-License-Identifier: MIT */
/*
 * A store for tests of the registry. Its contents survive closing. A test can stall its commits
 * and choose their results.
 */
#ifndef GPALD_TESTS_UNIT_FAKE_STORE_H
#define GPALD_TESTS_UNIT_FAKE_STORE_H

#include "registry/store.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_ROOM 128

struct fake_damage {
	const char *name;
	const char *problem;
};

struct fake_store {
	struct gpald_store base; /* must be first */

	/* The contents. */
	struct gpald_record *records[FAKE_ROOM];
	size_t record_count;
	struct gpald_event events[FAKE_ROOM];
	size_t event_count;
	struct gpald_store_state state;

	/* Further results of loading. */
	const struct fake_damage *damage;
	size_t damage_count;
	const char *load_error;

	/* How often each function was called. */
	size_t loads;
	size_t tidies;
	size_t closes;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* The lock protects these. */
	size_t batches[FAKE_ROOM]; /* the number of changes in each commit */
	size_t batch_count;
	bool is_stalled;
	bool is_held; /* a commit waits for fake_store_step() or fake_store_resume() */
	size_t steps;
	enum gpald_commit_result result;
	const char *error;
};

void fake_store_init(struct fake_store *store, uint64_t revision);
void fake_store_clear(struct fake_store *store);

/* Sets the result and the error text of all later commits. */
void fake_store_answer(struct fake_store *store, enum gpald_commit_result result,
		       const char *error);

/* From now on, commits wait until fake_store_resume() or fake_store_step() lets them go on. */
void fake_store_stall(struct fake_store *store);
void fake_store_resume(struct fake_store *store);

/* Waits until a commit is held up. Returns the number of its changes. */
size_t fake_store_await(struct fake_store *store);

/*
 * Waits as fake_store_await() does, sets the result of this and all later commits, and lets this
 * commit go on. Returns the number of its changes.
 */
size_t fake_store_step(struct fake_store *store, enum gpald_commit_result result,
		       const char *error);

/* Returns how many commits have begun. */
size_t fake_store_commits(struct fake_store *store);

#endif
