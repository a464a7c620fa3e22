/* SPDX-License-Identifier: MIT */
/*
 * The limits of each uid. Random changes are committed, refused and decided in any order. After
 * each one, a recount of everything that exists and is under way says whether the next change fits.
 */
#include "config.h"

#include "tests/property/random.h"
#include "tests/unit/registry_fixture.h"

#define NAMES 8
#define FORMS 14 /* number of requests, each larger than the one before */
#define CHANGES 100
#define SEEDS 60

static const uid_t uids[] = { 0, OWNER, OWNER + 1 };

/* A request with `form` reserved ranges. From seven on, the decision takes long. */
static struct gpal_request request_of(int form)
{
	static struct gpal_named_range reserved[FORMS];
	static char names[FORMS][64];

	for (int i = 0; i < form; i++) {
		const uint64_t start = 64 * GIB + (uint64_t)i * GIB;

		snprintf(names[i], sizeof(names[i]), "range-%055d", i);
		reserved[i] = (struct gpal_named_range){ names[i], { start, start + MIB } };
	}
	return (struct gpal_request){
		.nodes = one_gib,
		.node_count = 1,
		.reserved = reserved,
		.reserved_count = (size_t)form,
	};
}

static size_t bytes_of(int form)
{
	const struct gpal_request request = request_of(form);
	const struct gpald_record_facts facts = { .generation = 1 };
	struct gpald_record *record = record_of("vm", &facts, &request);
	const size_t bytes = record->request.length + record->layout.length;

	gpald_record_unref(record);
	return bytes;
}

static enum gpald_outcome create(struct fixture *fixture, uid_t uid, const char *name, int form)
{
	const struct gpal_request request = request_of(form);
	struct change change;

	prepare_create(fixture, &change, name, &request);
	change.operation.uid = uid;
	return change_do(&change);
}

static enum gpald_outcome update(struct fixture *fixture, uid_t uid, const char *name, int form)
{
	const struct gpal_request request = request_of(form);
	struct change change;

	prepare_update(fixture, &change, name, &request);
	change.operation.uid = uid;
	return change_do(&change);
}

START_TEST(a_uid_has_no_more_layouts_than_it_may)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.layouts_per_uid_max = 2;
	fixture_open(&fixture);
	for (int i = 0; i < COUNT_OF(uids); i++) {
		char names[3][8];

		for (int n = 0; n < 3; n++) {
			snprintf(names[n], sizeof(names[n]), "%d-%d", i, n);
			ck_assert_int_eq(create(&fixture, uids[i], names[n], 0),
					 n < 2 ? GPALD_OUTCOME_DONE : GPALD_OUTCOME_OWNER_TOO_MANY);
		}
		/* An existing layout can be created again, and updated. */
		ck_assert_int_eq(create(&fixture, uids[i], names[0], 0), GPALD_OUTCOME_DONE);
		ck_assert_int_eq(update(&fixture, uids[i], names[0], 1), GPALD_OUTCOME_DONE);
	}
	ck_assert_int_eq(delete_now(&fixture, "1-0"), GPALD_OUTCOME_DONE);
	ck_assert_int_eq(create(&fixture, OWNER, "1-2", 0), GPALD_OUTCOME_DONE);
	/* Loaded layouts count, even if they exceed a lower limit. */
	fixture.layouts_per_uid_max = 1;
	fixture_reopen(&fixture);
	ck_assert_int_eq(delete_now(&fixture, "1-1"), GPALD_OUTCOME_DONE);
	ck_assert_int_eq(create(&fixture, OWNER, "1-3", 0), GPALD_OUTCOME_OWNER_TOO_MANY);
	fixture_end(&fixture);
}
END_TEST

START_TEST(a_uid_stores_no_more_bytes_than_it_may)
{
	struct fixture fixture;

	fixture_init(&fixture);
	/* An update may store a few bytes more than a create. */
	fixture.bytes_per_uid_max = bytes_of(1) + bytes_of(2) + 32;
	fixture_open(&fixture);
	for (int i = 0; i < COUNT_OF(uids); i++) {
		char a[8], b[8];

		snprintf(a, sizeof(a), "%d-a", i);
		snprintf(b, sizeof(b), "%d-b", i);
		ck_assert_int_eq(create(&fixture, uids[i], a, 2), GPALD_OUTCOME_DONE);
		ck_assert_int_eq(create(&fixture, uids[i], b, 2), GPALD_OUTCOME_OWNER_TOO_LARGE);
		assert_generation(&fixture, b, 0);
		ck_assert_int_eq(create(&fixture, uids[i], b, 0), GPALD_OUTCOME_DONE);
		/* For an update the difference counts. */
		ck_assert_int_eq(update(&fixture, uids[i], b, 1), GPALD_OUTCOME_DONE);
		ck_assert_int_eq(update(&fixture, uids[i], b, 2), GPALD_OUTCOME_OWNER_TOO_LARGE);
		/* The bytes count for the owner, whoever makes the change. */
		ck_assert_int_eq(update(&fixture, 0, b, 2), GPALD_OUTCOME_OWNER_TOO_LARGE);
		ck_assert_int_eq(update(&fixture, 0, a, 1), GPALD_OUTCOME_DONE);
		ck_assert_int_eq(update(&fixture, uids[i], b, 2), GPALD_OUTCOME_DONE);
	}
	/* A layout above the limit may shrink, and an update with the same request succeeds. */
	fixture.bytes_per_uid_max = 1;
	fixture_reopen(&fixture);
	ck_assert_int_eq(update(&fixture, OWNER, "1-a", 2), GPALD_OUTCOME_OWNER_TOO_LARGE);
	ck_assert_int_eq(update(&fixture, OWNER, "1-b", 1), GPALD_OUTCOME_DONE);
	ck_assert_int_eq(update(&fixture, OWNER, "1-b", 1), GPALD_OUTCOME_DONE);
	fixture_end(&fixture);
}
END_TEST

/* At random. */

struct vm {
	bool is_there;
	uid_t owner; /* also set while the layout is being made */
	int form;
	size_t bytes;

	struct change change;
	bool is_busy;       /* `change` is neither done nor refused */
	bool is_undecided;  /* the same, and its decision was postponed */
	bool is_being_made; /* a create that the store has */
	int new_form;
	size_t new_bytes; /* as decided; 0 if undecided, or if there are none */
	enum gpald_outcome room;
};

struct trial {
	struct fixture fixture;
	struct random random;
	struct vm vms[NAMES];
};

static int seen[GPALD_OUTCOME_STORE_FAILED + 1], seen_late[GPALD_OUTCOME_STORE_FAILED + 1];

/* The recount. It covers existing layouts, and the largest result of each change under way. */
static struct gpald_share recount(const struct trial *trial, uid_t uid, bool is_of_all)
{
	struct gpald_share share = { 0 };

	for (int i = 0; i < NAMES; i++) {
		const struct vm *vm = &trial->vms[i];
		const size_t bytes = vm->is_there ? vm->bytes : 0;

		if ((!vm->is_there && !vm->is_being_made) || (vm->owner != uid && !is_of_all))
			continue;
		share.layouts++;
		share.bytes += bytes > vm->new_bytes ? bytes : vm->new_bytes;
	}
	return share;
}

static enum gpald_outcome room_for(const struct trial *trial, uid_t uid)
{
	const size_t most = trial->fixture.layouts_per_uid_max;

	if (recount(trial, 0, true).layouts >= trial->fixture.layouts_max)
		return GPALD_OUTCOME_TOO_MANY;
	if (most && recount(trial, uid, false).layouts >= most)
		return GPALD_OUTCOME_OWNER_TOO_MANY;
	return GPALD_OUTCOME_DONE;
}

/* Returns whether the bytes of the decided change fit: DONE or OWNER_TOO_LARGE. */
static enum gpald_outcome room_for_bytes(const struct trial *trial, const struct vm *vm)
{
	const struct gpald_record *record = vm->change.operation.record;
	const size_t before = vm->is_there ? vm->bytes : 0;
	const size_t after = record->request.length + record->layout.length;
	const uint64_t most = trial->fixture.bytes_per_uid_max;

	if (after <= before || most == 0 ||
	    recount(trial, vm->owner, false).bytes + (after - before) <= most)
		return GPALD_OUTCOME_DONE;
	return GPALD_OUTCOME_OWNER_TOO_LARGE;
}

/* Returns the decision on a change. If it is DONE, *to_commit says whether the store gets it. */
static enum gpald_outcome expect(const struct trial *trial, const struct vm *vm, bool *to_commit)
{
	const struct gpald_operation *operation = &vm->change.operation;
	const bool is_owner = vm->owner == operation->uid;

	*to_commit = false;
	if (operation->kind == GPALD_OPERATION_CREATE && vm->is_there)
		return !is_owner                ? GPALD_OUTCOME_NAME_TAKEN :
		       vm->form == vm->new_form ? GPALD_OUTCOME_DONE :
						  GPALD_OUTCOME_CONFLICT;
	if (operation->kind != GPALD_OPERATION_CREATE && !vm->is_there)
		return GPALD_OUTCOME_NOT_FOUND;
	if (operation->kind != GPALD_OPERATION_CREATE && !is_owner && operation->uid != 0)
		return GPALD_OUTCOME_DENIED;
	if (operation->kind == GPALD_OPERATION_UPDATE &&
	    (vm->form == vm->new_form || operation->dry_run))
		return GPALD_OUTCOME_DONE;
	*to_commit = true;
	if (operation->kind == GPALD_OPERATION_DELETE)
		return GPALD_OUTCOME_DONE;
	if (operation->kind == GPALD_OPERATION_CREATE) {
		const enum gpald_outcome room = room_for(trial, operation->uid);

		/*
		 * The limit is checked when the change begins, and again when the store would get
		 * it.
		 */
		if (vm->room != GPALD_OUTCOME_DONE || room != GPALD_OUTCOME_DONE)
			return vm->room != GPALD_OUTCOME_DONE ? vm->room : room;
	}
	return room_for_bytes(trial, vm);
}

static void finish(struct vm *vm)
{
	vm->is_busy = vm->is_being_made = false;
	vm->new_bytes = 0;
	change_clear(&vm->change);
}

/* Checks a decision, which came at once or late. */
static void check_decision(struct trial *trial, struct vm *vm, bool is_late)
{
	bool to_commit;
	const enum gpald_outcome expected = expect(trial, vm, &to_commit);
	const struct gpald_operation *operation = &vm->change.operation;

	vm->is_undecided = false;
	(is_late ? seen_late : seen)[expected]++;
	if (to_commit && expected == GPALD_OUTCOME_DONE) {
		ck_assert_int_eq(vm->change.times_done, 0);
		/* From here on the change counts. */
		vm->is_being_made = operation->kind == GPALD_OPERATION_CREATE;
		if (operation->kind != GPALD_OPERATION_DELETE)
			vm->new_bytes = gpald_record_bytes(operation->record);
		return;
	}
	ck_assert_int_eq(vm->change.times_done, 1);
	ck_assert_int_eq(vm->change.outcome, expected);
	finish(vm);
}

static void submit(struct trial *trial, int which)
{
	struct random *random = &trial->random;
	struct vm *vm = &trial->vms[which];
	struct change *change = &vm->change;
	const size_t undecided = trial->fixture.undecided_count;
	const uid_t uid = uids[random_below(random, COUNT_OF(uids))];
	const struct gpal_request request =
		request_of(vm->new_form = (int)random_below(random, FORMS));
	char name[8];

	snprintf(name, sizeof(name), "vm-%d", which);
	switch (random_below(random, 3)) {
	case 0:
		prepare_create(&trial->fixture, change, name, &request);
		break;
	case 1:
		prepare_update(&trial->fixture, change, name, &request);
		change->operation.dry_run = random_once_in(random, 8);
		break;
	default:
		prepare_delete(&trial->fixture, change, name);
	}
	change->operation.uid = uid;
	vm->room = room_for(trial, uid);
	vm->is_busy = true;
	if (change->operation.kind == GPALD_OPERATION_CREATE && !vm->is_there)
		vm->owner = uid;
	change_submit(change);
	vm->is_undecided = trial->fixture.undecided_count > undecided;
	if (!vm->is_undecided)
		check_decision(trial, vm, false);
}

static void decide_one(struct trial *trial)
{
	const size_t which = random_below(&trial->random, trial->fixture.undecided_count);
	struct gpald_operation *operation = trial->fixture.undecided[which];

	for (int i = 0; i < NAMES; i++)
		if (operation == &trial->vms[i].change.operation) {
			fixture_decide(&trial->fixture, which);
			check_decision(trial, &trial->vms[i], true);
			return;
		}
	ck_abort_msg("the undecided change belongs to no VM");
}

/* Returns the number of changes that the store has. */
static int changes_in_store(const struct trial *trial)
{
	int count = 0;

	for (int i = 0; i < NAMES; i++)
		count += trial->vms[i].is_busy && !trial->vms[i].is_undecided;
	return count;
}

/* Takes the results of the changes that are done. Returns their number. */
static size_t take_results(struct trial *trial, enum gpald_outcome expected)
{
	size_t count = 0;

	for (int i = 0; i < NAMES; i++) {
		struct vm *vm = &trial->vms[i];

		if (!vm->is_busy || !vm->change.times_done)
			continue;
		ck_assert_int_eq(vm->change.outcome, expected);
		seen[expected]++;
		if (expected == GPALD_OUTCOME_DONE) {
			vm->is_there = vm->change.operation.kind != GPALD_OPERATION_DELETE;
			vm->form = vm->new_form;
			vm->bytes = vm->new_bytes;
		}
		finish(vm);
		count++;
	}
	return count;
}

static void commit_some(struct trial *trial)
{
	const bool is_done = !random_once_in(&trial->random, 4);
	const size_t count = fake_store_step(&trial->fixture.store,
					     is_done ? GPALD_COMMIT_DONE : GPALD_COMMIT_FULL, NULL);
	const enum gpald_outcome outcome = is_done ? GPALD_OUTCOME_DONE : GPALD_OUTCOME_STORE_FULL;

	size_t taken = 0;

	/* If several changes do not fit, the registry tries fewer of them. */
	if (!is_done && count > 1)
		return;
	/* On a busy machine, settling one batch takes several calls. */
	while (taken < count) {
		fixture_settle(&trial->fixture);
		taken += take_results(trial, outcome);
	}
}

static void finish_all(struct trial *trial)
{
	while (trial->fixture.undecided_count)
		decide_one(trial);
	while (changes_in_store(trial))
		commit_some(trial);
}

/* Checks that exactly the expected layouts exist, with their owners and bytes. */
static void check_layouts(struct trial *trial)
{
	size_t count = 0;

	for (int i = 0; i < NAMES; i++) {
		const struct vm *vm = &trial->vms[i];
		const struct gpald_record *record;
		char name[8];

		snprintf(name, sizeof(name), "vm-%d", i);
		record = fixture_find(&trial->fixture, name);
		ck_assert_int_eq(record != NULL, vm->is_there);
		if (!record)
			continue;
		ck_assert_uint_eq(record->facts.owner_uid, vm->owner);
		ck_assert_uint_eq(gpald_record_bytes(record), vm->bytes);
		count++;
	}
	ck_assert_uint_eq(trial->fixture.index->count, count);
}

static void run_trial(uint64_t seed)
{
	struct trial trial = { .random = { seed } };
	struct fixture *fixture = &trial.fixture;

	fixture_init(fixture);
	fixture->layouts_max = random_between(&trial.random, 4, NAMES);
	fixture->layouts_per_uid_max = random_below(&trial.random, 5);
	fixture->bytes_per_uid_max = random_below(&trial.random, 4) * bytes_of(FORMS / 2);
	fixture->decides_later = true;
	fixture_open(fixture);
	fake_store_stall(&fixture->store);
	for (int i = 0; i < CHANGES; i++) {
		const int which = (int)random_below(&trial.random, NAMES);

		if (!trial.vms[which].is_busy)
			submit(&trial, which);
		if (fixture->undecided_count && random_once_in(&trial.random, 2))
			decide_one(&trial);
		if (changes_in_store(&trial) && random_once_in(&trial.random, 2))
			commit_some(&trial);
		if (i % (CHANGES / 3) != 0)
			continue;
		finish_all(&trial);
		check_layouts(&trial);
		fixture_reopen(fixture);
	}
	finish_all(&trial);
	check_layouts(&trial);
	fixture_end(fixture);
}

START_TEST(the_counters_equal_a_recount)
{
	static const enum gpald_outcome early[] = {
		GPALD_OUTCOME_DONE,           GPALD_OUTCOME_NOT_FOUND,
		GPALD_OUTCOME_CONFLICT,       GPALD_OUTCOME_NAME_TAKEN,
		GPALD_OUTCOME_DENIED,         GPALD_OUTCOME_TOO_MANY,
		GPALD_OUTCOME_OWNER_TOO_MANY, GPALD_OUTCOME_OWNER_TOO_LARGE,
		GPALD_OUTCOME_STORE_FULL,
	};
	static const enum gpald_outcome late[] = {
		GPALD_OUTCOME_DONE,
		GPALD_OUTCOME_OWNER_TOO_LARGE,
	};

	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_trial(seed);
	for (int i = 0; i < COUNT_OF(early); i++)
		ck_assert_int_gt(seen[early[i]], 10);
	for (int i = 0; i < COUNT_OF(late); i++)
		ck_assert_int_gt(seen_late[late[i]], 10);
	/* A rare case: there was room when the change began, but not when it was decided. */
	ck_assert_int_gt(
		seen_late[GPALD_OUTCOME_TOO_MANY] + seen_late[GPALD_OUTCOME_OWNER_TOO_MANY], 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("owners");

	add_test(suite, "layouts", a_uid_has_no_more_layouts_than_it_may);
	add_test(suite, "bytes", a_uid_stores_no_more_bytes_than_it_may);
	add_test(suite, "recount", the_counters_equal_a_recount);
	return run_suite(suite);
}
