/* SPDX-License-Identifier: MIT */
/* Waits are bounded, so that a forgotten change makes a test fail and not hang. */
#include "config.h"

#include "tests/unit/registry_fixture.h"

#include <gpalayout/compare.h>
#include <time.h>

#define PATIENCE_S 30

static void wake(void *data)
{
	struct fixture *fixture = data;

	sem_post(&fixture->woken);
}

static void damaged(void *data, const char *name, const char *problem)
{
	struct fixture *fixture = data;

	ck_assert_int_lt((int)fixture->damage_reported, COUNT_OF(fixture->damage));
	snprintf(fixture->damage[fixture->damage_reported++], sizeof(fixture->damage[0]), "%s: %s",
		 name, problem);
}

static void batch_finished(void *data, const struct gpald_batch *batch)
{
	struct fixture *fixture = data;

	fixture->batches_reported++;
	fixture->last_batch = *batch;
	fixture->finished_when_reported = fixture->finished;
}

static bool decide_on_worker(void *data, struct gpald_operation *operation)
{
	struct fixture *fixture = data;

	if (!fixture->decides_later || fixture->undecided_count == UNDECIDED_MAX)
		return false;
	fixture->undecided[fixture->undecided_count++] = operation;
	return true;
}

void fixture_decide(struct fixture *fixture, size_t which)
{
	struct gpald_operation *operation = fixture->undecided[which];

	fixture->undecided[which] = fixture->undecided[--fixture->undecided_count];
	gpald_registry_decide(operation);
	gpald_registry_apply_decision(fixture->registry, operation);
}

void fixture_init(struct fixture *fixture)
{
	*fixture = (struct fixture){
		.layouts_max = 100,
		.events_kept = 64,
		.default_policy = gpal_policy_default(),
	};
	fake_store_init(&fixture->store, FIXTURE_REVISION);
	sem_init(&fixture->woken, 0, 0);
}

void fixture_open(struct fixture *fixture)
{
	const struct gpald_registry_options options = {
		.layouts_max = fixture->layouts_max,
		.layouts_per_uid_max = fixture->layouts_per_uid_max,
		.bytes_per_uid_max = fixture->bytes_per_uid_max,
		.events_kept = fixture->events_kept,
		.default_policy = fixture->default_policy,
		.wake = wake,
		.damaged = damaged,
		.decide_on_worker = decide_on_worker,
		.batch_finished = batch_finished,
		.data = fixture,
	};

	fixture->registry = gpald_registry_open(&fixture->store.base, &options, fixture->error);
	fixture->index = fixture->registry ? gpald_registry_index(fixture->registry) : NULL;
}

void fixture_start(struct fixture *fixture)
{
	fixture_init(fixture);
	fixture_open(fixture);
	ck_assert_msg(fixture->registry != NULL, "%s", fixture->error);
}

static void close_registry(struct fixture *fixture)
{
	const size_t closes = fixture->store.closes;

	if (fixture->registry)
		ck_assert(gpald_registry_close(fixture->registry, PATIENCE_S * 1000));
	ck_assert_uint_eq(fixture->store.closes, closes + (fixture->registry != NULL));
	fixture->registry = NULL;
}

void fixture_reopen(struct fixture *fixture)
{
	close_registry(fixture);
	fixture_open(fixture);
	ck_assert_msg(fixture->registry != NULL, "%s", fixture->error);
}

void fixture_end(struct fixture *fixture)
{
	close_registry(fixture);
	fake_store_clear(&fixture->store);
	sem_destroy(&fixture->woken);
}

struct gpal_request request_for(unsigned int gib)
{
	static const uint64_t sizes[] = { 0, GIB, 2 * GIB, 3 * GIB };

	ck_assert_int_lt((int)gib, COUNT_OF(sizes));
	return (struct gpal_request){ .nodes = &sizes[gib], .node_count = 1 };
}

const struct gpald_record *fixture_find(const struct fixture *fixture, const char *name)
{
	const struct gpald_record *record = gpald_index_get(fixture->index, name);

	/* The registry still refers to it. */
	gpald_record_unref(record);
	return record;
}

const struct gpald_record *fixture_after(const struct fixture *fixture, const char *name)
{
	const struct gpald_record *record = NULL;
	uint64_t revision;

	if (gpald_index_list(fixture->index, name, &record, 1, &revision) > 0)
		gpald_record_unref(record);
	return record;
}

static void note(struct change *change)
{
	const struct gpald_operation *operation = &change->operation;
	struct fixture *fixture = change->fixture;

	change->times_done++;
	change->finish_order = ++fixture->finished;
	change->outcome = operation->outcome;
	change->created = operation->created;
	change->generation = operation->generation;
	change->owner_uid = operation->owner_uid;
	if (operation->kind != GPALD_OPERATION_CREATE || operation->outcome != GPALD_OUTCOME_DONE)
		return;
	/* The answer is the record in the registry. */
	ck_assert_ptr_nonnull(operation->record);
	ck_assert_ptr_eq(fixture_find(fixture, operation->name), operation->record);
	ck_assert_uint_eq(operation->record->facts.generation, operation->generation);
	strcpy(change->digest, operation->record->digest);
}

static void done(struct gpald_operation *operation)
{
	struct change *change = (struct change *)operation;

	note(change);
	if (change->free_when_done) {
		change_clear(change);
		free(change);
	}
}

static void prepare(struct fixture *fixture, struct change *change, const char *name,
		    enum gpald_operation_kind kind)
{
	*change = (struct change){
		.fixture = fixture,
		.operation = { .kind = kind, .uid = OWNER, .done = done },
	};
	snprintf(change->operation.name, sizeof(change->operation.name), "%s", name);
}

void prepare_create(struct fixture *fixture, struct change *change, const char *name,
		    const struct gpal_request *request)
{
	prepare(fixture, change, name, GPALD_OPERATION_CREATE);
	change->operation.request = request_blob(request);
}

void prepare_update(struct fixture *fixture, struct change *change, const char *name,
		    const struct gpal_request *request)
{
	prepare(fixture, change, name, GPALD_OPERATION_UPDATE);
	change->operation.request = request_blob(request);
	change->operation.allow = GPAL_ALLOW_MOVES | GPAL_ALLOW_REMOVALS;
}

void prepare_delete(struct fixture *fixture, struct change *change, const char *name)
{
	prepare(fixture, change, name, GPALD_OPERATION_DELETE);
}

void change_clear(struct change *change)
{
	gpald_operation_clear(&change->operation);
}

bool change_submit(struct change *change)
{
	const bool is_done = gpald_registry_submit(change->fixture->registry, &change->operation);

	/* `done` is called later or never, but not during the call. */
	ck_assert_int_eq(change->times_done, 0);
	if (is_done)
		note(change);
	return is_done;
}

void fixture_settle(struct fixture *fixture)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PATIENCE_S;
	ck_assert_msg(sem_clockwait(&fixture->woken, CLOCK_MONOTONIC, &until) == 0,
		      "the registry was not woken");
	gpald_registry_settle(fixture->registry);
}

void change_await(struct change *change)
{
	while (!change->times_done)
		fixture_settle(change->fixture);
	ck_assert_int_eq(change->times_done, 1);
}

enum gpald_outcome change_do(struct change *change)
{
	if (!change_submit(change))
		change_await(change);
	change_clear(change);
	return change->outcome;
}

enum gpald_outcome create_now(struct fixture *fixture, const char *name, unsigned int gib)
{
	const struct gpal_request request = request_for(gib);
	struct change change;

	prepare_create(fixture, &change, name, &request);
	return change_do(&change);
}

enum gpald_outcome delete_now(struct fixture *fixture, const char *name)
{
	struct change change;

	prepare_delete(fixture, &change, name);
	return change_do(&change);
}

void assert_generation(const struct fixture *fixture, const char *name, uint64_t generation)
{
	const struct gpald_record *record = fixture_find(fixture, name);

	ck_assert_int_eq(record != NULL, generation != 0);
	if (record)
		ck_assert_uint_eq(record->facts.generation, generation);
}
