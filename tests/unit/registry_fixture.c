/* SPDX-License-Identifier: MIT */
/* Waits are bounded, so that a forgotten change makes a test fail and not hang. */
#include "config.h"

#include "tests/unit/registry_fixture.h"

#include <gpalayout/compare.h>
#include <time.h>

#define PATIENCE_S 30

static void wake(void *data)
{
	struct bench *bench = data;

	sem_post(&bench->woken);
}

static void damaged(void *data, const char *name, const char *problem)
{
	struct bench *bench = data;

	ck_assert_int_lt((int)bench->damage_reported, COUNT_OF(bench->damage));
	snprintf(bench->damage[bench->damage_reported++], sizeof(bench->damage[0]), "%s: %s", name,
		 problem);
}

static void batch_finished(void *data, const struct gpald_batch *batch)
{
	struct bench *bench = data;

	bench->batches_reported++;
	bench->last_batch = *batch;
	bench->finished_when_reported = bench->finished;
}

static bool decide_on_worker(void *data, struct gpald_operation *operation)
{
	struct bench *bench = data;

	if (!bench->decides_later || bench->undecided_count == UNDECIDED_MAX)
		return false;
	bench->undecided[bench->undecided_count++] = operation;
	return true;
}

void bench_decide(struct bench *bench, size_t which)
{
	struct gpald_operation *operation = bench->undecided[which];

	bench->undecided[which] = bench->undecided[--bench->undecided_count];
	gpald_registry_decide(operation);
	gpald_registry_apply_decision(bench->registry, operation);
}

void bench_init(struct bench *bench)
{
	*bench = (struct bench){
		.layouts_max = 100,
		.events_kept = 64,
		.default_policy = gpal_policy_default(),
	};
	fake_store_init(&bench->store, BENCH_REVISION);
	sem_init(&bench->woken, 0, 0);
}

void bench_open(struct bench *bench)
{
	const struct gpald_registry_options options = {
		.layouts_max = bench->layouts_max,
		.layouts_per_uid_max = bench->layouts_per_uid_max,
		.bytes_per_uid_max = bench->bytes_per_uid_max,
		.events_kept = bench->events_kept,
		.default_policy = bench->default_policy,
		.wake = wake,
		.damaged = damaged,
		.decide_on_worker = decide_on_worker,
		.batch_finished = batch_finished,
		.data = bench,
	};

	bench->registry = gpald_registry_open(&bench->store.base, &options, bench->error);
	bench->index = bench->registry ? gpald_registry_index(bench->registry) : NULL;
}

void bench_start(struct bench *bench)
{
	bench_init(bench);
	bench_open(bench);
	ck_assert_msg(bench->registry != NULL, "%s", bench->error);
}

static void close_registry(struct bench *bench)
{
	const size_t closes = bench->store.closes;

	if (bench->registry)
		ck_assert(gpald_registry_close(bench->registry, PATIENCE_S * 1000));
	ck_assert_uint_eq(bench->store.closes, closes + (bench->registry != NULL));
	bench->registry = NULL;
}

void bench_reopen(struct bench *bench)
{
	close_registry(bench);
	bench_open(bench);
	ck_assert_msg(bench->registry != NULL, "%s", bench->error);
}

void bench_end(struct bench *bench)
{
	close_registry(bench);
	fake_store_clear(&bench->store);
	sem_destroy(&bench->woken);
}

struct gpal_request request_for(unsigned int gib)
{
	static const uint64_t sizes[] = { 0, GIB, 2 * GIB, 3 * GIB };

	ck_assert_int_lt((int)gib, COUNT_OF(sizes));
	return (struct gpal_request){ .nodes = &sizes[gib], .node_count = 1 };
}

const struct gpald_record *bench_find(const struct bench *bench, const char *name)
{
	const struct gpald_record *record = gpald_index_get(bench->index, name);

	/* The registry still refers to it. */
	gpald_record_unref(record);
	return record;
}

const struct gpald_record *bench_after(const struct bench *bench, const char *name)
{
	const struct gpald_record *record = NULL;
	uint64_t revision;

	if (gpald_index_list(bench->index, name, &record, 1, &revision) > 0)
		gpald_record_unref(record);
	return record;
}

static void note(struct change *change)
{
	const struct gpald_operation *operation = &change->operation;
	struct bench *bench = change->bench;

	change->times_done++;
	change->finish_order = ++bench->finished;
	change->outcome = operation->outcome;
	change->created = operation->created;
	change->generation = operation->generation;
	change->owner_uid = operation->owner_uid;
	if (operation->kind != GPALD_OPERATION_CREATE || operation->outcome != GPALD_OUTCOME_DONE)
		return;
	/* The answer is the record in the registry. */
	ck_assert_ptr_nonnull(operation->record);
	ck_assert_ptr_eq(bench_find(bench, operation->name), operation->record);
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

static void prepare(struct bench *bench, struct change *change, const char *name,
		    enum gpald_operation_kind kind)
{
	*change = (struct change){
		.bench = bench,
		.operation = { .kind = kind, .uid = OWNER, .done = done },
	};
	snprintf(change->operation.name, sizeof(change->operation.name), "%s", name);
}

void prepare_create(struct bench *bench, struct change *change, const char *name,
		    const struct gpal_request *request)
{
	prepare(bench, change, name, GPALD_OPERATION_CREATE);
	change->operation.request = request_blob(request);
}

void prepare_update(struct bench *bench, struct change *change, const char *name,
		    const struct gpal_request *request)
{
	prepare(bench, change, name, GPALD_OPERATION_UPDATE);
	change->operation.request = request_blob(request);
	change->operation.allow = GPAL_ALLOW_MOVES | GPAL_ALLOW_REMOVALS;
}

void prepare_delete(struct bench *bench, struct change *change, const char *name)
{
	prepare(bench, change, name, GPALD_OPERATION_DELETE);
}

void change_clear(struct change *change)
{
	gpald_operation_clear(&change->operation);
}

bool change_submit(struct change *change)
{
	const bool is_done = gpald_registry_submit(change->bench->registry, &change->operation);

	/* `done` is called later or never, but not during the call. */
	ck_assert_int_eq(change->times_done, 0);
	if (is_done)
		note(change);
	return is_done;
}

void bench_settle(struct bench *bench)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PATIENCE_S;
	ck_assert_msg(sem_clockwait(&bench->woken, CLOCK_MONOTONIC, &until) == 0,
		      "the registry was not woken");
	gpald_registry_settle(bench->registry);
}

void change_await(struct change *change)
{
	while (!change->times_done)
		bench_settle(change->bench);
	ck_assert_int_eq(change->times_done, 1);
}

enum gpald_outcome change_do(struct change *change)
{
	if (!change_submit(change))
		change_await(change);
	change_clear(change);
	return change->outcome;
}

enum gpald_outcome create_now(struct bench *bench, const char *name, unsigned int gib)
{
	const struct gpal_request request = request_for(gib);
	struct change change;

	prepare_create(bench, &change, name, &request);
	return change_do(&change);
}

enum gpald_outcome delete_now(struct bench *bench, const char *name)
{
	struct change change;

	prepare_delete(bench, &change, name);
	return change_do(&change);
}

void assert_there(const struct bench *bench, const char *name, uint64_t generation)
{
	const struct gpald_record *record = bench_find(bench, name);

	ck_assert_int_eq(record != NULL, generation != 0);
	if (record)
		ck_assert_uint_eq(record->facts.generation, generation);
}
