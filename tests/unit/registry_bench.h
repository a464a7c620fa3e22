/* SPDX-License-Identifier: MIT */
/* A registry on a fake store, and changes that note what came of them. */
#ifndef GPALD_TESTS_UNIT_REGISTRY_BENCH_H
#define GPALD_TESTS_UNIT_REGISTRY_BENCH_H

#include "registry/registry.h"
#include "tests/unit/fake_store.h"
#include "tests/unit/records.h"

#include <semaphore.h>
#include <stdio.h>

#define BENCH_REVISION 1000 /* of the new store */
#define UNDECIDED_MAX 16
#define OWNER 1000 /* who makes changes, if nothing else is said */

struct bench {
	struct fake_store store;
	struct gpald_registry *registry; /* NULL: it could not be opened */
	char error[GPALD_STORE_ERROR_SIZE];
	size_t layouts_max;
	size_t layouts_per_uid_max; /* 0: no limit */
	uint64_t bytes_per_uid_max; /* the same */
	bool decides_later;         /* what takes long, when bench_decide() is called */
	size_t events_kept;
	const struct gpal_policy *default_policy;
	sem_t woken;
	int finished; /* changes so far */
	struct gpald_operation *undecided[UNDECIDED_MAX];
	size_t undecided_count;

	/* What the registry has told. */
	size_t batches_told;
	struct gpald_batch last_batch;
	int finished_when_told;
	size_t damage_told;
	char damage[8][128]; /* "name: problem" */
};

struct change {
	struct gpald_operation operation; /* first; its outcome is for `done` alone */
	struct bench *bench;
	int times_done;
	int place; /* among all that finished, from 1 */
	enum gpald_outcome outcome;
	bool created;
	uint64_t generation;
	uid_t owner_uid;
	char digest[GPAL_DIGEST_SIZE]; /* of the record there is */
	bool free_when_done;
};

/* Not yet opened, so that a test can say how. */
void bench_init(struct bench *bench);
void bench_open(struct bench *bench);

/* Init and open. */
void bench_start(struct bench *bench);

/* Closes what is open and opens it anew, from what the store holds. */
void bench_reopen(struct bench *bench);

/* Closes what is open, and checks that nothing is owed. */
void bench_end(struct bench *bench);

/* A request for so many GiB of RAM. */
struct gpal_request request_for(unsigned int gib);

/* Fills in a change of OWNER's. */
void prepare_create(struct bench *bench, struct change *change, const char *name,
		    const struct gpal_request *request);
void prepare_update(struct bench *bench, struct change *change, const char *name,
		    const struct gpal_request *request);
void prepare_delete(struct bench *bench, struct change *change, const char *name);
void change_clear(struct change *change);

/* True: it has its outcome already. */
bool change_submit(struct change *change);

/* Decides on one of the undecided, which is then no longer there. */
void bench_decide(struct bench *bench, size_t which);

/* Settles until it is done. */
void change_await(struct change *change);

/* Submit, await and clear. */
enum gpald_outcome change_do(struct change *change);

/* In one: a request for so many GiB, by OWNER. */
enum gpald_outcome create_now(struct bench *bench, const char *name, unsigned int gib);
enum gpald_outcome delete_now(struct bench *bench, const char *name);

/* Waits for the registry to be woken, and settles. */
void bench_settle(struct bench *bench);

/* The record of a name, borrowed from the registry; NULL: there is none. */
const struct gpald_record *bench_find(const struct bench *bench, const char *name);

/* The same of the first after a name in byte order; NULL: of all. */
const struct gpald_record *bench_after(const struct bench *bench, const char *name);

/* Whether a name is there with a generation, 0 for not at all. */
void assert_there(const struct bench *bench, const char *name, uint64_t generation);

#endif
