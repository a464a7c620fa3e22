/* SPDX-License-Identifier: MIT */
/* The registry and its store: refusals, failures, shutdown, restart, and reading. */
#include "config.h"

#include "registry/clock.h"
#include "tests/unit/registry_fixture.h"

#include <glob.h>
#include <signal.h>

static const struct gpald_event_ring *events(const struct fixture *fixture)
{
	return &fixture->index->events;
}

/* Asserts that only this layout exists, or none, now and after a restart. */
static void assert_only(struct fixture *fixture, const char *name, uint64_t revision)
{
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(fixture->index->count, name ? 1 : 0);
		ck_assert_uint_eq(events(fixture)->revision, revision);
		if (name)
			assert_generation(fixture, name, 1);
		else
			ck_assert_ptr_null(fixture_after(fixture, NULL));
		fixture_reopen(fixture);
	}
}

START_TEST(a_change_refused_by_a_full_store_leaves_no_trace)
{
	struct fixture fixture;

	fixture_start(&fixture);
	fake_store_answer(&fixture.store, GPALD_COMMIT_FULL, "no room");
	ck_assert_int_eq(create_now(&fixture, "vm", 1), GPALD_OUTCOME_STORE_FULL);
	ck_assert_int_eq(fixture.last_batch.result, GPALD_COMMIT_FULL);
	ck_assert_str_eq(fixture.last_batch.error, "no room");
	ck_assert_uint_eq(gpald_registry_counters(fixture.registry)->full, 1);
	ck_assert_uint_eq(gpald_registry_counters(fixture.registry)->changes, 0);
	ck_assert_uint_eq(gpald_registry_counters(fixture.registry)->commits, 1);
	assert_only(&fixture, NULL, FIXTURE_REVISION);

	fake_store_answer(&fixture.store, GPALD_COMMIT_DONE, NULL);
	ck_assert_int_eq(create_now(&fixture, "vm", 2), GPALD_OUTCOME_DONE);
	assert_only(&fixture, "vm", FIXTURE_REVISION + 1);

	fake_store_answer(&fixture.store, GPALD_COMMIT_FULL, "no room");
	ck_assert_int_eq(delete_now(&fixture, "vm"), GPALD_OUTCOME_STORE_FULL);
	assert_only(&fixture, "vm", FIXTURE_REVISION + 1);

	fake_store_answer(&fixture.store, GPALD_COMMIT_DONE, NULL);
	ck_assert_int_eq(delete_now(&fixture, "vm"), GPALD_OUTCOME_DONE);
	assert_only(&fixture, NULL, FIXTURE_REVISION + 2);
	fixture_end(&fixture);
}
END_TEST

START_TEST(a_change_that_lacks_memory_is_refused_and_the_next_is_done)
{
	struct fixture fixture;

	fixture_start(&fixture);
	fake_store_answer(&fixture.store, GPALD_COMMIT_NO_MEMORY, "out of memory");
	ck_assert_int_eq(create_now(&fixture, "vm", 1), GPALD_OUTCOME_NO_MEMORY);
	ck_assert_int_eq(fixture.last_batch.result, GPALD_COMMIT_NO_MEMORY);
	ck_assert_uint_eq(gpald_registry_counters(fixture.registry)->full, 0);
	assert_only(&fixture, NULL, FIXTURE_REVISION);

	fake_store_answer(&fixture.store, GPALD_COMMIT_DONE, NULL);
	ck_assert_int_eq(create_now(&fixture, "vm", 2), GPALD_OUTCOME_DONE);
	assert_only(&fixture, "vm", FIXTURE_REVISION + 1);
	fixture_end(&fixture);
}
END_TEST

START_TEST(changes_that_do_not_fit_together_are_tried_in_parts)
{
	const struct gpal_request request = request_for(1);
	struct change changes[4];
	struct fixture fixture;

	fixture_start(&fixture);
	fake_store_stall(&fixture.store);
	for (int i = 0; i < COUNT_OF(changes); i++) {
		const char name[] = { (char)('a' + i), '\0' };

		prepare_create(&fixture, &changes[i], name, &request);
		ck_assert(!change_submit(&changes[i]));
		if (i == 0)
			ck_assert_uint_eq(fake_store_await(&fixture.store), 1);
	}
	ck_assert_uint_eq(fake_store_step(&fixture.store, GPALD_COMMIT_DONE, NULL), 1);
	/* The other three changes come together. Then the second of them alone is too large. */
	ck_assert_uint_eq(fake_store_step(&fixture.store, GPALD_COMMIT_NO_MEMORY, "no memory"), 3);
	ck_assert_uint_eq(fake_store_step(&fixture.store, GPALD_COMMIT_DONE, NULL), 1);
	ck_assert_uint_eq(fake_store_step(&fixture.store, GPALD_COMMIT_FULL, "no room"), 2);
	ck_assert_uint_eq(fake_store_step(&fixture.store, GPALD_COMMIT_FULL, "no room"), 1);
	ck_assert_uint_eq(fake_store_step(&fixture.store, GPALD_COMMIT_DONE, NULL), 1);
	for (int i = 0; i < COUNT_OF(changes); i++) {
		change_await(&changes[i]);
		ck_assert_int_eq(changes[i].outcome,
				 i == 2 ? GPALD_OUTCOME_STORE_FULL : GPALD_OUTCOME_DONE);
		change_clear(&changes[i]);
	}
	ck_assert_uint_eq(fixture.index->count, 3);
	ck_assert_ptr_null(fixture_find(&fixture, "c"));
	fake_store_resume(&fixture.store);
	fixture_end(&fixture);
}
END_TEST

START_TEST(after_a_part_that_fits_the_next_is_twice_as_large)
{
	static const struct {
		enum gpald_commit_result result;
		size_t changes;
	} steps[] = {
		{ GPALD_COMMIT_DONE, 1 }, { GPALD_COMMIT_FULL, 16 }, { GPALD_COMMIT_FULL, 8 },
		{ GPALD_COMMIT_FULL, 4 }, { GPALD_COMMIT_DONE, 2 },  { GPALD_COMMIT_DONE, 4 },
		{ GPALD_COMMIT_DONE, 8 }, { GPALD_COMMIT_DONE, 2 },
	};
	const struct gpal_request request = request_for(1);
	struct change changes[17];
	struct fixture fixture;

	fixture_start(&fixture);
	fake_store_stall(&fixture.store);
	for (int i = 0; i < COUNT_OF(changes); i++) {
		const char name[] = { (char)('a' + i), '\0' };

		prepare_create(&fixture, &changes[i], name, &request);
		ck_assert(!change_submit(&changes[i]));
		if (i == 0)
			ck_assert_uint_eq(fake_store_await(&fixture.store), 1);
	}
	for (int i = 0; i < COUNT_OF(steps); i++)
		ck_assert_uint_eq(fake_store_step(&fixture.store, steps[i].result, "no room"),
				  steps[i].changes);
	for (int i = 0; i < COUNT_OF(changes); i++) {
		change_await(&changes[i]);
		ck_assert_int_eq(changes[i].outcome, GPALD_OUTCOME_DONE);
		change_clear(&changes[i]);
	}
	fake_store_resume(&fixture.store);
	fixture_end(&fixture);
}
END_TEST

/* A request that takes about 250 KiB when it is stored. */
static struct gpal_request large_request(void)
{
	enum {
		COUNT = 3500
	};
	static const uint64_t node = GIB;
	static struct gpal_named_range ranges[COUNT];
	static char names[COUNT][65];

	for (int i = 0; i < COUNT; i++) {
		const uint64_t start = 1024 * GIB + (uint64_t)i * 8 * KIB;

		snprintf(names[i], sizeof(names[i]), "%064d", i);
		ranges[i] = (struct gpal_named_range){
			.name = names[i],
			.range = { start, start + 4 * KIB },
		};
	}
	return (struct gpal_request){
		.nodes = &node,
		.node_count = 1,
		.reserved = ranges,
		.reserved_count = COUNT,
	};
}

START_TEST(a_transaction_holds_8_mib)
{
	const struct gpal_request request = large_request();
	const struct gpald_record *record;
	struct change changes[64];
	struct fixture fixture;
	size_t size, most;

	fixture_start(&fixture);
	fake_store_stall(&fixture.store);
	for (int i = 0; i < COUNT_OF(changes); i++) {
		char name[GPALD_NAME_SIZE];

		snprintf(name, sizeof(name), "vm-%d", i);
		prepare_create(&fixture, &changes[i], name, &request);
		ck_assert(!change_submit(&changes[i]));
		if (i == 0)
			ck_assert_uint_eq(fake_store_await(&fixture.store), 1);
	}
	ck_assert_uint_eq(fake_store_step(&fixture.store, GPALD_COMMIT_DONE, NULL), 1);
	change_await(&changes[0]);
	record = fixture_find(&fixture, "vm-0");
	ck_assert_ptr_nonnull(record);
	size = record->request.length + record->layout.length;
	most = 8 * MIB / size;
	ck_assert_uint_gt(most, 1);
	ck_assert_uint_lt(most, COUNT_OF(changes) - 1);
	ck_assert_uint_eq(fake_store_step(&fixture.store, GPALD_COMMIT_DONE, NULL), most);
	fake_store_resume(&fixture.store);
	for (int i = 0; i < COUNT_OF(changes); i++) {
		change_await(&changes[i]);
		change_clear(&changes[i]);
	}
	fixture_end(&fixture);
}
END_TEST

START_TEST(a_change_that_waited_for_a_refused_one_can_succeed)
{
	const struct gpal_request request = request_for(1), another = request_for(2);
	struct change first, second;
	struct fixture fixture;

	fixture_start(&fixture);
	fake_store_stall(&fixture.store);
	prepare_create(&fixture, &first, "vm", &request);
	prepare_create(&fixture, &second, "vm", &another);
	ck_assert(!change_submit(&first));
	ck_assert(!change_submit(&second));
	fake_store_step(&fixture.store, GPALD_COMMIT_FULL, "no room");
	change_await(&first);
	ck_assert_int_eq(first.outcome, GPALD_OUTCOME_STORE_FULL);
	fake_store_step(&fixture.store, GPALD_COMMIT_DONE, NULL);
	change_await(&second);
	ck_assert_int_eq(second.outcome, GPALD_OUTCOME_DONE);
	ck_assert(second.created);
	ck_assert_uint_eq(fixture_find(&fixture, "vm")->ram_size, 2 * GIB);
	change_clear(&first);
	change_clear(&second);
	fake_store_resume(&fixture.store);
	fixture_end(&fixture);
}
END_TEST

START_TEST(after_a_failed_commit_nothing_is_changed_any_more)
{
	const struct gpal_request request = request_for(1);
	struct change changes[3];
	struct fixture fixture;

	fixture_start(&fixture);
	ck_assert_int_eq(create_now(&fixture, "vm", 1), GPALD_OUTCOME_DONE);
	fake_store_stall(&fixture.store);
	prepare_create(&fixture, &changes[0], "a", &request);
	ck_assert(!change_submit(&changes[0]));
	fake_store_await(&fixture.store);
	/* These are on their way, or wait, when the store fails. */
	prepare_create(&fixture, &changes[1], "b", &request);
	prepare_delete(&fixture, &changes[2], "a");
	ck_assert(!change_submit(&changes[1]));
	ck_assert(!change_submit(&changes[2]));
	fake_store_step(&fixture.store, GPALD_COMMIT_FAILED, "the disk is gone");
	fake_store_answer(&fixture.store, GPALD_COMMIT_DONE, NULL);
	fake_store_resume(&fixture.store);
	change_await(&changes[0]);
	change_await(&changes[1]);
	change_await(&changes[2]);
	ck_assert_int_eq(changes[0].outcome, GPALD_OUTCOME_STORE_FAILED);
	ck_assert_int_eq(changes[1].outcome, GPALD_OUTCOME_STORE_FAILED);
	/* Nobody knows whether a layout of that name exists. */
	ck_assert_int_eq(changes[2].outcome, GPALD_OUTCOME_STORE_FAILED);
	ck_assert_int_eq(create_now(&fixture, "c", 1), GPALD_OUTCOME_STORE_FAILED);
	ck_assert_int_eq(fixture.last_batch.result, GPALD_COMMIT_FAILED);
	ck_assert_str_eq(fixture.last_batch.error, "the disk is gone");
	ck_assert_int_eq(delete_now(&fixture, "vm"), GPALD_OUTCOME_STORE_FAILED);
	ck_assert_str_eq(fixture.last_batch.error, "the disk is gone");
	/* The registry does not ask the store again, but reads still work. */
	ck_assert_uint_eq(fake_store_commits(&fixture.store), 2);
	ck_assert_uint_eq(fixture.store.tidies, 1);
	ck_assert_int_eq(create_now(&fixture, "vm", 1), GPALD_OUTCOME_STORE_FAILED);
	change_clear(&changes[0]);
	change_clear(&changes[1]);
	change_clear(&changes[2]);
	assert_only(&fixture, "vm", FIXTURE_REVISION + 1);
	/* After a restart changes work again. */
	ck_assert_int_eq(create_now(&fixture, "c", 1), GPALD_OUTCOME_DONE);
	fixture_end(&fixture);
}
END_TEST

START_TEST(closing_finishes_the_commit_under_way_and_fails_waiting_changes)
{
	const struct gpal_request request = request_for(1);
	struct change first, waits, last;
	struct fixture fixture;

	fixture_start(&fixture);
	fake_store_stall(&fixture.store);
	prepare_create(&fixture, &first, "vm", &request);
	prepare_delete(&fixture, &waits, "vm");
	prepare_create(&fixture, &last, "vm", &request);
	ck_assert(!change_submit(&first));
	ck_assert(!change_submit(&waits));
	ck_assert(!change_submit(&last));
	fake_store_await(&fixture.store);

	/* Closing waits for a hanging disk for the given time only, and then frees nothing. */
	ck_assert(!gpald_registry_close(fixture.registry, 20));
	ck_assert_int_eq(first.times_done + waits.times_done + last.times_done, 0);
	ck_assert_uint_eq(fixture.store.closes, 0);

	fake_store_resume(&fixture.store);
	ck_assert(gpald_registry_close(fixture.registry, 30000));
	fixture.registry = NULL;
	ck_assert_uint_eq(fixture.store.closes, 1);
	ck_assert_int_eq(first.times_done, 1);
	ck_assert_int_eq(first.outcome, GPALD_OUTCOME_DONE);
	ck_assert_int_eq(waits.times_done, 1);
	ck_assert_int_eq(waits.outcome, GPALD_OUTCOME_STORE_FAILED);
	ck_assert_int_eq(last.times_done, 1);
	ck_assert_int_eq(last.outcome, GPALD_OUTCOME_STORE_FAILED);
	ck_assert_uint_eq(fake_store_commits(&fixture.store), 1);
	change_clear(&first);
	change_clear(&waits);
	change_clear(&last);

	fixture_open(&fixture);
	assert_generation(&fixture, "vm", 1);
	fixture_end(&fixture);
}
END_TEST

/* A commit lasts from its start to its result. Here it was held up for a millisecond. */
START_TEST(the_duration_of_a_commit_is_reported)
{
	const struct gpal_request request = request_for(1);
	const uint64_t start = gpald_monotonic_ns();
	struct change change;
	struct fixture fixture;
	uint64_t held;

	fixture_start(&fixture);
	fake_store_stall(&fixture.store);
	prepare_create(&fixture, &change, "vm", &request);
	ck_assert(!change_submit(&change));
	fake_store_await(&fixture.store);
	held = gpald_monotonic_ns();
	while (gpald_monotonic_ns() < held + 1000000)
		;
	fake_store_resume(&fixture.store);
	change_await(&change);
	ck_assert_uint_ge(fixture.last_batch.duration_us, 1000);
	ck_assert_uint_le(fixture.last_batch.duration_us, (gpald_monotonic_ns() - start) / 1000);
	change_clear(&change);
	fixture_end(&fixture);
}
END_TEST

/* Reads the value of a key in a file of /proc. Returns false if there is no such file or key. */
static bool read_status(const char *path, const char *key, char value[32])
{
	FILE *file = fopen(path, "re");
	char line[128];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strncmp(line, key, strlen(key)) == 0 &&
			sscanf(line + strlen(key), "%31s", value) == 1;
	if (file)
		fclose(file);
	return found;
}

/* A crash signal goes to the thread that crashes. The first thread handles all other signals. */
START_TEST(the_store_thread_has_a_name_and_blocks_all_but_crash_signals)
{
	static const int crashes[] = { SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS };
	struct fixture fixture;
	glob_t tasks;
	int found = 0;

	fixture_start(&fixture);
	/* After this change the thread has started. */
	ck_assert_int_eq(create_now(&fixture, "vm", 1), GPALD_OUTCOME_DONE);
	ck_assert_int_eq(glob("/proc/self/task/*/status", 0, NULL, &tasks), 0);
	for (size_t i = 0; i < tasks.gl_pathc; i++) {
		char name[32], blocked[32];
		uint64_t mask;

		if (!read_status(tasks.gl_pathv[i], "Name:", name) || strcmp(name, "store") != 0)
			continue;
		found++;
		ck_assert(read_status(tasks.gl_pathv[i], "SigBlk:", blocked));
		mask = strtoull(blocked, NULL, 16);
		for (int k = 0; k < COUNT_OF(crashes); k++)
			ck_assert_uint_eq(mask >> (crashes[k] - 1) & 1, 0);
		ck_assert_uint_eq(mask >> (SIGTERM - 1) & 1, 1);
		ck_assert_uint_eq(mask >> (SIGHUP - 1) & 1, 1);
	}
	globfree(&tasks);
	ck_assert_int_eq(found, 1);
	fixture_end(&fixture);
}
END_TEST

/*
 * The owner of a change may free it as soon as it is done. The sanitizer would see a later access.
 */
START_TEST(a_change_may_be_freed_when_it_is_done)
{
	const struct gpal_request request = request_for(1);
	struct fixture fixture;

	fixture_start(&fixture);
	fake_store_stall(&fixture.store);
	for (int i = 0; i < 12; i++) {
		struct change *change = malloc(sizeof(*change));

		/* Some changes wait for others, and some need no commit. */
		if (i % 4 == 2)
			prepare_delete(&fixture, change, "a");
		else
			prepare_create(&fixture, change, i % 4 == 3 ? "b" : "a", &request);
		change->free_when_done = true;
		if (change_submit(change)) {
			change_clear(change);
			free(change);
		}
	}
	/*
	 * A row for each result of the store. In the second half of the rows the registry is closed
	 * before the test waits for the changes.
	 */
	fake_store_answer(&fixture.store, (enum gpald_commit_result)(_i % 4), NULL);
	fake_store_resume(&fixture.store);
	while (_i < 4 && fixture.finished < 12)
		fixture_settle(&fixture);
	fixture_end(&fixture);
	ck_assert_int_eq(fixture.finished, 12);
}
END_TEST

static struct change next_change;
static bool next_is_done;

static void submit_next(struct gpald_operation *operation)
{
	struct change *change = (struct change *)operation;

	change->times_done++;
	change->outcome = operation->outcome;
	next_is_done = change_submit(&next_change);
}

/*
 * The callback of a finished change may make the next change. It must queue after the waiting ones.
 */
START_TEST(a_change_made_when_another_is_done_waits_its_turn)
{
	const struct gpal_request request = request_for(1);
	struct change first, waits;
	struct fixture fixture;

	fixture_start(&fixture);
	fake_store_stall(&fixture.store);
	prepare_create(&fixture, &first, "vm", &request);
	first.operation.done = submit_next;
	prepare_delete(&fixture, &waits, "vm");
	prepare_delete(&fixture, &next_change, "vm");
	ck_assert(!change_submit(&first));
	ck_assert(!change_submit(&waits));
	fake_store_resume(&fixture.store);
	change_await(&first);
	ck_assert(!next_is_done);
	change_await(&waits);
	change_await(&next_change);
	ck_assert_int_eq(first.outcome, GPALD_OUTCOME_DONE);
	ck_assert_int_eq(waits.outcome, GPALD_OUTCOME_DONE);
	ck_assert_int_eq(next_change.outcome, GPALD_OUTCOME_NOT_FOUND);
	ck_assert_uint_eq(fake_store_commits(&fixture.store), 2);
	change_clear(&first);
	change_clear(&waits);
	change_clear(&next_change);
	fixture_end(&fixture);
}
END_TEST

START_TEST(a_restart_finds_what_was_there)
{
	const struct gpal_request rich = rich_request();
	struct gpald_record *copy;
	struct change change;
	struct fixture fixture;

	fixture_start(&fixture);
	prepare_create(&fixture, &change, "rich", &rich);
	ck_assert_int_eq(change_do(&change), GPALD_OUTCOME_DONE);
	create_now(&fixture, "plain", 1);
	create_now(&fixture, "gone", 1);
	delete_now(&fixture, "gone");
	copy = record_of("rich", &fixture_find(&fixture, "rich")->facts, &rich);

	fixture_reopen(&fixture);
	ck_assert_uint_eq(fixture.store.loads, 2);
	ck_assert_uint_eq(fixture.index->count, 2);
	assert_records_equal(fixture_find(&fixture, "rich"), copy);
	assert_generation(&fixture, "plain", 1);
	assert_generation(&fixture, "gone", 0);
	/*
	 * A client that was away can catch up: every event is there, and the next one has the next
	 * number.
	 */
	ck_assert_uint_eq(gpald_event_ring_oldest_since(events(&fixture)), FIXTURE_REVISION);
	ck_assert_str_eq(gpald_event_ring_after(events(&fixture), FIXTURE_REVISION + 2)->name,
			 "gone");
	create_now(&fixture, "next", 1);
	ck_assert_str_eq(gpald_event_ring_after(events(&fixture), FIXTURE_REVISION + 4)->name,
			 "next");
	gpald_record_unref(copy);
	fixture_end(&fixture);
}
END_TEST

START_TEST(no_more_events_are_kept_than_configured)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.events_kept = 3;
	fixture_open(&fixture);
	for (int i = 0; i < 5; i++) {
		create_now(&fixture, "vm", 1);
		delete_now(&fixture, "vm");
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(events(&fixture)->revision, FIXTURE_REVISION + 10);
		ck_assert_uint_eq(gpald_event_ring_oldest_since(events(&fixture)),
				  FIXTURE_REVISION + 7);
		fixture_reopen(&fixture);
	}
	/* Without events, the next revision follows the one in the store. */
	fixture.store.event_count = 0;
	fixture_reopen(&fixture);
	ck_assert_uint_eq(gpald_event_ring_oldest_since(events(&fixture)), FIXTURE_REVISION + 10);
	create_now(&fixture, "vm", 1);
	ck_assert_str_eq(gpald_event_ring_after(events(&fixture), FIXTURE_REVISION + 10)->name,
			 "vm");
	fixture_end(&fixture);
}
END_TEST

START_TEST(a_store_that_cannot_be_loaded_is_refused_and_closed)
{
	static const struct fake_damage damage[] = {
		{ "vm-7", "its checksum is wrong" },
		{ "vm-9", "its digest is not that of its layout" },
	};
	struct fixture fixture;

	fixture_start(&fixture);
	create_now(&fixture, "vm", 1);
	ck_assert(gpald_registry_close(fixture.registry, 30000));
	fixture.store.damage = damage;
	fixture.store.damage_count = 2;
	fixture.store.load_error = "registry.db: damaged";
	fixture_open(&fixture);
	ck_assert_ptr_null(fixture.registry);
	ck_assert_str_eq(fixture.error, "registry.db: damaged");
	ck_assert_uint_eq(fixture.store.closes, 2);
	/* Each damaged record is named. */
	ck_assert_uint_eq(fixture.damage_reported, 2);
	ck_assert_str_eq(fixture.damage[0], "vm-7: its checksum is wrong");
	ck_assert_str_eq(fixture.damage[1], "vm-9: its digest is not that of its layout");
	fixture_end(&fixture);
}
END_TEST

/* A subscriber of the earlier registry must not get events of this one. */
START_TEST(a_store_in_memory_holds_nothing_and_begins_at_a_new_revision)
{
	const struct gpald_loader loader = { 0 };
	struct gpald_store_change second = { 0 }, first = { 0 };
	struct gpald_store_changes changes = STAILQ_HEAD_INITIALIZER(changes);
	char error[GPALD_STORE_ERROR_SIZE] = "";
	uint64_t least = 0;

	STAILQ_INSERT_TAIL(&changes, &first, entry);
	STAILQ_INSERT_TAIL(&changes, &second, entry);
	for (int i = 0; i < 2; i++) {
		struct gpald_store *store = gpald_memory_store_open();
		struct gpald_store_state state = { 1, 1, 1 };

		ck_assert_ptr_nonnull(store);
		ck_assert(store->ops->load(store, &loader, &state, error));
		ck_assert_uint_eq(state.generation_top, 0);
		ck_assert_uint_gt(state.revision, least);
		ck_assert_int_eq(store->ops->commit(store, &changes, error), GPALD_COMMIT_DONE);
		ck_assert_uint_eq(first.event.revision, state.revision + 1);
		ck_assert_uint_eq(second.event.revision, state.revision + 2);
		ck_assert_int_eq(store->ops->tidy(store, error), GPALD_COMMIT_DONE);
		ck_assert_str_eq(error, "");
		least = state.revision;
		store->ops->close(store);
	}
}
END_TEST

/* A request with a policy or without, before and after a restart, which may change the default. */
static const struct {
	const char *default_then, *named_then;
	const char *default_now, *named_now;
	enum gpald_outcome outcome;
} policies[] = {
	{ "openvmm-2026.06", NULL, "openvmm-2026.06", NULL, GPALD_OUTCOME_DONE },
	{ "openvmm-2026.06", NULL, "openvmm-2026.06", "openvmm-2026.06", GPALD_OUTCOME_DONE },
	{ "openvmm-2026.06", "openvmm-2026.06", "openvmm-2026.06", NULL, GPALD_OUTCOME_DONE },
	{ "openvmm-2026.06", "openvmm-2026.05", "openvmm-2026.06", NULL, GPALD_OUTCOME_CONFLICT },
	{ "openvmm-2026.06", NULL, "openvmm-2026.06", "openvmm-2026.05", GPALD_OUTCOME_CONFLICT },
	/* The default has changed in between. */
	{ "openvmm-2026.06", NULL, "openvmm-2026.07", NULL, GPALD_OUTCOME_DONE },
	{ "openvmm-2026.06", NULL, "openvmm-2026.07", "openvmm-2026.06", GPALD_OUTCOME_DONE },
	{ "openvmm-2026.06", NULL, "openvmm-2026.07", "openvmm-2026.07", GPALD_OUTCOME_CONFLICT },
	{ "openvmm-2026.06", "openvmm-2026.06", "openvmm-2026.07", NULL, GPALD_OUTCOME_CONFLICT },
	{ "openvmm-2026.06", "openvmm-2026.07", "openvmm-2026.07", NULL, GPALD_OUTCOME_DONE },
};

static enum gpald_outcome create_under(struct fixture *fixture, const char *policy, bool *created)
{
	struct gpal_request request = request_for(1);
	struct change change;

	request.policy = policy ? gpal_policy_find(policy) : NULL;
	prepare_create(fixture, &change, "vm", &request);
	change_do(&change);
	*created = change.created;
	return change.outcome;
}

START_TEST(naming_the_policy_that_applies_equals_omitting_it)
{
	const char *const made_under = policies[_i].named_then ? policies[_i].named_then :
								 policies[_i].default_then;
	bool created;
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.default_policy = gpal_policy_find(policies[_i].default_then);
	fixture_open(&fixture);
	ck_assert_int_eq(create_under(&fixture, policies[_i].named_then, &created),
			 GPALD_OUTCOME_DONE);
	ck_assert(created);
	fixture.default_policy = gpal_policy_find(policies[_i].default_now);
	fixture_reopen(&fixture);
	ck_assert_int_eq(create_under(&fixture, policies[_i].named_now, &created),
			 policies[_i].outcome);
	ck_assert(!created);
	ck_assert_str_eq(fixture_find(&fixture, "vm")->policy->name, made_under);
	fixture_end(&fixture);
}
END_TEST

/* Reading. */

START_TEST(a_page_has_no_more_records_than_there_is_room_for)
{
	const struct gpald_record *records[2] = { NULL, NULL };
	struct fixture fixture;
	uint64_t revision;

	fixture_start(&fixture);
	ck_assert_int_eq(create_now(&fixture, "a", 1), GPALD_OUTCOME_DONE);
	ck_assert_int_eq(create_now(&fixture, "b", 1), GPALD_OUTCOME_DONE);
	ck_assert_uint_eq(gpald_index_list(fixture.index, NULL, records, 1, &revision), 1);
	ck_assert_str_eq(records[0]->name, "a");
	ck_assert_ptr_null(records[1]);
	gpald_record_unref(records[0]);
	fixture_end(&fixture);
}
END_TEST

START_TEST(names_come_in_byte_order)
{
	static const char *const in[] = { "b", "a.b", "Z", "a", "a-b", "9", "ab", "a:b", "a_b" };
	static const char *const out[] = { "9", "Z", "a", "a-b", "a.b", "a:b", "a_b", "ab", "b" };
	const struct gpald_record *record = NULL;
	struct fixture fixture;

	fixture_start(&fixture);
	ck_assert_ptr_null(fixture_after(&fixture, NULL));
	for (int i = 0; i < COUNT_OF(in); i++)
		create_now(&fixture, in[i], 1);
	for (int i = 0; i < COUNT_OF(out); i++) {
		record = fixture_after(&fixture, record ? record->name : NULL);
		ck_assert_ptr_nonnull(record);
		ck_assert_str_eq(record->name, out[i]);
	}
	ck_assert_ptr_null(fixture_after(&fixture, "b"));
	/* After names that are not there. */
	ck_assert_str_eq(fixture_after(&fixture, "")->name, "9");
	ck_assert_str_eq(fixture_after(&fixture, "a.a")->name, "a.b");
	ck_assert_str_eq(fixture_after(&fixture, "M")->name, "Z");
	ck_assert_ptr_null(fixture_after(&fixture, "c"));
	fixture_end(&fixture);
}
END_TEST

#define STAYING 30

/*
 * Names that end in a dot come and go. Names that begin with "a" come too late to be listed. The
 * others exist all the time.
 */
START_TEST(pages_list_each_layout_that_stays_exactly_once)
{
	char after[GPALD_NAME_SIZE] = "", name[16];
	const struct gpald_record *record;
	int seen = 0;
	struct fixture fixture;

	fixture_start(&fixture);
	for (int i = 0; i < STAYING; i++) {
		snprintf(name, sizeof(name), "vm-%02d", i * 7 % STAYING);
		create_now(&fixture, name, 1);
	}
	while ((record = fixture_after(&fixture, after[0] ? after : NULL))) {
		ck_assert_int_gt(strcmp(record->name, after), 0);
		strcpy(after, record->name);
		if (after[strlen(after) - 1] == '.') {
			/* The page continues after a name that was deleted. */
			delete_now(&fixture, after);
			continue;
		}
		snprintf(name, sizeof(name), "vm-%02d", seen++);
		ck_assert_str_eq(after, name);
		/*
		 * One name directly after it, which the next page must have, and one that was
		 * passed long ago.
		 */
		strcat(name, ".");
		create_now(&fixture, name, 1);
		snprintf(name, sizeof(name), "a-%02d", seen);
		create_now(&fixture, name, 1);
	}
	ck_assert_int_eq(seen, STAYING);
	ck_assert_uint_eq(fixture.index->count, 2 * STAYING);
	fixture_end(&fixture);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("registry_store");

	add_test(suite, "full", a_change_refused_by_a_full_store_leaves_no_trace);
	add_test(suite, "full", a_change_that_lacks_memory_is_refused_and_the_next_is_done);
	add_test(suite, "full", changes_that_do_not_fit_together_are_tried_in_parts);
	add_test(suite, "full", after_a_part_that_fits_the_next_is_twice_as_large);
	add_test(suite, "full", a_change_that_waited_for_a_refused_one_can_succeed);
	add_test(suite, "full", a_transaction_holds_8_mib);
	add_test(suite, "thread", the_duration_of_a_commit_is_reported);
	add_test(suite, "thread", the_store_thread_has_a_name_and_blocks_all_but_crash_signals);
	add_test(suite, "failed", after_a_failed_commit_nothing_is_changed_any_more);
	add_test(suite, "end", closing_finishes_the_commit_under_way_and_fails_waiting_changes);
	add_rows(suite, "end", a_change_may_be_freed_when_it_is_done, 8);
	add_test(suite, "start", a_restart_finds_what_was_there);
	add_test(suite, "start", no_more_events_are_kept_than_configured);
	add_test(suite, "start", a_store_that_cannot_be_loaded_is_refused_and_closed);
	add_test(suite, "start", a_store_in_memory_holds_nothing_and_begins_at_a_new_revision);
	add_rows(suite, "start", naming_the_policy_that_applies_equals_omitting_it,
		 COUNT_OF(policies));
	add_test(suite, "reading", a_page_has_no_more_records_than_there_is_room_for);
	add_test(suite, "reading", names_come_in_byte_order);
	add_test(suite, "reading", pages_list_each_layout_that_stays_exactly_once);
	add_test(suite, "order", a_change_made_when_another_is_done_waits_its_turn);
	return run_suite(suite);
}
