/* SPDX-License-Identifier: MIT */
/* Committed changes are there after a restart, refused ones are not. */
#include "config.h"

#include "tests/unit/state_folder.h"

#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct loaded loaded;

START_TEST(a_new_registry_is_for_its_owner_alone)
{
	struct state_folder folder;
	struct gpald_store *store;
	struct stat status;
	const mode_t mask = umask(0);

	folder_init(&folder);
	store = open_store(&folder, &loaded);
	umask(mask);
	ck_assert_uint_eq(loaded.record_count + loaded.event_count, 0);
	ck_assert_uint_eq(loaded.state.generation_top, 0);
	ck_assert_uint_gt(loaded.state.revision, UINT64_C(1500000000000000));
	ck_assert_str_eq(store->ops->kind, "sqlite");
	ck_assert_int_eq(stat(folder.path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0700);
	ck_assert_int_eq(stat(path_in(&folder, "registry.db"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	/* The WAL has the same contents, so it needs the same mode. */
	ck_assert_int_eq(stat(path_in(&folder, "registry.db-wal"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 077, 0);
	ck_assert(!file_exists(path_in(&folder, "registry.db.new")));
	ck_assert(!file_exists(path_in(&folder, "registry.db.new-wal")));
	close_store(store);
	folder_clear(&folder);
}
END_TEST

static void assert_loaded(const struct gpald_record *const *records, size_t count)
{
	ck_assert_uint_eq(loaded.record_count, count);
	for (size_t i = 0; i < count; i++) {
		const struct gpald_record *found = loaded_find(&loaded, records[i]->name);

		ck_assert_ptr_nonnull(found);
		assert_records_equal(found, records[i]);
	}
}

START_TEST(committed_records_come_back_bit_for_bit)
{
	struct gpald_record *records[] = { full_record("a"), plain_record("b", 1),
					   plain_record("vm:1._-Z", 77) };
	struct gpald_record *replaced = full_record("b");
	const struct gpald_record *const left[] = { records[0], replaced };
	struct gpald_store_change changes[COUNT_OF(records)];
	char error[GPALD_STORE_ERROR_SIZE];
	struct state_folder folder;
	struct gpald_store *store;
	uint64_t first;

	folder_init(&folder);
	store = open_store(&folder, &loaded);
	first = loaded.state.revision + 1;
	for (int i = 0; i < COUNT_OF(records); i++)
		changes[i] = change_of(records[i]);
	ck_assert_int_eq(commit_together(store, changes, COUNT_OF(changes), error),
			 GPALD_COMMIT_DONE);
	for (int i = 0; i < COUNT_OF(records); i++)
		ck_assert_uint_eq(changes[i].event.revision, first + (unsigned int)i);
	ck_assert_int_eq(put(store, replaced), GPALD_COMMIT_DONE);
	ck_assert_int_eq(drop(store, "vm:1._-Z", 77), GPALD_COMMIT_DONE);
	close_store(store);
	ck_assert_uint_eq(used_bytes_of_wal(&folder), 0);

	for (int i = 0; i < 2; i++) {
		store = open_store(&folder, &loaded);
		assert_loaded(left, 2);
		ck_assert_uint_eq(loaded.state.revision, first + 4);
		ck_assert_uint_eq(loaded.state.generation_top, 77);
		ck_assert_uint_eq(loaded.event_count, 5);
		ck_assert_uint_eq(loaded.events[4].revision, first + 4);
		ck_assert_int_eq(loaded.events[4].kind, GPALD_EVENT_DELETED);
		ck_assert_str_eq(loaded.events[4].name, "vm:1._-Z");
		ck_assert_str_eq(loaded.events[4].digest, "sha256:of-what-was-there");
		ck_assert_int_eq(loaded.events[0].kind, GPALD_EVENT_CREATED);
		ck_assert_str_eq(loaded.events[0].digest, records[0]->digest);
		ck_assert_uint_eq(loaded.events[0].generation, records[0]->facts.generation);
		ck_assert_int_eq(loaded.events[0].at_ms, records[0]->facts.updated_at_ms);
		ck_assert_uint_eq(loaded.events[0].uid, EVENT_UID);
		loaded_clear(&loaded);
		close_store(store);
	}
	for (int i = 0; i < COUNT_OF(records); i++)
		gpald_record_unref(records[i]);
	gpald_record_unref(replaced);
	folder_clear(&folder);
}
END_TEST

/* Copies the files as kill -9 leaves them: acknowledged changes are in the WAL. */
START_TEST(committed_records_survive_a_crash)
{
	struct gpald_record *a = full_record("a"), *b = plain_record("b", 3);
	const struct gpald_record *const both[] = { a, b };
	struct state_folder folder, crashed;
	struct gpald_store *store;

	folder_init(&folder);
	folder_init(&crashed);
	store = open_store(&folder, NULL);
	ck_assert_int_eq(put(store, a), GPALD_COMMIT_DONE);
	ck_assert_int_eq(put(store, b), GPALD_COMMIT_DONE);
	copy_files(&folder, &crashed);
	close_store(store);
	ck_assert_uint_gt(used_bytes_of_wal(&crashed), 0);
	for (int i = 0; i < 2; i++) {
		store = open_store(&crashed, &loaded);
		assert_loaded(both, 2);
		/* After this start the registry does not need the WAL of the crash. */
		ck_assert_uint_eq(used_bytes_of_wal(&crashed), 0);
		ck_assert_uint_eq(loaded.event_count, 2);
		loaded_clear(&loaded);
		close_store(store);
	}
	gpald_record_unref(a);
	gpald_record_unref(b);
	folder_clear(&folder);
	folder_clear(&crashed);
}
END_TEST

/* If the WAL is cut anywhere, all whole transactions are there, and no part of another. */
START_TEST(a_log_that_was_cut_has_whole_transactions)
{
	struct gpald_record *a = plain_record("a", 1), *b = plain_record("b", 1);
	struct gpald_store_change changes[] = { change_of(a), change_of(b) };
	struct gpald_blob database, wal;
	struct state_folder folder;
	struct gpald_store *store;
	char error[GPALD_STORE_ERROR_SIZE];
	size_t lost = 0, cuts = 0;

	folder_init(&folder);
	store = open_store(&folder, NULL);
	ck_assert_int_eq(commit_together(store, changes, 2, error), GPALD_COMMIT_DONE);
	database = read_file(path_in(&folder, "registry.db"));
	wal = read_file(path_in(&folder, "registry.db-wal"));
	ck_assert_uint_lt(used_bytes_of_wal(&folder), wal.length);
	wal.length = used_bytes_of_wal(&folder);
	close_store(store);
	for (size_t length = wal.length; length > 0; length -= length < 1031 ? length : 1031) {
		write_file(path_in(&folder, "registry.db"), database.data, database.length);
		write_file(path_in(&folder, "registry.db-wal"), wal.data, length);
		store = open_store(&folder, &loaded);
		ck_assert_uint_eq(loaded.record_count, length == wal.length ? 2 : 0);
		ck_assert_uint_eq(loaded.event_count, loaded.record_count);
		lost += loaded.record_count == 0;
		cuts++;
		loaded_clear(&loaded);
		close_store(store);
	}
	ck_assert_uint_gt(lost, 3);
	ck_assert_uint_eq(lost, cuts - 1);
	gpald_blob_free(&database);
	gpald_blob_free(&wal);
	gpald_record_unref(a);
	gpald_record_unref(b);
	folder_clear(&folder);
}
END_TEST

START_TEST(generations_that_are_gone_are_remembered)
{
	static const struct {
		uint64_t gone, top;
	} steps[] = {
		{ 7, 7 }, { 3, 7 }, { 8, 8 }, { 0, 8 }, { UINT64_C(1) << 52, UINT64_C(1) << 52 }
	};
	struct state_folder folder;

	folder_init(&folder);
	for (int i = 0; i < COUNT_OF(steps); i++) {
		struct gpald_store *store = open_store(&folder, NULL);

		ck_assert_int_eq(drop(store, "vm", steps[i].gone), GPALD_COMMIT_DONE);
		close_store(store);
		store = open_store(&folder, &loaded);
		ck_assert_uint_eq(loaded.state.generation_top, steps[i].top);
		close_store(store);
	}
	folder_clear(&folder);
}
END_TEST

START_TEST(events_beyond_those_kept_are_dropped)
{
	struct gpald_sqlite_options options = { .bytes_max = BYTES_MAX, .events_kept = 3 };
	struct gpald_record *record = plain_record("vm", 1);
	struct state_folder folder;
	struct gpald_store *store;
	uint64_t revision;

	folder_init(&folder);
	store = open_with(&folder, &options, &loaded);
	revision = loaded.state.revision;
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(put(store, record), GPALD_COMMIT_DONE);
	close_store(store);
	/* First more events are wanted than there are, then fewer. */
	for (options.events_kept = 10; options.events_kept > 0; options.events_kept--) {
		const size_t kept = options.events_kept < 3 ? options.events_kept : 3;

		store = open_with(&folder, &options, &loaded);
		ck_assert_uint_eq(loaded.event_count, kept);
		ck_assert_uint_eq(loaded.events[0].revision, revision + 11 - kept);
		ck_assert_uint_eq(loaded.events[kept - 1].revision, revision + 10);
		ck_assert_uint_eq(loaded.state.revision, revision + 10);
		loaded_clear(&loaded);
		close_store(store);
	}
	/* Events from before the start count, too. */
	options.events_kept = 3;
	for (int i = 0; i < 2; i++) {
		store = open_with(&folder, &options, &loaded);
		loaded_clear(&loaded);
		ck_assert_int_eq(put(store, record), GPALD_COMMIT_DONE);
		close_store(store);
	}
	options.events_kept = 10;
	store = open_with(&folder, &options, &loaded);
	ck_assert_uint_eq(loaded.event_count, 3);
	loaded_clear(&loaded);
	close_store(store);
	gpald_record_unref(record);
	folder_clear(&folder);
}
END_TEST

START_TEST(the_first_event_after_a_start_is_above_the_clock)
{
	struct gpald_sqlite_options options = { .bytes_max = BYTES_MAX, .events_kept = 3 };
	struct gpald_record *record = plain_record("vm", 1);
	struct state_folder folder;
	struct gpald_store *store;
	uint64_t newest, floor;

	folder_init(&folder);
	/* A new registry has no floor, because it is not a copy. */
	store = open_with(&folder, &options, &loaded);
	ck_assert_uint_eq(loaded.state.floor, 0);
	newest = loaded.state.revision;
	for (int i = 0; i < 4; i++) {
		/* The registry is opened twice, without a change in between. */
		for (int twice = 0; twice < 2; twice++) {
			loaded_clear(&loaded);
			close_store(store);
			floor = gpald_event_clock_revision();
			store = open_with(&folder, &options, &loaded);
			ck_assert_uint_eq(loaded.state.revision, newest);
			ck_assert_uint_ge(loaded.state.floor, floor);
		}
		floor = loaded.state.floor;
		for (int twice = 0; twice < 2; twice++)
			ck_assert_int_eq(put(store, record), GPALD_COMMIT_DONE);
		loaded_clear(&loaded);
		close_store(store);
		store = open_with(&folder, &options, &loaded);
		ck_assert_uint_eq(loaded.event_count, i == 0 ? 2 : 3);
		/* Even the oldest kept event says which one it follows. */
		ck_assert_uint_eq(loaded.events[0].follows + 1 == loaded.events[0].revision, i > 0);
		ck_assert_uint_eq(loaded.events[loaded.event_count - 2].follows, newest);
		ck_assert_uint_eq(loaded.events[loaded.event_count - 2].revision, floor + 1);
		ck_assert_uint_eq(loaded.events[loaded.event_count - 1].revision, floor + 2);
		ck_assert_uint_eq(loaded.state.revision, floor + 2);
		newest = floor + 2;
	}
	loaded_clear(&loaded);
	close_store(store);
	gpald_record_unref(record);
	folder_clear(&folder);
}
END_TEST

static size_t open_descriptors(void)
{
	glob_t all;
	size_t count;

	ck_assert_int_eq(glob("/proc/self/fd/*", 0, NULL, &all), 0);
	count = all.gl_pathc;
	globfree(&all);
	return count;
}

/* The store is new, then in use, then left by a crash, then damaged. No descriptor stays open. */
START_TEST(a_store_leaves_no_descriptor_behind)
{
	struct state_folder folder, crashed;
	const size_t before = open_descriptors();
	struct gpald_record *record = plain_record("vm", 1);
	struct gpald_store *store;

	folder_init(&folder);
	folder_init(&crashed);
	store = open_store(&folder, NULL);
	ck_assert_int_eq(put(store, record), GPALD_COMMIT_DONE);
	copy_files(&folder, &crashed);
	ck_assert_ptr_null(try_open(&folder, &loaded));
	close_store(store);
	ck_assert_uint_eq(open_descriptors(), before);
	close_store(open_store(&crashed, NULL));
	write_file(path_in(&folder, "registry.db"), "", 0);
	ck_assert_ptr_null(try_open(&folder, &loaded));
	write_file(path_in(&crashed, "registry.db-wal"), "no log of SQLite, in more than 32 bytes",
		   39);
	ck_assert_ptr_null(try_open(&crashed, &loaded));
	ck_assert_uint_eq(open_descriptors(), before);
	gpald_record_unref(record);
	folder_clear(&folder);
	folder_clear(&crashed);
}
END_TEST

START_TEST(a_second_daemon_is_refused)
{
	struct state_folder folder;
	struct gpald_store *store;

	folder_init(&folder);
	store = open_store(&folder, NULL);
	ck_assert_ptr_null(try_open(&folder, &loaded));
	ck_assert_ptr_nonnull(strstr(loaded.error, "another gpalayoutd"));
	ck_assert_ptr_nonnull(strstr(loaded.error, folder.path));
	/* The attempt did not disturb the first store. */
	ck_assert_int_eq(drop(store, "vm", 1), GPALD_COMMIT_DONE);
	close_store(store);
	close_store(open_store(&folder, NULL));
	folder_clear(&folder);
}
END_TEST

START_TEST(a_folder_that_others_may_access_is_refused)
{
	static const mode_t modes[] = { 0755, 0750, 0701, 0710, 0720, 01777 };
	struct state_folder folder;

	folder_init(&folder);
	ck_assert_int_eq(mkdir(folder.path, 0700), 0);
	ck_assert_int_eq(chmod(folder.path, modes[_i]), 0);
	ck_assert_ptr_null(try_open(&folder, &loaded));
	ck_assert_ptr_nonnull(strstr(loaded.error, folder.path));
	ck_assert_ptr_nonnull(strstr(loaded.error, "0700"));
	ck_assert(!file_exists(path_in(&folder, "registry.db")));
	ck_assert_int_eq(chmod(folder.path, 0700), 0);
	close_store(open_store(&folder, NULL));
	folder_clear(&folder);
}
END_TEST

static struct gpald_record *record_with_nodes(const char *name, size_t nodes)
{
	static uint64_t sizes[1024];
	const struct gpald_record_facts facts = { .generation = 1 };
	const struct gpal_request request = { .nodes = sizes, .node_count = nodes };

	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		sizes[i] = 2 * MIB;
	return record_of(name, &facts, &request);
}

START_TEST(a_file_is_no_state_folder)
{
	struct state_folder folder;

	folder_init(&folder);
	write_file(folder.path, "", 0);
	ck_assert_int_eq(chmod(folder.path, 0600), 0);
	ck_assert_ptr_null(try_open(&folder, &loaded));
	ck_assert_ptr_nonnull(strstr(loaded.error, "the state folder cannot be opened"));
	unlink(folder.path);
	folder_clear(&folder);
}
END_TEST

/* The file has disk space for changes before they are moved into it from the WAL. */
START_TEST(disk_space_is_reserved_with_each_commit)
{
	struct gpald_record *record = record_with_nodes("vm", 1000);
	struct state_folder folder;
	struct gpald_store *store;
	struct stat status;
	off_t before;

	folder_init(&folder);
	store = open_store(&folder, NULL);
	ck_assert_int_eq(stat(path_in(&folder, "registry.db"), &status), 0);
	before = status.st_size;
	for (int i = 0; i < 100; i++) {
		snprintf(record->name, sizeof(record->name), "vm-%d", i);
		ck_assert_int_eq(put(store, record), GPALD_COMMIT_DONE);
	}
	/* All changes are still in the WAL. */
	ck_assert_int_eq(stat(path_in(&folder, "registry.db"), &status), 0);
	ck_assert_int_ge(status.st_size, before + 100 * (off_t)record->layout.length);
	ck_assert_int_ge(status.st_blocks * 512, status.st_size);
	close_store(store);
	gpald_record_unref(record);
	folder_clear(&folder);
}
END_TEST

/* The process has a limit on the size of a file. The store treats it as a full disk. */
START_TEST(a_file_that_may_not_grow_is_a_full_store)
{
	struct gpald_record *record = record_with_nodes("vm", 1000);
	struct rlimit before, limit;
	struct state_folder folder;
	struct gpald_store *store;
	void (*action)(int) = signal(SIGXFSZ, SIG_IGN);
	char name[GPALD_NAME_SIZE];
	enum gpald_commit_result result = GPALD_COMMIT_DONE;
	int done = 0;

	folder_init(&folder);
	store = open_store(&folder, NULL);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 1 << 20;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (; done < 1000 && result == GPALD_COMMIT_DONE; done++) {
		snprintf(name, sizeof(name), "vm-%d", done);
		strcpy(record->name, name);
		result = put(store, record);
	}
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, action);
	ck_assert_int_eq(result, GPALD_COMMIT_FULL);
	/* A change takes twice the bytes of its layout in the WAL, so the WAL was emptied. */
	ck_assert_uint_gt((size_t)done * record->layout.length, 3 << 18);
	ck_assert_int_eq(put(store, record), GPALD_COMMIT_DONE);
	close_store(store);
	close_store(open_store(&folder, NULL));
	gpald_record_unref(record);
	folder_clear(&folder);
}
END_TEST

START_TEST(a_folder_that_belongs_to_another_is_refused)
{
	struct state_folder folder;

	/* Only root can make this folder, and its mode does not stop root. */
	folder_init(&folder);
	ck_assert_int_eq(mkdir(folder.path, 0700), 0);
	if (chown(folder.path, 65533, (gid_t)-1) == 0) {
		ck_assert_ptr_null(try_open(&folder, &loaded));
		ck_assert_ptr_nonnull(strstr(loaded.error, folder.path));
		ck_assert_ptr_nonnull(strstr(loaded.error, "65533"));
		ck_assert(!file_exists(path_in(&folder, "registry.db")));
	} else {
		ck_assert(errno == EPERM || errno == EINVAL);
	}
	folder_clear(&folder);
}
END_TEST

START_TEST(a_user_other_than_root_may_have_a_registry)
{
	const uid_t this_user = geteuid();
	const uid_t user = this_user == 0 ? 65533 : this_user;
	struct state_folder folder;

	folder_init(&folder);
	/*
	 * In a container, root may be unable to become another user, and that user may be unable
	 * to reach root's folders.
	 */
	if (chown(folder.parent, user, (gid_t)-1) == 0 && seteuid(user) == 0) {
		if (eaccess(folder.parent, W_OK | X_OK) == 0)
			for (int i = 0; i < 2; i++)
				close_store(open_store(&folder, NULL));
		ck_assert_int_eq(seteuid(this_user), 0);
	}
	folder_clear(&folder);
}
END_TEST

START_TEST(files_of_a_half_made_registry_are_replaced)
{
	static const char *const names[] = { "registry.db.new", "registry.db.new-wal",
					     "registry.db.new-journal" };
	struct state_folder folder;

	folder_init(&folder);
	ck_assert_int_eq(mkdir(folder.path, 0700), 0);
	for (int i = 0; i < COUNT_OF(names); i++)
		write_file(path_in(&folder, names[i]), "half made", 9);
	close_store(open_store(&folder, &loaded));
	ck_assert_uint_eq(loaded.record_count, 0);
	for (int i = 0; i < COUNT_OF(names); i++)
		ck_assert(!file_exists(path_in(&folder, names[i])));
	/* A half-made file next to a complete registry is harmless, too. */
	write_file(path_in(&folder, names[0]), "half made", 9);
	close_store(open_store(&folder, NULL));
	folder_clear(&folder);
}
END_TEST

static struct gpald_store *open_small(const struct state_folder *folder, uint64_t pages)
{
	const struct gpald_sqlite_options options = {
		.bytes_max = pages * 4096,
		.events_kept = EVENTS_KEPT,
	};
	struct gpald_store *store = open_with(folder, &options, &loaded);

	ck_assert_msg(store != NULL, "%s", loaded.error);
	return store;
}

/* Puts vm-0, vm-1, ... until the store is full. Returns how many there are. */
static int fill(struct gpald_store *store, size_t nodes)
{
	for (int i = 0; i < 2000; i++) {
		enum gpald_commit_result result;
		struct gpald_record *record;
		char name[16];

		snprintf(name, sizeof(name), "vm-%d", i);
		record = record_with_nodes(name, nodes);
		result = put(store, record);
		gpald_record_unref(record);
		if (result == GPALD_COMMIT_DONE)
			continue;
		ck_assert_int_eq(result, GPALD_COMMIT_FULL);
		return i;
	}
	ck_abort_msg("the store is never full");
	return 0;
}

/* The first size fills whole pages. The second leaves room within a page. */
static const size_t fillings[] = { 1000, 1 };

START_TEST(a_full_store_refuses_and_goes_on)
{
	struct state_folder folder;
	struct gpald_store *store;
	struct gpald_record *record;
	uint64_t revision;
	int count;

	folder_init(&folder);
	store = open_small(&folder, 40);
	revision = loaded.state.revision;
	count = fill(store, fillings[_i]);
	ck_assert_int_gt(count, 1);
	/* The result is the same each time, and emptying the WAL would not change it. */
	record = record_with_nodes("other", fillings[_i]);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(put(store, record), GPALD_COMMIT_FULL);
	ck_assert_uint_gt(used_bytes_of_wal(&folder), 0);
	/* Changes that make room are possible, and then so is a change that fits. */
	for (int i = 0; i < count / 2; i++) {
		char name[16];

		snprintf(name, sizeof(name), "vm-%d", i);
		ck_assert_int_eq(drop(store, name, 1), GPALD_COMMIT_DONE);
	}
	ck_assert_int_eq(put(store, record), GPALD_COMMIT_DONE);
	close_store(store);

	/* Refused changes leave no trace, and no gap in the revisions. */
	store = open_small(&folder, 40);
	ck_assert_uint_eq(loaded.record_count, (size_t)(count - count / 2 + 1));
	ck_assert_uint_eq(loaded.state.revision, revision + (size_t)(count + count / 2 + 1));
	assert_records_equal(loaded_find(&loaded, "other"), record);
	ck_assert_ptr_null(loaded_find(&loaded, "vm-0"));
	for (size_t i = 1; i < loaded.event_count; i++)
		ck_assert_uint_eq(loaded.events[i].revision, loaded.events[i - 1].revision + 1);
	loaded_clear(&loaded);
	close_store(store);
	gpald_record_unref(record);
	folder_clear(&folder);
}
END_TEST

START_TEST(everything_can_be_deleted_under_a_lower_limit)
{
	struct state_folder folder;
	struct gpald_store *store;
	struct gpald_record *record;
	int count;

	folder_init(&folder);
	store = open_small(&folder, 45);
	count = fill(store, fillings[_i]);
	close_store(store);
	store = open_small(&folder, 20);
	ck_assert_uint_eq(loaded.record_count, (size_t)count);
	loaded_clear(&loaded);
	record = record_with_nodes("other", 1000);
	ck_assert_int_eq(put(store, record), GPALD_COMMIT_FULL);
	for (int i = 0; i < count; i++) {
		char name[16];

		snprintf(name, sizeof(name), "vm-%d", i);
		ck_assert_int_eq(drop(store, name, 1), GPALD_COMMIT_DONE);
	}
	ck_assert_int_eq(put(store, record), GPALD_COMMIT_DONE);
	close_store(store);
	gpald_record_unref(record);
	folder_clear(&folder);
}
END_TEST

/* Deleting may grow the file a little. New layouts must not use that room. */
START_TEST(a_full_store_does_not_grow_with_what_comes_and_goes)
{
	struct gpald_record *record = record_with_nodes("vm", 1);
	bool is_there[512] = { false };
	struct state_folder folder;
	struct gpald_store *store;
	struct stat status;
	uint32_t random = 9;

	folder_init(&folder);
	store = open_small(&folder, 12);
	for (int cycle = 0; cycle < 60; cycle++) {
		enum gpald_commit_result result = GPALD_COMMIT_DONE;

		for (int i = 0; i < COUNT_OF(is_there) && result == GPALD_COMMIT_DONE; i++) {
			if (is_there[i])
				continue;
			snprintf(record->name, sizeof(record->name), "vm-%d", i);
			result = put(store, record);
			is_there[i] = result == GPALD_COMMIT_DONE;
		}
		ck_assert_int_eq(result, GPALD_COMMIT_FULL);
		for (int i = 0; i < COUNT_OF(is_there); i++) {
			char name[16];

			random = random * 1664525 + 1013904223;
			if (!is_there[i] || random >> 31)
				continue;
			snprintf(name, sizeof(name), "vm-%d", i);
			ck_assert_int_eq(drop(store, name, 1), GPALD_COMMIT_DONE);
			is_there[i] = false;
		}
	}
	ck_assert_int_eq(stat(path_in(&folder, "registry.db"), &status), 0);
	ck_assert_int_le(status.st_size / 4096, 12 + 16 + EVENTS_KEPT / 16 + 4);
	close_store(store);
	gpald_record_unref(record);
	folder_clear(&folder);
}
END_TEST

START_TEST(a_batch_that_does_not_fit_is_refused_whole)
{
	struct gpald_record *small = record_with_nodes("small", 1),
			    *large = record_with_nodes("large", 1000);
	struct gpald_store_change changes[] = { change_of(small), change_of(large) };
	struct state_folder folder;
	struct gpald_store *store;
	char error[GPALD_STORE_ERROR_SIZE];

	folder_init(&folder);
	store = open_small(&folder, 8);
	ck_assert_int_eq(commit_together(store, changes, 2, error), GPALD_COMMIT_FULL);
	ck_assert_ptr_nonnull(strstr(error, path_in(&folder, "registry.db")));
	ck_assert_ptr_nonnull(strstr(error, "the limit store_bytes"));
	close_store(store);
	store = open_small(&folder, 8);
	ck_assert_uint_eq(loaded.record_count, 0);
	ck_assert_uint_eq(loaded.event_count, 0);
	ck_assert_int_eq(put(store, small), GPALD_COMMIT_DONE);
	close_store(store);
	/* With more room the change is accepted. */
	store = open_store(&folder, &loaded);
	ck_assert_uint_eq(loaded.record_count, 1);
	loaded_clear(&loaded);
	ck_assert_int_eq(commit_together(store, changes, 2, error), GPALD_COMMIT_DONE);
	close_store(store);
	gpald_record_unref(small);
	gpald_record_unref(large);
	folder_clear(&folder);
}
END_TEST

/* The WAL is moved into the database between commits, so it does not grow for ever. */
START_TEST(the_log_is_kept_short)
{
	struct gpald_record *record = record_with_nodes("vm", 1000);
	char error[GPALD_STORE_ERROR_SIZE] = "";
	struct state_folder folder;
	struct gpald_store *store;
	struct stat status;

	folder_init(&folder);
	store = open_store(&folder, NULL);
	for (int i = 0; i < 400; i++) {
		ck_assert_int_eq(put(store, record), GPALD_COMMIT_DONE);
		ck_assert_int_eq(store->ops->tidy(store, error), GPALD_COMMIT_DONE);
		ck_assert_int_eq(stat(path_in(&folder, "registry.db-wal"), &status), 0);
		ck_assert_int_lt(status.st_size, 8 << 20);
	}
	close_store(store);
	gpald_record_unref(record);
	folder_clear(&folder);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sqlite_store");

	add_test(suite, "new", a_new_registry_is_for_its_owner_alone);
	add_test(suite, "new", files_of_a_half_made_registry_are_replaced);
	add_test(suite, "durable", committed_records_come_back_bit_for_bit);
	add_test(suite, "durable", committed_records_survive_a_crash);
	add_test(suite, "durable", a_log_that_was_cut_has_whole_transactions);
	add_test(suite, "durable", generations_that_are_gone_are_remembered);
	add_test(suite, "events", events_beyond_those_kept_are_dropped);
	add_test(suite, "events", the_first_event_after_a_start_is_above_the_clock);
	add_test(suite, "access", a_store_leaves_no_descriptor_behind);
	add_test(suite, "access", a_second_daemon_is_refused);
	add_test(suite, "access", a_file_is_no_state_folder);
	add_test(suite, "access", a_folder_that_belongs_to_another_is_refused);
	add_test(suite, "access", a_user_other_than_root_may_have_a_registry);
	add_rows(suite, "access", a_folder_that_others_may_access_is_refused, 6);
	add_rows(suite, "room", a_full_store_refuses_and_goes_on, COUNT_OF(fillings));
	add_rows(suite, "room", everything_can_be_deleted_under_a_lower_limit, COUNT_OF(fillings));
	add_test(suite, "room", a_full_store_does_not_grow_with_what_comes_and_goes);
	add_test(suite, "room", disk_space_is_reserved_with_each_commit);
	add_test(suite, "room", a_file_that_may_not_grow_is_a_full_store);
	add_test(suite, "room", a_batch_that_does_not_fit_is_refused_whole);
	add_test(suite, "room", the_log_is_kept_short);
	return run_suite(suite);
}
