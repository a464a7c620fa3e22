/* SPDX-License-Identifier: MIT */
/* A registry on a fake store, and changes that record their outcome. */
#ifndef GPALD_TESTS_UNIT_REGISTRY_FIXTURE_H
#define GPALD_TESTS_UNIT_REGISTRY_FIXTURE_H

#include "registry/registry.h"
#include "tests/unit/fake_store.h"
#include "tests/unit/records.h"

#include <semaphore.h>
#include <stdio.h>

#define FIXTURE_REVISION 1000 /* of the new store; its first event has the next one */
#define UNDECIDED_MAX 16
#define OWNER 1000 /* who makes changes by default */

struct fixture {
	struct fake_store store;
	struct gpald_registry *registry; /* NULL if it could not be opened */
	struct gpald_index *index;       /* of the registry */
	char error[GPALD_STORE_ERROR_SIZE];
	size_t layouts_max;
	size_t layouts_per_uid_max; /* 0 for no limit */
	uint64_t bytes_per_uid_max; /* 0 for no limit */
	bool decides_later;         /* slow decisions wait for fixture_decide() */
	size_t events_kept;
	const struct gpal_policy *default_policy;
	sem_t woken;
	int finished; /* number of changes that are done */
	struct gpald_operation *undecided[UNDECIDED_MAX];
	size_t undecided_count;

	/* Reports of the registry. */
	size_t batches_reported;
	struct gpald_batch last_batch;
	int finished_when_reported;
	size_t damage_reported;
	char damage[8][128]; /* "name: problem" */
};

struct change {
	struct gpald_operation operation; /* must be first */
	struct fixture *fixture;
	int times_done;
	int finish_order; /* the rank among the finished changes, from 1 */
	enum gpald_outcome outcome;
	bool created;
	uint64_t generation;
	uid_t owner_uid;
	char digest[GPAL_DIGEST_SIZE]; /* set by a create that is done */
	bool free_when_done;
};

/* Initialises the fixture, but does not open the registry, so that a test can set options first. */
void fixture_init(struct fixture *fixture);
void fixture_open(struct fixture *fixture);

/* Calls fixture_init() and fixture_open(). */
void fixture_start(struct fixture *fixture);

/* Closes the registry and opens it again, from what the store holds. */
void fixture_reopen(struct fixture *fixture);

/* Closes the registry if it is open, and checks that this closes the store. */
void fixture_end(struct fixture *fixture);

/* Returns a request for this many GiB of RAM. */
struct gpal_request request_for(unsigned int gib);

/* Fills in a change by OWNER. */
void prepare_create(struct fixture *fixture, struct change *change, const char *name,
		    const struct gpal_request *request);
void prepare_update(struct fixture *fixture, struct change *change, const char *name,
		    const struct gpal_request *request);
void prepare_delete(struct fixture *fixture, struct change *change, const char *name);
void change_clear(struct change *change);

/* Returns true if the change has its outcome already. */
bool change_submit(struct change *change);

/* Decides one of the undecided changes, and removes it from their list. */
void fixture_decide(struct fixture *fixture, size_t which);

/* Settles until the change is done. */
void change_await(struct change *change);

/* Submits a change, waits for it and clears it. */
enum gpald_outcome change_do(struct change *change);

/* Make a change by OWNER and wait for it: create a layout of this many GiB, or delete it. */
enum gpald_outcome create_now(struct fixture *fixture, const char *name, unsigned int gib);
enum gpald_outcome delete_now(struct fixture *fixture, const char *name);

/* Waits until the registry is woken, and settles. */
void fixture_settle(struct fixture *fixture);

/* Returns the record of a name, borrowed from the registry, or NULL. */
const struct gpald_record *fixture_find(const struct fixture *fixture, const char *name);

/* Returns the first record after a name in byte order, or of all if the name is NULL. */
const struct gpald_record *fixture_after(const struct fixture *fixture, const char *name);

/* Asserts that the layout has this generation. With 0 it must not exist. */
void assert_generation(const struct fixture *fixture, const char *name, uint64_t generation);

#endif
