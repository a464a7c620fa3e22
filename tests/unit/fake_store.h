/* SPDX-License-Identifier: MIT */
/*
 * A store for tests of the registry: what it holds outlives its closing, and its
 * commits are held up and refused as a test wants it.
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
	struct gpald_store base; /* first */

	/* What it holds. */
	struct gpald_record *records[FAKE_ROOM];
	size_t record_count;
	struct gpald_event events[FAKE_ROOM];
	size_t event_count;
	struct gpald_store_state state;

	/* What loading finds besides. */
	const struct fake_damage *damage;
	size_t damage_count;
	const char *load_error;

	/* How often it was called. */
	size_t loads;
	size_t tidies;
	size_t closes;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Behind the lock. */
	size_t batches[FAKE_ROOM]; /* how many changes each commit had */
	size_t batch_count;
	bool is_stalled;
	bool is_held; /* a commit waits for fake_store_step() or fake_store_resume() */
	size_t steps;
	enum gpald_commit_result result;
	const char *error;
};

void fake_store_init(struct fake_store *store, uint64_t revision);
void fake_store_clear(struct fake_store *store);

/* What commits from now on answer, and what they say. */
void fake_store_answer(struct fake_store *store, enum gpald_commit_result result,
		       const char *error);

/* Commits wait until they are let go on. */
void fake_store_stall(struct fake_store *store);
void fake_store_resume(struct fake_store *store);

/* Waits for a commit to be held up; how many changes it has. */
size_t fake_store_await(struct fake_store *store);

/* The same, and lets that one go on. */
size_t fake_store_step(struct fake_store *store, enum gpald_commit_result result,
		       const char *error);

/* How many commits have begun. */
size_t fake_store_commits(struct fake_store *store);

#endif
