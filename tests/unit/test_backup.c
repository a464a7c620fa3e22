/* SPDX-License-Identifier: MIT */
/*
 * Backups: they are taken while layouts change, checked when they are read, and restored into a new
 * registry.
 */
#include "config.h"

#include "registry/backup.h"
#include "tests/property/random.h"
#include "tests/unit/registry_fixture.h"
#include "tests/unit/state_folder.h"
#include "tests/unit/suite.h"

#include <nettle/sha2.h>
#include <string.h>
#include <unistd.h>

/* A backup that is being taken. */
struct taken {
	uint8_t bytes[1 << 18];
	size_t length;
	size_t pages;
	char after[GPALD_NAME_SIZE];
	uint64_t revision;
	bool is_last;
};

static struct taken taken;

static enum gpald_backup_page_outcome take_page(struct fixture *fixture, size_t bytes)
{
	struct gpald_backup_page page;
	struct gpald_blob data;
	const enum gpald_backup_page_outcome result = gpald_index_backup(
		fixture->index, taken.pages ? taken.after : NULL, taken.revision, bytes, &page);

	if (result != GPALD_BACKUP_PAGE_DONE)
		return result;
	ck_assert(gpald_backup_encode(&page, &data));
	ck_assert_uint_le(taken.length + data.length + SHA256_DIGEST_SIZE, sizeof(taken.bytes));
	if (data.length)
		memcpy(taken.bytes + taken.length, data.data, data.length);
	taken.length += data.length;
	taken.pages++;
	taken.revision = page.state.revision;
	taken.is_last = page.is_last;
	if (!page.is_last)
		ck_assert_int_ge(strcmp(page.next, taken.after), 0);
	strcpy(taken.after, page.next);
	gpald_blob_free(&data);
	gpald_backup_page_clear(&page);
	return GPALD_BACKUP_PAGE_DONE;
}

static void begin(void)
{
	taken.length = taken.pages = 0;
	taken.after[0] = '\0';
	taken.revision = 0;
	taken.is_last = false;
}

#define PATH_SIZE 96

static void backup_path(const struct state_folder *folder, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/backup", folder->parent);
}

/* Appends the SHA-256 of the bytes to them. */
static void seal(uint8_t *bytes, size_t length)
{
	struct sha256_ctx hash;

	sha256_init(&hash);
	sha256_update(&hash, length, bytes);
	sha256_digest(&hash, SHA256_DIGEST_SIZE, bytes + length);
}

static void finish(const char *path)
{
	ck_assert(taken.is_last);
	seal(taken.bytes, taken.length);
	write_file(path, taken.bytes, taken.length + SHA256_DIGEST_SIZE);
}

/* The layouts that a file restores. The last entry of a name counts. */
struct restored {
	struct gpald_record *records[64];
	size_t count;
	struct gpald_store_state state;
	uint64_t layouts;
};

static void restored_clear(struct restored *restored)
{
	for (size_t i = 0; i < restored->count; i++)
		gpald_record_unref(restored->records[i]);
	restored->count = 0;
}

static void forget(struct restored *restored, const char *name)
{
	for (size_t i = 0; i < restored->count; i++) {
		if (strcmp(restored->records[i]->name, name) != 0)
			continue;
		gpald_record_unref(restored->records[i]);
		restored->records[i] = restored->records[--restored->count];
		return;
	}
}

/* Returns false, with `error` set, if the file is refused. */
static bool read_backup(const char *path, struct restored *restored,
			char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_backup_entry entry = { .kind = GPALD_BACKUP_GONE };
	struct gpald_backup backup;

	*restored = (struct restored){ .count = 0 };
	error[0] = '\0';
	if (!gpald_backup_open(&backup, path, error)) {
		ck_assert_ptr_nonnull(strstr(error, path));
		return false;
	}
	while (entry.kind != GPALD_BACKUP_END && gpald_backup_next(&backup, &entry, error)) {
		if (entry.kind == GPALD_BACKUP_RECORD) {
			forget(restored, entry.record->name);
			ck_assert_uint_lt(restored->count, 64);
			restored->records[restored->count++] = entry.record;
		} else if (entry.kind == GPALD_BACKUP_GONE) {
			forget(restored, entry.name);
		}
	}
	restored->state = entry.state;
	restored->layouts = entry.layouts;
	if (error[0])
		ck_assert_ptr_nonnull(strstr(error, path));
	gpald_backup_close(&backup);
	return error[0] == '\0';
}

static void assert_equals_registry(const struct restored *restored, const struct fixture *fixture)
{
	ck_assert_uint_eq(restored->count, fixture->index->count);
	ck_assert_uint_eq(restored->layouts, restored->count);
	ck_assert_uint_eq(restored->state.revision, fixture->index->events.revision);
	for (size_t i = 0; i < restored->count; i++) {
		const struct gpald_record *record =
			fixture_find(fixture, restored->records[i]->name);

		ck_assert_ptr_nonnull(record);
		assert_records_equal(restored->records[i], record);
	}
}

static void change_at_random(struct fixture *fixture, struct random *random)
{
	char name[16];
	struct change change;
	struct gpal_request request;

	snprintf(name, sizeof(name), "vm-%02u", (unsigned int)random_below(random, 24));
	if (random_once_in(random, 3)) {
		delete_now(fixture, name);
		return;
	}
	if (!fixture_find(fixture, name)) {
		create_now(fixture, name, 1 + (unsigned int)random_below(random, 3));
		return;
	}
	request = request_for(1 + (unsigned int)random_below(random, 3));
	prepare_update(fixture, &change, name, &request);
	change.operation.allow = GPAL_ALLOW_MOVES;
	change_do(&change);
}

/* This holds for any changes between the pages, and for pages of any length. */
START_TEST(a_backup_equals_the_registry_at_its_last_page)
{
	struct random random = { (uint64_t)_i };
	char error[GPALD_STORE_ERROR_SIZE];
	struct state_folder folder;
	struct restored restored;
	struct fixture fixture;
	char path[PATH_SIZE];
	int changes = 20;

	folder_init(&folder);
	backup_path(&folder, path);
	fixture_start(&fixture);
	for (int i = 0; i < changes; i++)
		change_at_random(&fixture, &random);
	begin();
	do {
		ck_assert_int_eq(take_page(&fixture, random_between(&random, 1, 3000)),
				 GPALD_BACKUP_PAGE_DONE);
		for (uint64_t some = random_below(&random, 5); some > 0 && changes < 120; some--) {
			if (taken.is_last)
				break;
			change_at_random(&fixture, &random);
			changes++;
		}
	} while (!taken.is_last);
	finish(path);
	ck_assert(read_backup(path, &restored, error));
	assert_equals_registry(&restored, &fixture);
	restored_clear(&restored);
	fixture_end(&fixture);
	unlink(path);
	folder_clear(&folder);
}
END_TEST

START_TEST(a_backup_cannot_continue_after_changes_that_are_no_longer_known)
{
	struct fixture fixture;
	char name[16];

	fixture_init(&fixture);
	fixture.events_kept = 4;
	fixture_open(&fixture);
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "vm-%d", i);
		create_now(&fixture, name, 1);
	}
	begin();
	ck_assert_int_eq(take_page(&fixture, 1), GPALD_BACKUP_PAGE_DONE);
	ck_assert(!taken.is_last);
	for (int i = 0; i < 2; i++) {
		delete_now(&fixture, "vm-0");
		create_now(&fixture, "vm-0", 1);
	}
	ck_assert_int_eq(take_page(&fixture, 1), GPALD_BACKUP_PAGE_DONE);
	for (int i = 0; i < 2; i++) {
		delete_now(&fixture, "vm-0");
		create_now(&fixture, "vm-0", 1);
	}
	delete_now(&fixture, "vm-0");
	ck_assert_int_eq(take_page(&fixture, 1), GPALD_BACKUP_PAGE_RESYNC);
	/* A revision that has never existed cannot be continued from, either. */
	taken.revision += 100;
	ck_assert_int_eq(take_page(&fixture, 1), GPALD_BACKUP_PAGE_RESYNC);
	fixture_end(&fixture);
}
END_TEST

/*
 * A page looks at a limited number of events, even if none of them matters, because the index is
 * locked meanwhile.
 */
START_TEST(a_page_looks_at_a_limited_number_of_events)
{
	struct fixture fixture;
	size_t pages = 0;

	fixture_start(&fixture);
	create_now(&fixture, "vm-1", 1);
	create_now(&fixture, "vm-2", 1);
	begin();
	ck_assert_int_eq(take_page(&fixture, 1), GPALD_BACKUP_PAGE_DONE);
	for (int i = 0; i < 16; i++) {
		delete_now(&fixture, "vm-2");
		create_now(&fixture, "vm-2", 1);
	}
	while (strcmp(taken.after, "vm-1") == 0) {
		ck_assert_int_eq(take_page(&fixture, 64), GPALD_BACKUP_PAGE_DONE);
		ck_assert_uint_lt(++pages, 32);
	}
	ck_assert_uint_gt(pages, 4);
	ck_assert(taken.is_last);
	fixture_end(&fixture);
}
END_TEST

/* No record follows the second page, but earlier ones have changed. */
START_TEST(a_page_that_lacks_later_changes_is_not_the_last)
{
	struct fixture fixture;

	fixture_start(&fixture);
	create_now(&fixture, "vm-1", 1);
	create_now(&fixture, "vm-2", 1);
	begin();
	ck_assert_int_eq(take_page(&fixture, 1), GPALD_BACKUP_PAGE_DONE);
	delete_now(&fixture, "vm-2");
	delete_now(&fixture, "vm-1");
	for (int i = 0; i < 2; i++) {
		ck_assert(!taken.is_last);
		ck_assert_int_eq(take_page(&fixture, 1), GPALD_BACKUP_PAGE_DONE);
	}
	ck_assert(taken.is_last);
	ck_assert_uint_eq(taken.revision, fixture.index->events.revision);
	fixture_end(&fixture);
}
END_TEST

/* A page is never too long to send if each of its records alone can be sent. */
START_TEST(a_page_is_longer_than_asked_for_only_with_one_record)
{
	const size_t bytes = 1 + (size_t)_i * 37;
	struct fixture fixture;
	size_t length;
	char name[16];

	fixture_start(&fixture);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "vm-%02d", i);
		create_now(&fixture, name, 1 + (unsigned int)i % 3);
	}
	begin();
	for (int i = 0; !taken.is_last; i++) {
		length = taken.length;
		ck_assert_int_eq(take_page(&fixture, bytes), GPALD_BACKUP_PAGE_DONE);
		length = taken.length - length;
		/* The heading and the end may be added. No record is longer than 400 bytes. */
		ck_assert_uint_le(length, (bytes > 400 ? bytes : 400) + 40);
		delete_now(&fixture, "vm-00");
		if (i < 10)
			create_now(&fixture, "vm-00", 1 + (unsigned int)i % 3);
	}
	fixture_end(&fixture);
}
END_TEST

/* Writes vm-1, vm-2, the deletion of vm-1, vm-2 again, and vm-3. Two layouts are left. */
static void write_example(struct fixture *fixture, const char *path)
{
	fixture_start(fixture);
	create_now(fixture, "vm-1", 1);
	create_now(fixture, "vm-2", 2);
	create_now(fixture, "vm-3", 3);
	begin();
	while (strcmp(taken.after, "vm-2") != 0)
		ck_assert_int_eq(take_page(fixture, 1), GPALD_BACKUP_PAGE_DONE);
	delete_now(fixture, "vm-1");
	delete_now(fixture, "vm-2");
	create_now(fixture, "vm-2", 1);
	while (!taken.is_last)
		ck_assert_int_eq(take_page(fixture, 1), GPALD_BACKUP_PAGE_DONE);
	finish(path);
}

START_TEST(a_file_that_was_cut_or_changed_is_refused)
{
	char error[GPALD_STORE_ERROR_SIZE];
	struct state_folder folder;
	struct restored restored;
	struct fixture fixture;
	struct gpald_blob whole;
	char path[PATH_SIZE];

	folder_init(&folder);
	backup_path(&folder, path);
	write_example(&fixture, path);
	whole = read_file(path);
	for (size_t length = 0; length < whole.length; length++) {
		write_file(path, whole.data, length);
		if (read_backup(path, &restored, error))
			ck_abort_msg("the first %zu bytes were accepted", length);
	}
	for (size_t at = 0; at < whole.length; at++) {
		whole.data[at] ^= 0x10;
		write_file(path, whole.data, whole.length);
		if (read_backup(path, &restored, error))
			ck_abort_msg("a backup with byte %zu changed was accepted", at);
		whole.data[at] ^= 0x10;
	}
	write_file(path, whole.data, whole.length);
	ck_assert(read_backup(path, &restored, error));
	restored_clear(&restored);
	gpald_blob_free(&whole);
	fixture_end(&fixture);
	unlink(path);
	ck_assert(!read_backup(path, &restored, error));
	folder_clear(&folder);
}
END_TEST

/* The checksum of the file was recomputed, but each record has a checksum of its own. */
START_TEST(a_sealed_file_that_was_changed_harms_nothing)
{
	char error[GPALD_STORE_ERROR_SIZE];
	struct random random = { 7 };
	struct state_folder folder;
	struct restored restored;
	struct fixture fixture;
	struct gpald_blob whole;
	char path[PATH_SIZE];
	int refused = 0;

	folder_init(&folder);
	backup_path(&folder, path);
	write_example(&fixture, path);
	whole = read_file(path);
	for (int round = 0; round < 2000; round++) {
		const size_t length = whole.length - SHA256_DIGEST_SIZE;
		const size_t at = (size_t)random_below(&random, length);
		const size_t cut = random_once_in(&random, 3) ? at : length;
		const uint8_t was = whole.data[at];
		uint8_t *copy = malloc(whole.length);

		ck_assert_ptr_nonnull(copy);
		whole.data[at] = (uint8_t)random_next(&random);
		memcpy(copy, whole.data, whole.length);
		whole.data[at] = was;
		seal(copy, cut);
		write_file(path, copy, cut + SHA256_DIGEST_SIZE);
		free(copy);
		refused += !read_backup(path, &restored, error);
		restored_clear(&restored);
	}
	/* Some changes cannot be noticed, for example another revision. */
	ck_assert_int_gt(refused, 1500);
	gpald_blob_free(&whole);
	fixture_end(&fixture);
	unlink(path);
	folder_clear(&folder);
}
END_TEST

static struct gpald_store *restore(const struct state_folder *folder, const char *path,
				   struct loaded *loaded)
{
	const struct gpald_sqlite_options options = {
		.bytes_max = BYTES_MAX,
		.events_kept = EVENTS_KEPT,
		.must_exist = true,
		.backup = path,
	};

	return open_with(folder, &options, loaded);
}

START_TEST(a_restored_registry_has_the_layouts_and_new_numbers)
{
	struct state_folder folder;
	struct loaded loaded;
	struct fixture fixture;
	struct gpald_store *store;
	uint64_t raised = 0, now;
	char path[PATH_SIZE];

	folder_init(&folder);
	backup_path(&folder, path);
	write_example(&fixture, path);
	now = gpald_event_clock_revision();
	for (int i = 0; i < 2; i++) {
		/* The second time the registry is opened as usual. */
		store = i == 0 ? restore(&folder, path, &loaded) : open_store(&folder, &loaded);
		ck_assert_ptr_nonnull(store);
		ck_assert(!store->is_new);
		ck_assert_uint_eq(loaded.record_count, 2);
		ck_assert_uint_eq(loaded.event_count, 0);
		/* All numbers are raised by the same amount, at least up to the clock. */
		if (i == 0)
			raised = loaded.state.revision - (FIXTURE_REVISION + 6);
		ck_assert_uint_ge(loaded.state.revision, now);
		ck_assert_uint_le(loaded.state.revision, gpald_event_clock_revision());
		ck_assert_uint_eq(loaded.state.revision, FIXTURE_REVISION + 6 + raised);
		ck_assert_uint_eq(loaded.state.generation_top, 1 + raised);
		ck_assert_uint_ge(loaded.state.floor, loaded.state.revision);
		for (size_t j = 0; j < loaded.record_count; j++) {
			struct gpald_record *record = loaded.records[j];

			record->facts.generation -= raised;
			assert_records_equal(record, fixture_find(&fixture, record->name));
		}
		close_store(store);
		loaded_clear(&loaded);
	}
	/* The folder has a registry now. */
	ck_assert_ptr_null(restore(&folder, path, &loaded));
	ck_assert_ptr_nonnull(
		strstr(loaded.error, "registry.db exists; a backup is restored only"));
	loaded_clear(&loaded);
	unlink(path);
	fixture_end(&fixture);
	folder_clear(&folder);
}
END_TEST

/* Replaces the bytes between two offsets of the example with `put`, or only removes them. */
static void spoil(const char *path, size_t from, size_t to, const void *put, size_t length)
{
	struct gpald_blob whole = read_file(path);
	const size_t end = whole.length - SHA256_DIGEST_SIZE;
	const size_t made = from + length + (end - to);
	uint8_t *bytes = malloc(made + SHA256_DIGEST_SIZE);

	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, whole.data, from);
	if (length)
		memcpy(bytes + from, put, length);
	memcpy(bytes + from + length, whole.data + to, end - to);
	seal(bytes, made);
	write_file(path, bytes, made + SHA256_DIGEST_SIZE);
	free(bytes);
	gpald_blob_free(&whole);
}

START_TEST(a_refused_backup_leaves_no_registry)
{
	static const uint8_t end_with_3[] = { 2, 1, 1, 3 };
	/* An end with a revision of 2^53 - 1 and 2 layouts. */
	static const uint8_t highest[] = {
		2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2
	};
	static const uint8_t surplus[] = { 1, 1, 'x' };
	static const char *const problems[] = {
		"it has 2 layouts but should have 3",
		"which cannot be raised by 4294967296",
		"it has more bytes after its end",
		"it has an invalid entry",
	};
	struct state_folder folder;
	struct loaded loaded;
	struct fixture fixture;
	size_t end;
	char path[PATH_SIZE];

	folder_init(&folder);
	backup_path(&folder, path);
	write_example(&fixture, path);
	/* The entry of the end: its kind, a revision of two bytes, two numbers of a byte each. */
	end = taken.length - 5;
	if (_i == 0)
		spoil(path, end, taken.length, end_with_3, sizeof(end_with_3));
	else if (_i == 1)
		spoil(path, end, taken.length, highest, sizeof(highest));
	else if (_i == 2)
		spoil(path, taken.length, taken.length, surplus, sizeof(surplus));
	else
		spoil(path, end, taken.length, NULL, 0);
	ck_assert_ptr_null(restore(&folder, path, &loaded));
	if (!strstr(loaded.error, problems[_i]))
		ck_abort_msg("%s", loaded.error);
	ck_assert(!file_exists(path_in(&folder, "registry.db")));
	ck_assert(!file_exists(path_in(&folder, "registry.db.new")));
	loaded_clear(&loaded);
	unlink(path);
	fixture_end(&fixture);
	folder_clear(&folder);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backup");

	add_rows(suite, "taking", a_backup_equals_the_registry_at_its_last_page, 100);
	add_test(suite, "taking", a_backup_cannot_continue_after_changes_that_are_no_longer_known);
	add_test(suite, "taking", a_page_that_lacks_later_changes_is_not_the_last);
	add_test(suite, "taking", a_page_looks_at_a_limited_number_of_events);
	add_rows(suite, "taking", a_page_is_longer_than_asked_for_only_with_one_record, 60);
	add_test(suite, "reading", a_file_that_was_cut_or_changed_is_refused);
	add_test(suite, "reading", a_sealed_file_that_was_changed_harms_nothing);
	add_test(suite, "restoring", a_restored_registry_has_the_layouts_and_new_numbers);
	add_rows(suite, "restoring", a_refused_backup_leaves_no_registry, 4);
	return run_suite(suite);
}
