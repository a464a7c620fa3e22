/* SPDX-License-Identifier: MIT */
/* Changes are decided on the durable state, and in the order in which they came for each name. */
#include "config.h"

#include "tests/unit/registry_fixture.h"

static const struct gpald_event_ring *events(const struct fixture *fixture)
{
	return &fixture->index->events;
}

START_TEST(a_created_layout_is_not_there_before_it_is_durable)
{
	const struct gpal_request request = request_for(1);
	const struct gpald_record *record;
	const struct gpald_event *event;
	struct gpal_layout *layout = resolve(&request);
	struct gpald_blob bytes = request_blob(&request);
	char digest[GPAL_DIGEST_SIZE];
	struct change change;
	struct fixture fixture;

	fixture_start(&fixture);
	fake_store_stall(&fixture.store);
	prepare_create(&fixture, &change, "vm", &request);
	ck_assert(!change_submit(&change));
	ck_assert_uint_eq(fake_store_await(&fixture.store), 1);
	gpald_registry_settle(fixture.registry);
	ck_assert_int_eq(change.times_done, 0);
	assert_generation(&fixture, "vm", 0);
	ck_assert_uint_eq(fixture.index->count, 0);
	ck_assert_ptr_null(fixture_after(&fixture, NULL));
	ck_assert_uint_eq(events(&fixture)->revision, FIXTURE_REVISION);

	fake_store_resume(&fixture.store);
	change_await(&change);
	ck_assert_int_eq(change.outcome, GPALD_OUTCOME_DONE);
	ck_assert(change.created);
	ck_assert_uint_eq(change.generation, 1);
	assert_generation(&fixture, "vm", 1);
	ck_assert_uint_eq(fixture.index->count, 1);

	record = fixture_find(&fixture, "vm");
	gpal_layout_digest(layout, digest);
	ck_assert_str_eq(record->digest, digest);
	ck_assert_str_eq(change.digest, digest);
	ck_assert_uint_eq(record->facts.owner_uid, OWNER);
	ck_assert_int_gt(record->facts.created_at_ms, INT64_C(1500000000000));
	ck_assert_int_eq(record->facts.updated_at_ms, record->facts.created_at_ms);
	ck_assert_ptr_eq(record->policy, gpal_policy_default());
	ck_assert_uint_eq(record->ram_size, 1 * GIB);
	ck_assert_uint_eq(record->top, layout->top);
	assert_blobs_equal(&record->request, &bytes);

	ck_assert_uint_eq(events(&fixture)->revision, FIXTURE_REVISION + 1);
	event = gpald_event_ring_after(events(&fixture), FIXTURE_REVISION);
	ck_assert_int_eq(event->kind, GPALD_EVENT_CREATED);
	ck_assert_str_eq(event->name, "vm");
	ck_assert_str_eq(event->digest, digest);
	change_clear(&change);
	gpald_blob_free(&bytes);
	gpal_layout_free(layout);
	fixture_end(&fixture);
}
END_TEST

START_TEST(a_deleted_layout_stays_until_its_deletion_is_durable)
{
	const struct gpald_event *event;
	char digest[GPAL_DIGEST_SIZE];
	struct change change;
	struct fixture fixture;

	fixture_start(&fixture);
	ck_assert_int_eq(create_now(&fixture, "vm", 1), GPALD_OUTCOME_DONE);
	strcpy(digest, fixture_find(&fixture, "vm")->digest);
	fake_store_stall(&fixture.store);
	prepare_delete(&fixture, &change, "vm");
	ck_assert(!change_submit(&change));
	fake_store_await(&fixture.store);
	gpald_registry_settle(fixture.registry);
	assert_generation(&fixture, "vm", 1);
	ck_assert_uint_eq(events(&fixture)->revision, FIXTURE_REVISION + 1);

	fake_store_resume(&fixture.store);
	change_await(&change);
	ck_assert_int_eq(change.outcome, GPALD_OUTCOME_DONE);
	ck_assert_uint_eq(change.generation, 1);
	assert_generation(&fixture, "vm", 0);
	ck_assert_uint_eq(fixture.index->count, 0);
	event = gpald_event_ring_after(events(&fixture), FIXTURE_REVISION + 1);
	ck_assert_int_eq(event->kind, GPALD_EVENT_DELETED);
	ck_assert_str_eq(event->name, "vm");
	ck_assert_str_eq(event->digest, digest);
	ck_assert_uint_eq(fixture.store.state.generation_top, 1);
	change_clear(&change);
	fixture_end(&fixture);
}
END_TEST

#define STEPS_MAX 5

/* Changes to one name, and their expected outcomes. */
static const struct sequence {
	struct step {
		unsigned int gib; /* size of the layout to create; 0 for a delete */
		enum gpald_outcome outcome;
		uint64_t generation;
		bool created;
	} steps[STEPS_MAX];
	int count;
	uint64_t left; /* generation of the layout at the end; 0: none */
} sequences[] = {
	{ { { 1, GPALD_OUTCOME_DONE, 1, true }, { 1, GPALD_OUTCOME_DONE, 1, false } }, 2, 1 },
	{ { { 1, GPALD_OUTCOME_DONE, 1, true }, { 2, GPALD_OUTCOME_CONFLICT, 1, false } }, 2, 1 },
	{ { { 1, GPALD_OUTCOME_DONE, 1, true }, { 0, GPALD_OUTCOME_DONE, 1, false } }, 2, 0 },
	{ { { 1, GPALD_OUTCOME_DONE, 1, true },
	    { 0, GPALD_OUTCOME_DONE, 1, false },
	    { 1, GPALD_OUTCOME_DONE, 2, true } },
	  3,
	  2 },
	{ { { 1, GPALD_OUTCOME_DONE, 1, true },
	    { 0, GPALD_OUTCOME_DONE, 1, false },
	    { 0, GPALD_OUTCOME_NOT_FOUND, 0, false } },
	  3,
	  0 },
	/* Two changes that need no commit, between two that do. */
	{ { { 1, GPALD_OUTCOME_DONE, 1, true },
	    { 1, GPALD_OUTCOME_DONE, 1, false },
	    { 2, GPALD_OUTCOME_CONFLICT, 1, false },
	    { 0, GPALD_OUTCOME_DONE, 1, false },
	    { 2, GPALD_OUTCOME_DONE, 2, true } },
	  5,
	  2 },
	{ { { 1, GPALD_OUTCOME_DONE, 1, true },
	    { 0, GPALD_OUTCOME_DONE, 1, false },
	    { 2, GPALD_OUTCOME_DONE, 2, true },
	    { 0, GPALD_OUTCOME_DONE, 2, false },
	    { 1, GPALD_OUTCOME_DONE, 3, true } },
	  5,
	  3 },
	{ { { 0, GPALD_OUTCOME_NOT_FOUND, 0, false },
	    { 1, GPALD_OUTCOME_DONE, 1, true },
	    { 1, GPALD_OUTCOME_DONE, 1, false } },
	  3,
	  1 },
};

static void prepare_step(struct fixture *fixture, struct change *change, const struct step *step)
{
	const struct gpal_request request = request_for(step->gib);

	if (step->gib)
		prepare_create(fixture, change, "vm", &request);
	else
		prepare_delete(fixture, change, "vm");
}

/* The outcomes are the same whether each change waits for the one before or all come at once. */
static void run_sequence(const struct sequence *sequence, bool at_once)
{
	struct change changes[STEPS_MAX];
	struct fixture fixture;

	fixture_start(&fixture);
	if (at_once)
		fake_store_stall(&fixture.store);
	for (int i = 0; i < sequence->count; i++) {
		prepare_step(&fixture, &changes[i], &sequence->steps[i]);
		if (!change_submit(&changes[i]) && !at_once)
			change_await(&changes[i]);
	}
	fake_store_resume(&fixture.store);
	for (int i = 0; i < sequence->count; i++) {
		const struct step *step = &sequence->steps[i];

		change_await(&changes[i]);
		ck_assert_int_eq(changes[i].outcome, step->outcome);
		ck_assert_int_eq(changes[i].created, step->created);
		ck_assert_uint_eq(changes[i].generation, step->generation);
		ck_assert_int_eq(changes[i].finish_order, i + 1);
	}
	for (int i = 0; i < sequence->count; i++)
		change_clear(&changes[i]);
	assert_generation(&fixture, "vm", sequence->left);
	ck_assert_uint_eq(fixture.index->count, sequence->left != 0);
	fixture_end(&fixture);
}

START_TEST(changes_of_a_name_are_decided_one_after_the_other)
{
	run_sequence(&sequences[_i], false);
}
END_TEST

START_TEST(changes_of_a_name_that_come_at_once_wait_for_each_other)
{
	run_sequence(&sequences[_i], true);
}
END_TEST

#define MANY 20

START_TEST(changes_of_many_names_share_a_commit)
{
	const struct gpal_request request = request_for(1);
	const struct gpald_registry_counters *counters;
	struct change first, changes[MANY];
	struct fixture fixture;

	fixture_start(&fixture);
	fake_store_stall(&fixture.store);
	prepare_create(&fixture, &first, "first", &request);
	ck_assert(!change_submit(&first));
	ck_assert_uint_eq(fake_store_await(&fixture.store), 1);
	for (int i = 0; i < MANY; i++) {
		char name[16];

		snprintf(name, sizeof(name), "vm-%d", i);
		prepare_create(&fixture, &changes[i], name, &request);
		ck_assert(!change_submit(&changes[i]));
	}
	ck_assert_uint_eq(fake_store_step(&fixture.store, GPALD_COMMIT_DONE, NULL), 1);
	change_await(&first);
	ck_assert_uint_eq(fixture.index->count, 1);
	ck_assert_uint_eq(fake_store_step(&fixture.store, GPALD_COMMIT_DONE, NULL), MANY);
	for (int i = 0; i < MANY; i++) {
		change_await(&changes[i]);
		ck_assert_int_eq(changes[i].outcome, GPALD_OUTCOME_DONE);
		/* The changes of a batch are settled in the order in which they came. */
		ck_assert_int_eq(changes[i].finish_order, i + 2);
		ck_assert_str_eq(gpald_event_ring_after(events(&fixture),
							FIXTURE_REVISION + 1 + (unsigned int)i)
					 ->name,
				 changes[i].operation.name);
		change_clear(&changes[i]);
	}
	change_clear(&first);
	ck_assert_uint_eq(fake_store_commits(&fixture.store), 2);
	ck_assert_uint_eq(fixture.batches_reported, 2);
	ck_assert_uint_eq(fixture.last_batch.count, MANY);
	/* The registry reports a commit before it finishes the changes that wait for it. */
	ck_assert_int_eq(fixture.finished_when_reported, 1);
	counters = gpald_registry_counters(fixture.registry);
	ck_assert_uint_eq(counters->commits, 2);
	ck_assert_uint_eq(counters->changes, MANY + 1);
	ck_assert_uint_eq(counters->full, 0);
	fixture_end(&fixture);
}
END_TEST

START_TEST(a_change_that_waits_for_its_name_does_not_delay_other_names)
{
	const struct gpal_request request = request_for(1);
	struct change first, waits, other;
	struct fixture fixture;

	fixture_start(&fixture);
	fake_store_stall(&fixture.store);
	prepare_create(&fixture, &first, "a", &request);
	prepare_delete(&fixture, &waits, "a");
	prepare_create(&fixture, &other, "b", &request);
	ck_assert(!change_submit(&first));
	fake_store_await(&fixture.store);
	ck_assert(!change_submit(&waits));
	ck_assert(!change_submit(&other));
	ck_assert_uint_eq(fake_store_step(&fixture.store, GPALD_COMMIT_DONE, NULL), 1);
	ck_assert_uint_eq(fake_store_step(&fixture.store, GPALD_COMMIT_DONE, NULL), 1);
	ck_assert_uint_eq(fixture.store.records[1]->facts.generation, 1);
	change_await(&other);
	ck_assert_int_eq(waits.times_done, 0);
	ck_assert_uint_eq(fake_store_step(&fixture.store, GPALD_COMMIT_DONE, NULL), 1);
	change_await(&waits);
	assert_generation(&fixture, "a", 0);
	assert_generation(&fixture, "b", 1);
	change_clear(&first);
	change_clear(&waits);
	change_clear(&other);
	fixture_end(&fixture);
}
END_TEST

/* The name does not fit into a key. The lookup must not use the key of the previous lookup. */
START_TEST(a_name_that_is_too_long_is_not_found)
{
	const struct gpald_record *record;
	char name[GPALD_NAME_SIZE + 1];
	struct fixture fixture;

	memset(name, 'v', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fixture_start(&fixture);
	ck_assert_int_eq(create_now(&fixture, "vm", 1), GPALD_OUTCOME_DONE);
	record = gpald_index_get(fixture.index, "vm");
	ck_assert_ptr_nonnull(record);
	gpald_record_unref(record);
	record = gpald_index_get(fixture.index, name);
	ck_assert_ptr_null(record);
	fixture_end(&fixture);
}
END_TEST

/* Returns a request on which the decision takes long. */
static struct gpal_request long_request(void)
{
	static struct gpal_root_complex rcs[30];
	static char names[COUNT_OF(rcs)][GPALD_NAME_SIZE];
	struct gpal_request request = request_for(1);

	for (unsigned int i = 0; i < COUNT_OF(rcs); i++) {
		snprintf(names[i], sizeof(names[i]), "a-root-complex-with-a-long-name-%u", i);
		rcs[i] = (struct gpal_root_complex)GPAL_ROOT_COMPLEX_INIT(names[i]);
		rcs[i].segment = (uint16_t)i;
	}
	request.root_complexes = rcs;
	request.root_complex_count = COUNT_OF(rcs);
	return request;
}

START_TEST(a_long_request_is_offered_to_be_decided_elsewhere)
{
	const struct gpal_request request = long_request();
	struct change change;
	struct fixture fixture;

	fixture_start(&fixture);
	fixture.decides_later = true;
	ck_assert_int_eq(create_now(&fixture, "short", 1), GPALD_OUTCOME_DONE);
	ck_assert_int_eq(delete_now(&fixture, "short"), GPALD_OUTCOME_DONE);
	ck_assert_uint_eq(fixture.undecided_count, 0);
	prepare_create(&fixture, &change, "long", &request);
	ck_assert(!change_submit(&change));
	ck_assert_uint_eq(fixture.undecided_count, 1);
	fixture_decide(&fixture, 0);
	change_await(&change);
	change_clear(&change);
	fixture_end(&fixture);
}
END_TEST

START_TEST(changes_that_waited_for_a_decision_go_on_after_a_refusal)
{
	const struct gpal_request request = long_request();
	struct change refused, waits, waits_too;
	struct fixture fixture;

	fixture_start(&fixture);
	fixture.decides_later = true;
	ck_assert_int_eq(create_now(&fixture, "vm", 2), GPALD_OUTCOME_DONE);
	prepare_create(&fixture, &refused, "vm", &request);
	prepare_delete(&fixture, &waits, "vm");
	prepare_delete(&fixture, &waits_too, "vm");
	ck_assert(!change_submit(&refused));
	ck_assert(!change_submit(&waits));
	ck_assert(!change_submit(&waits_too));
	fixture_decide(&fixture, 0);
	ck_assert_int_eq(refused.outcome, GPALD_OUTCOME_CONFLICT);
	change_await(&waits);
	ck_assert_int_eq(waits.outcome, GPALD_OUTCOME_DONE);
	change_await(&waits_too);
	ck_assert_int_eq(waits_too.outcome, GPALD_OUTCOME_NOT_FOUND);
	assert_generation(&fixture, "vm", 0);
	change_clear(&refused);
	change_clear(&waits);
	change_clear(&waits_too);
	fixture_end(&fixture);
}
END_TEST

/* Who may delete whose layout. */
static const struct {
	uid_t owner;
	uid_t uid;
	bool is_admin;
	enum gpald_outcome outcome;
} rights[] = {
	{ 1000, 1000, false, GPALD_OUTCOME_DONE }, { 1000, 1001, false, GPALD_OUTCOME_DENIED },
	{ 1000, 1001, true, GPALD_OUTCOME_DONE },  { 1000, 0, false, GPALD_OUTCOME_DONE },
	{ 0, 1000, false, GPALD_OUTCOME_DENIED },  { 0, 0, false, GPALD_OUTCOME_DONE },
};

START_TEST(a_layout_is_deleted_by_its_owner_root_and_admins)
{
	const struct gpal_request request = request_for(1);
	const bool done = rights[_i].outcome == GPALD_OUTCOME_DONE;
	struct change change;
	struct fixture fixture;

	fixture_start(&fixture);
	prepare_create(&fixture, &change, "vm", &request);
	change.operation.uid = rights[_i].owner;
	ck_assert_int_eq(change_do(&change), GPALD_OUTCOME_DONE);

	prepare_delete(&fixture, &change, "vm");
	change.operation.uid = rights[_i].uid;
	change.operation.is_admin = rights[_i].is_admin;
	ck_assert_int_eq(change_do(&change), rights[_i].outcome);
	if (!done)
		ck_assert_uint_eq(change.owner_uid, rights[_i].owner);
	assert_generation(&fixture, "vm", !done);
	ck_assert_uint_eq(fake_store_commits(&fixture.store), done ? 2 : 1);
	fixture_end(&fixture);
}
END_TEST

START_TEST(only_its_owner_can_create_a_layout_again)
{
	const struct gpal_request request = request_for(1);
	struct change change;
	struct fixture fixture;

	fixture_start(&fixture);
	ck_assert_int_eq(create_now(&fixture, "vm", 1), GPALD_OUTCOME_DONE);
	for (int i = 0; i < COUNT_OF(rights); i++) {
		const bool is_owner = rights[i].uid == OWNER;

		prepare_create(&fixture, &change, "vm", &request);
		change.operation.uid = rights[i].uid;
		change.operation.is_admin = rights[i].is_admin;
		ck_assert_int_eq(change_do(&change),
				 is_owner ? GPALD_OUTCOME_DONE : GPALD_OUTCOME_NAME_TAKEN);
		ck_assert_uint_eq(change.owner_uid, OWNER);
		ck_assert(!change.created);
	}
	ck_assert_uint_eq(fake_store_commits(&fixture.store), 1);
	fixture_end(&fixture);
}
END_TEST

START_TEST(only_the_generation_that_is_meant_is_deleted)
{
	static const uint64_t wanted[] = { 0, 1, 3, UINT64_MAX, 2 };
	struct change change;
	struct fixture fixture;

	fixture_start(&fixture);
	create_now(&fixture, "vm", 1);
	delete_now(&fixture, "vm");
	create_now(&fixture, "vm", 1);
	for (int i = 0; i < COUNT_OF(wanted); i++) {
		const bool right = wanted[i] == 2;

		prepare_delete(&fixture, &change, "vm");
		change.operation.has_generation = true;
		change.operation.generation_wanted = wanted[i];
		ck_assert_int_eq(change_do(&change),
				 right ? GPALD_OUTCOME_DONE : GPALD_OUTCOME_GENERATION_MISMATCH);
		ck_assert_uint_eq(change.generation, 2);
		assert_generation(&fixture, "vm", right ? 0 : 2);
	}
	/* A user without permission is denied, whatever generation the change names. */
	create_now(&fixture, "vm", 1);
	prepare_delete(&fixture, &change, "vm");
	change.operation.uid = OWNER + 1;
	change.operation.has_generation = true;
	ck_assert_int_eq(change_do(&change), GPALD_OUTCOME_DENIED);
	fixture_end(&fixture);
}
END_TEST

START_TEST(a_name_used_again_has_no_generation_it_had_before)
{
	uint64_t last = 0;
	struct fixture fixture;

	fixture_start(&fixture);
	create_now(&fixture, "other", 1);
	for (int round = 0; round < 6; round++) {
		const struct gpald_record *record;

		ck_assert_int_eq(create_now(&fixture, "vm", 1), GPALD_OUTCOME_DONE);
		/*
		 * Some rounds reopen the registry: here while the layout exists, below after its
		 * deletion.
		 */
		if (round % 3 == 1)
			fixture_reopen(&fixture);
		record = fixture_find(&fixture, "vm");
		ck_assert_uint_gt(record->facts.generation, last);
		last = record->facts.generation;
		ck_assert_int_eq(delete_now(&fixture, "vm"), GPALD_OUTCOME_DONE);
		if (round % 3 == 2)
			fixture_reopen(&fixture);
	}
	/*
	 * The layout "other" still has its low generation. Its deletion must not make earlier
	 * generations usable again.
	 */
	delete_now(&fixture, "other");
	create_now(&fixture, "vm", 1);
	ck_assert_uint_gt(fixture_find(&fixture, "vm")->facts.generation, last);
	fixture_end(&fixture);
}
END_TEST

START_TEST(layouts_under_way_count_for_the_limit)
{
	const struct gpal_request request = request_for(1);
	struct change a, b;
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.layouts_max = 2;
	fixture_open(&fixture);
	fake_store_stall(&fixture.store);
	prepare_create(&fixture, &a, "a", &request);
	prepare_create(&fixture, &b, "b", &request);
	ck_assert(!change_submit(&a));
	ck_assert_uint_eq(fake_store_await(&fixture.store), 1);
	ck_assert(!change_submit(&b));
	ck_assert_int_eq(create_now(&fixture, "c", 1), GPALD_OUTCOME_TOO_MANY);
	/* A refused create frees its place. */
	fake_store_step(&fixture.store, GPALD_COMMIT_FULL, "full");
	change_await(&a);
	fake_store_answer(&fixture.store, GPALD_COMMIT_DONE, NULL);
	fake_store_resume(&fixture.store);
	change_await(&b);
	delete_now(&fixture, "b");
	ck_assert_uint_eq(fixture.index->count, 0);
	ck_assert_int_eq(create_now(&fixture, "c", 1), GPALD_OUTCOME_DONE);
	ck_assert_int_eq(create_now(&fixture, "d", 1), GPALD_OUTCOME_DONE);
	ck_assert_int_eq(create_now(&fixture, "e", 1), GPALD_OUTCOME_TOO_MANY);
	/* Creating an existing layout again needs no place, and a deleted one frees its place. */
	ck_assert_int_eq(create_now(&fixture, "d", 1), GPALD_OUTCOME_DONE);
	ck_assert_int_eq(delete_now(&fixture, "c"), GPALD_OUTCOME_DONE);
	ck_assert_int_eq(create_now(&fixture, "e", 1), GPALD_OUTCOME_DONE);
	/* The limit also holds after a restart. */
	fixture_reopen(&fixture);
	ck_assert_int_eq(create_now(&fixture, "f", 1), GPALD_OUTCOME_TOO_MANY);
	change_clear(&a);
	change_clear(&b);
	fixture_end(&fixture);
}
END_TEST

START_TEST(a_request_without_a_layout_is_refused_at_once)
{
	static const uint64_t odd[] = { 4097 };
	const struct gpal_request request = VM(odd, );
	struct change change;
	struct fixture fixture;

	fixture_start(&fixture);
	prepare_create(&fixture, &change, "vm", &request);
	ck_assert(change_submit(&change));
	ck_assert_int_eq(change.outcome, GPALD_OUTCOME_UNRESOLVED);
	ck_assert_int_eq(change.operation.core.code, GPAL_E_INVALID_MEMORY);
	change_clear(&change);
	ck_assert_uint_eq(fake_store_commits(&fixture.store), 0);
	/* The refused change has changed nothing. */
	ck_assert_int_eq(create_now(&fixture, "vm", 1), GPALD_OUTCOME_DONE);
	assert_generation(&fixture, "vm", 1);
	fixture_end(&fixture);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("registry");

	add_test(suite, "durable", a_created_layout_is_not_there_before_it_is_durable);
	add_test(suite, "durable", a_deleted_layout_stays_until_its_deletion_is_durable);
	add_rows(suite, "order", changes_of_a_name_are_decided_one_after_the_other,
		 COUNT_OF(sequences));
	add_rows(suite, "order", changes_of_a_name_that_come_at_once_wait_for_each_other,
		 COUNT_OF(sequences));
	add_test(suite, "order", changes_of_many_names_share_a_commit);
	add_test(suite, "order", a_change_that_waits_for_its_name_does_not_delay_other_names);
	add_test(suite, "order", a_long_request_is_offered_to_be_decided_elsewhere);
	add_test(suite, "order", a_name_that_is_too_long_is_not_found);
	add_test(suite, "order", changes_that_waited_for_a_decision_go_on_after_a_refusal);
	add_rows(suite, "rights", a_layout_is_deleted_by_its_owner_root_and_admins,
		 COUNT_OF(rights));
	add_test(suite, "rights", only_its_owner_can_create_a_layout_again);
	add_test(suite, "generations", only_the_generation_that_is_meant_is_deleted);
	add_test(suite, "generations", a_name_used_again_has_no_generation_it_had_before);
	add_test(suite, "limit", layouts_under_way_count_for_the_limit);
	add_test(suite, "requests", a_request_without_a_layout_is_refused_at_once);
	return run_suite(suite);
}
