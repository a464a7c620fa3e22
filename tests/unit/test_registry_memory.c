/* SPDX-License-Identifier: MIT */
/*
 * Whichever allocation of this thread fails, a refused change has no effect, the next change
 * succeeds, and nothing leaks. test_core_memory.c tests the allocations of the core.
 */
#include "config.h"

#include "tests/unit/registry_fixture.h"
#include "tests/unit/shortage.h"
#include "tests/unit/state_folder.h"

#include <assert.h>
#include <sqlite3.h>

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	return shortage_hits() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return shortage_hits() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return shortage_hits() ? NULL : __real_realloc(old, size);
}

/* Enough for an encoder and an arena to grow several times. */
#define RCS 32

static struct gpal_request long_request(void)
{
	static const uint64_t ram[] = { GIB };
	static struct gpal_root_complex rcs[RCS];
	static char names[RCS][GPALD_NAME_SIZE];

	for (unsigned int i = 0; i < RCS; i++) {
		snprintf(names[i], sizeof(names[i]), "a-root-complex-with-a-long-name-%u", i);
		rcs[i] = (struct gpal_root_complex){
			.name = names[i], .has_buses = true, .segment = (uint16_t)i, .end_bus = 7
		};
	}
	return (struct gpal_request)VM(ram, WITH_RCS(rcs));
}

/*
 * Each function returns true unless memory runs out. Assertions come later, because they also
 * allocate.
 */

struct stored {
	struct gpal_request request;
	struct gpal_layout *layout;
	struct gpald_blob request_blob, layout_blob;
};

static bool encode_request(const struct stored *stored)
{
	struct gpald_blob blob = { 0 };
	const bool done = gpald_encode_request_blob(&stored->request, &blob) &&
			  gpald_blob_equal(&blob, &stored->request_blob);

	gpald_blob_free(&blob);
	return done;
}

static bool encode_layout(const struct stored *stored)
{
	struct gpald_blob blob = { 0 };
	const bool done = gpald_encode_layout_blob(stored->layout, &blob) &&
			  gpald_blob_equal(&blob, &stored->layout_blob);

	gpald_blob_free(&blob);
	return done;
}

static bool load(const struct stored *stored)
{
	struct gpald_stored_record form = {
		.name = "vm",
		.facts.generation = 1,
		.request = stored->request_blob,
		.layout = stored->layout_blob,
	};
	char digest[GPAL_DIGEST_SIZE];
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	const struct gpald_blob checksum = { sum, sizeof(sum) };
	enum gpald_record_problem problem = GPALD_RECORD_FINE;
	struct gpald_record *record;

	gpal_layout_digest(stored->layout, digest);
	form.digest = digest;
	gpald_stored_record_checksum(&form, sum);
	record = gpald_record_load(&form, &checksum, &problem);
	gpald_record_unref(record);
	assert(record || problem == GPALD_RECORD_NO_MEMORY);
	return record;
}

static bool (*const attempts[])(const struct stored *stored) = {
	encode_request,
	encode_layout,
	load,
};

START_TEST(encoding_and_loading_report_a_shortage)
{
	struct stored stored = { .request = long_request() };
	bool failed = true;
	size_t which;

	stored.layout = resolve(&stored.request);
	stored.request_blob = request_blob(&stored.request);
	stored.layout_blob = layout_blob(stored.layout);
	for (which = 1; failed; which++) {
		bool done;

		shortage_begin(which, false);
		done = attempts[_i](&stored);
		failed = shortage_end();
		ck_assert_int_eq(done, !failed);
	}
	ck_assert_uint_gt(which, 3);
	gpald_blob_free(&stored.request_blob);
	gpald_blob_free(&stored.layout_blob);
	gpal_layout_free(stored.layout);
}
END_TEST

/* Changes. */

/* Creates a layout, creates it again in another form, updates it and deletes it. */
static void prepare_step(struct fixture *fixture, struct change *change, int step)
{
	struct gpal_request request = long_request();

	if (step == 3) {
		prepare_delete(fixture, change, "vm");
		return;
	}
	if (step == 1)
		request.policy = fixture->default_policy;
	if (step == 2)
		request.virtio_mmio_slots = 1;
	prepare_create(fixture, change, "vm", &request);
	if (step == 2)
		change->operation.kind = GPALD_OPERATION_UPDATE;
}

START_TEST(a_decision_that_lacks_memory_changes_nothing)
{
	struct fixture fixture;

	fixture_start(&fixture);
	for (int step = 0; step < 4; step++) {
		bool failed = true;

		for (size_t which = 1; failed; which++) {
			const uint64_t revision = fixture.index->events.revision;
			struct change change;
			bool is_done;

			prepare_step(&fixture, &change, step);
			shortage_begin(which, false);
			is_done = gpald_registry_submit(fixture.registry, &change.operation);
			failed = shortage_end();
			if (!is_done)
				change_await(&change);
			ck_assert_int_eq(change.operation.outcome,
					 failed ? GPALD_OUTCOME_NO_MEMORY : GPALD_OUTCOME_DONE);
			ck_assert_uint_eq(fixture.index->events.revision,
					  revision + (!failed && step != 1));
			change_clear(&change);
			ck_assert_uint_lt(which, 100);
		}
	}
	ck_assert_uint_eq(fixture.index->count, 0);
	fixture_end(&fixture);
}
END_TEST

START_TEST(a_registry_is_not_opened_without_memory)
{
	struct fixture fixture;
	size_t which = 0, closes;

	/* The store holds a layout, so opening must also note its owner. */
	fixture_start(&fixture);
	ck_assert_int_eq(create_now(&fixture, "vm", 1), GPALD_OUTCOME_DONE);
	ck_assert(gpald_registry_close(fixture.registry, 30000));
	closes = fixture.store.closes;
	do {
		ck_assert_uint_eq(fixture.store.closes, closes + which);
		shortage_begin(++which, false);
		fixture_open(&fixture);
		if (shortage_end())
			ck_assert_ptr_null(fixture.registry);
		ck_assert(fixture.registry || fixture.error[0] != '\0');
	} while (!fixture.registry);
	ck_assert_uint_gt(which, 3);
	assert_generation(&fixture, "vm", 1);
	fixture_end(&fixture);
}
END_TEST

/* Allocations of the store, including SQLite's. */

static sqlite3_mem_methods sqlite_memory;

static void *short_malloc(int size)
{
	return shortage_hits() ? NULL : sqlite_memory.xMalloc(size);
}

static void *short_realloc(void *old, int size)
{
	return shortage_hits() ? NULL : sqlite_memory.xRealloc(old, size);
}

static void hook_sqlite_memory(void)
{
	sqlite3_mem_methods methods;

	sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory);
	methods = sqlite_memory;
	methods.xMalloc = short_malloc;
	methods.xRealloc = short_realloc;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

static bool take_record(void *data, struct gpald_record *record)
{
	++*(size_t *)data;
	gpald_record_unref(record);
	return true;
}

static bool take_event(void *data, const struct gpald_event *event)
{
	(void)data, (void)event;
	return true;
}

static void take_damage(void *data, const char *name, const char *problem)
{
	(void)data, (void)name, (void)problem;
	abort();
}

/* Opens and loads a store. Returns NULL, with `error` set, if one of the two failed. */
static struct gpald_store *open_counting(const struct state_folder *folder, size_t *records,
					 char error[GPALD_STORE_ERROR_SIZE])
{
	const struct gpald_sqlite_options options = {
		.folder = folder->path,
		.bytes_max = BYTES_MAX,
		.events_kept = EVENTS_KEPT,
	};
	const struct gpald_loader loader = {
		.data = records,
		.record = take_record,
		.event = take_event,
		.damaged = take_damage,
		.events_max = EVENTS_KEPT,
	};
	struct gpald_store_state state;
	struct gpald_store *store = gpald_sqlite_store_open(&options, error);

	*records = 0;
	if (store && !store->ops->load(store, &loader, &state, error)) {
		store->ops->close(store);
		return NULL;
	}
	return store;
}

/* SQLite can do without some allocations, so the store may open although one failed. */
START_TEST(a_store_is_not_opened_or_harmed_without_memory)
{
	struct gpald_record *record = full_record("vm");
	char error[GPALD_STORE_ERROR_SIZE];
	struct state_folder folder;
	struct gpald_store *store;
	bool failed = true;
	size_t records, refused = 0;

	folder_init(&folder);
	store = open_store(&folder, NULL);
	ck_assert_int_eq(put(store, record), GPALD_COMMIT_DONE);
	close_store(store);
	for (size_t which = 1; failed; which += 1 + which / 16) {
		error[0] = '\0';
		shortage_begin(which, false);
		store = open_counting(&folder, &records, error);
		failed = shortage_end();
		ck_assert(store || failed);
		if (store) {
			ck_assert_uint_eq(records, 1);
			close_store(store);
		} else {
			ck_assert_msg(strstr(error, "out of memory") ||
					      strstr(error, strerror(ENOMEM)),
				      "%s", error);
			refused++;
		}
	}
	ck_assert_uint_gt(refused, 20);
	gpald_record_unref(record);
	folder_clear(&folder);
}
END_TEST

/* An unfinished file does not have the final name yet, so it is no obstacle. */
START_TEST(a_registry_that_lacks_memory_can_be_created_later)
{
	char error[GPALD_STORE_ERROR_SIZE];
	bool failed = true;
	size_t records, refused = 0;

	for (size_t which = 1; failed; which += 1 + which / 8) {
		struct state_folder folder;
		struct gpald_store *store;

		folder_init(&folder);
		error[0] = '\0';
		shortage_begin(which, false);
		store = open_counting(&folder, &records, error);
		failed = shortage_end();
		if (!store) {
			ck_assert_msg(strstr(error, "out of memory") ||
					      strstr(error, strerror(ENOMEM)),
				      "%s", error);
			refused++;
			store = open_counting(&folder, &records, error);
		}
		ck_assert_msg(store != NULL, "%s", error);
		ck_assert_uint_eq(records, 0);
		close_store(store);
		folder_clear(&folder);
	}
	ck_assert_uint_gt(refused, 10);
}
END_TEST

/* A commit is done as a whole or not at all, as its result says, and the next change succeeds. */
START_TEST(a_commit_that_lacks_memory_changes_nothing)
{
	struct gpald_record *record = full_record("vm");
	char error[GPALD_STORE_ERROR_SIZE];
	struct state_folder folder;
	struct gpald_store *store;
	bool failed = true;
	size_t records, refused = 0;

	folder_init(&folder);
	store = open_store(&folder, NULL);
	for (size_t which = 1; failed; which++) {
		struct gpald_store_change change = change_of(record);
		enum gpald_commit_result result;

		shortage_begin(which, false);
		result = commit_together(store, &change, 1, error);
		failed = shortage_end();
		if (result != GPALD_COMMIT_DONE) {
			ck_assert(failed);
			ck_assert_int_eq(result, GPALD_COMMIT_NO_MEMORY);
			ck_assert_msg(strstr(error, "out of memory"), "%s", error);
			ck_assert_int_eq(drop(store, "nobody", 1), GPALD_COMMIT_DONE);
			close_store(store);
			store = open_counting(&folder, &records, error);
			ck_assert_uint_eq(records, 0);
			refused++;
			continue;
		}
		ck_assert_int_eq(drop(store, "vm", 1), GPALD_COMMIT_DONE);
	}
	ck_assert_uint_gt(refused, 3);
	close_store(store);
	gpald_record_unref(record);
	folder_clear(&folder);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory of the registry");

	hook_sqlite_memory();
	add_rows(suite, "codec", encoding_and_loading_report_a_shortage, COUNT_OF(attempts));
	add_test(suite, "changes", a_decision_that_lacks_memory_changes_nothing);
	add_test(suite, "open", a_registry_is_not_opened_without_memory);
	add_test(suite, "store", a_store_is_not_opened_or_harmed_without_memory);
	add_test(suite, "store", a_registry_that_lacks_memory_can_be_created_later);
	add_test(suite, "store", a_commit_that_lacks_memory_changes_nothing);
	return run_suite(suite);
}
