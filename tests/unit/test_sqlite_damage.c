/* SPDX-License-Identifier: MIT */
/*
 * A database that cannot be used is refused with its path and left unchanged, so that somebody can
 * examine it. A record that differs from what was stored is never loaded.
 */
#include "config.h"

#include "tests/unit/state_folder.h"

#include <string.h>
#include <unistd.h>

static struct loaded loaded;

/* A folder with two layouts, as after a clean exit, or with its WAL, as after a crash. */
static void make_registry(struct state_folder *folder, bool crashed)
{
	struct gpald_record *good = plain_record("good", 1), *victim = full_record("victim");
	struct state_folder original;
	struct gpald_store *store;

	folder_init(&original);
	folder_init(folder);
	store = open_store(&original, NULL);
	ck_assert_int_eq(put(store, good), GPALD_COMMIT_DONE);
	ck_assert_int_eq(put(store, victim), GPALD_COMMIT_DONE);
	ck_assert_int_eq(drop(store, "nobody", 5), GPALD_COMMIT_DONE);
	if (!crashed)
		close_store(store);
	copy_files(&original, folder);
	if (crashed)
		close_store(store);
	ck_assert_int_eq(used_bytes_of_wal(folder) > 0, crashed);
	folder_clear(&original);
	gpald_record_unref(good);
	gpald_record_unref(victim);
}

/* The error names the file and the reason, and the folder is unchanged. */
static void assert_refused(const struct state_folder *folder, const char *reason)
{
	struct snapshot before;
	const char *code;

	snapshot_take(&before, folder);
	/*
	 * The second attempt must fail for the same reason, because the first has changed nothing.
	 */
	for (int i = 0; i < 2; i++) {
		ck_assert_msg(try_open(folder, &loaded) == NULL,
			      "opened, but should be refused: %s", reason);
		ck_assert_msg(strstr(loaded.error, path_in(folder, "registry.db")) != NULL &&
				      strstr(loaded.error, reason) != NULL,
			      "%s: %s", reason, loaded.error);
		code = strstr(loaded.error, "(SQLite error ");
		ck_assert_msg(!code || strchr(code, ')')[1] == '\0',
			      "an error of the system follows: %s", loaded.error);
		assert_untouched(&before, folder);
		loaded_clear(&loaded);
	}
	snapshot_clear(&before);
}

/* Faults of a whole file. */

static void cut_after_two_pages(const struct state_folder *folder)
{
	ck_assert_int_eq(truncate(path_in(folder, "registry.db"), 2 * 4096), 0);
}

static void cut_in_the_first_page(const struct state_folder *folder)
{
	ck_assert_int_eq(truncate(path_in(folder, "registry.db"), 200), 0);
}

static void empty(const struct state_folder *folder)
{
	write_file(path_in(folder, "registry.db"), "", 0);
}

static void garbage(const struct state_folder *folder)
{
	char text[10000];

	memset(text, 'x', sizeof(text));
	write_file(path_in(folder, "registry.db"), text, sizeof(text));
}

static void remove_database(const struct state_folder *folder)
{
	write_file(path_in(folder, "registry.db-wal"), "the log", 7);
	ck_assert_int_eq(unlink(path_in(folder, "registry.db")), 0);
}

static void another_format(const struct state_folder *folder)
{
	empty(folder);
	run_sql(folder, "CREATE TABLE recipes (name TEXT)");
}

static const struct {
	void (*spoil)(const struct state_folder *folder); /* or SQL */
	const char *sql;
	const char *reason;
} files[] = {
	{ NULL, "PRAGMA user_version = 3", "a newer gpalayoutd" },
	{ NULL, "PRAGMA user_version = 0", "damaged" },
	{ NULL, "PRAGMA user_version = -1", "damaged" },
	{ NULL, "PRAGMA application_id = 1", "not a registry of gpalayoutd" },
	{ NULL, "DROP TABLE layouts", "damaged" },
	{ NULL, "DROP TABLE events", "damaged: no such table" },
	{ NULL, "DROP TABLE state", "damaged: no such table" },
	{ NULL, "DELETE FROM state", "damaged: its state is missing" },
	{ NULL, "ALTER TABLE layouts RENAME COLUMN checksum TO sum", "damaged" },
	/* Events that are invalid, or do not match the revisions. */
	{ NULL, "DELETE FROM events WHERE revision = (SELECT max(revision) FROM events)",
	  "damaged" },
	{ NULL, "UPDATE state SET revision = revision + 1", "damaged" },
	{ NULL, "UPDATE state SET revision = revision - 1", "damaged" },
	{ NULL, "UPDATE events SET event = 'moved'", "damaged" },
	{ NULL, "UPDATE events SET digest = hex(zeroblob(36))", "is invalid" },
	{ NULL, "UPDATE events SET name = hex(zeroblob(33))", "is invalid" },
	{ NULL, "UPDATE events SET uid = -1", "is invalid" },
	{ NULL, "UPDATE events SET uid = uid + 1", "checksum of the event" },
	{ NULL, "UPDATE events SET at_ms = at_ms + 1", "checksum of the event" },
	{ NULL, "UPDATE events SET generation = generation + 1", "checksum of the event" },
	/* As written by a version that does not have these columns. */
	{ NULL, "UPDATE events SET generation = NULL, at_ms = NULL, uid = NULL",
	  "checksum of the event" },
	{ NULL, "DELETE FROM events WHERE revision = (SELECT min(revision) + 1 FROM events)",
	  "damaged" },
	{ cut_after_two_pages, NULL, "malformed" },
	{ cut_in_the_first_page, NULL, "cannot be" },
	{ empty, NULL, "not an SQLite database" },
	{ garbage, NULL, "not an SQLite database" },
	{ remove_database, NULL, "registry.db-wal" },
	{ another_format, NULL, "not a registry of gpalayoutd" },
};

static void refuse_file(int row, bool crashed)
{
	struct state_folder folder;

	make_registry(&folder, crashed);
	if (files[row].sql)
		run_sql(&folder, files[row].sql);
	else
		files[row].spoil(&folder);
	assert_refused(&folder, files[row].reason);
	folder_clear(&folder);
}

START_TEST(a_file_that_cannot_be_used_is_left_as_it_is)
{
	refuse_file(_i, false);
}
END_TEST

/* The number of rows with SQL. Their changes go to the WAL, if there is one. */
#define SQL_ROWS 21

START_TEST(a_file_that_cannot_be_used_is_left_as_it_is_with_its_wal)
{
	refuse_file(_i, true);
}
END_TEST

START_TEST(a_registry_can_be_made_again_where_a_file_was_removed)
{
	struct state_folder folder;

	make_registry(&folder, false);
	remove_database(&folder);
	assert_refused(&folder, "missing");
	ck_assert_int_eq(unlink(path_in(&folder, "registry.db-wal")), 0);
	close_store(open_store(&folder, &loaded));
	ck_assert_uint_eq(loaded.record_count, 0);
	folder_clear(&folder);
}
END_TEST

START_TEST(pages_of_another_size_are_refused)
{
	struct state_folder folder;

	make_registry(&folder, false);
	run_sql(&folder, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 8192; VACUUM;"
			 "PRAGMA journal_mode = WAL");
	assert_refused(&folder, "8192");
	run_sql(&folder, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 4096; VACUUM;"
			 "PRAGMA journal_mode = WAL");
	close_store(open_store(&folder, &loaded));
	loaded_clear(&loaded);
	folder_clear(&folder);
}
END_TEST

/* Faults of a record. */

static const struct {
	const char *sql;
	const char *name;
} columns[] = {
	{ "UPDATE layouts SET name = 'victin' WHERE name = 'victim'", "victin" },
	{ "UPDATE layouts SET generation = generation - 1 WHERE name = 'victim'", "victim" },
	{ "UPDATE layouts SET owner_uid = 0 WHERE name = 'victim'", "victim" },
	{ "UPDATE layouts SET created_at_ms = -created_at_ms WHERE name = 'victim'", "victim" },
	{ "UPDATE layouts SET updated_at_ms = updated_at_ms + 1 WHERE name = 'victim'", "victim" },
	{ "UPDATE layouts SET digest = (SELECT digest FROM layouts WHERE name = 'good')"
	  " WHERE name = 'victim'",
	  "victim" },
	{ "UPDATE layouts SET digest = '' WHERE name = 'victim'", "victim" },
	/* Whole and valid, but of another layout. */
	{ "UPDATE layouts SET request = (SELECT request FROM layouts WHERE name = 'good')"
	  " WHERE name = 'victim'",
	  "victim" },
	{ "UPDATE layouts SET layout = (SELECT layout FROM layouts WHERE name = 'good'),"
	  " digest = (SELECT digest FROM layouts WHERE name = 'good') WHERE name = 'victim'",
	  "victim" },
	{ "UPDATE layouts SET checksum = (SELECT checksum FROM layouts WHERE name = 'good')"
	  " WHERE name = 'victim'",
	  "victim" },
	{ "UPDATE layouts SET checksum = x'' WHERE name = 'victim'", "victim" },
	{ "UPDATE layouts SET checksum = CAST(checksum || x'00' AS BLOB) WHERE name = 'victim'",
	  "victim" },
	{ "UPDATE layouts SET name = CAST(name || x'00' || 'x' AS TEXT) WHERE name = 'victim'",
	  "victim" },
	{ "UPDATE layouts SET owner_uid = owner_uid + 4294967296 WHERE name = 'victim'", "victim" },
	/* Empty, too long, too short. */
	{ "UPDATE layouts SET request = x'' WHERE name = 'victim'", "victim" },
	{ "UPDATE layouts SET layout = x'' WHERE name = 'victim'", "victim" },
	{ "UPDATE layouts SET layout = CAST(layout || x'00' AS BLOB) WHERE name = 'victim'",
	  "victim" },
	{ "UPDATE layouts SET layout = substr(layout, 1, 100) WHERE name = 'victim'", "victim" },
};

START_TEST(a_damaged_record_is_named)
{
	struct state_folder folder;
	char damage[64];

	make_registry(&folder, _i % 2);
	run_sql(&folder, columns[_i].sql);
	assert_refused(&folder, "damaged: 1 of its layouts");
	ck_assert_uint_eq(loaded.damage_count, 1);
	snprintf(damage, sizeof(damage), "%s: its checksum is wrong", columns[_i].name);
	ck_assert_str_eq(loaded.damage[0], damage);
	folder_clear(&folder);
}
END_TEST

START_TEST(all_damaged_records_are_named)
{
	struct state_folder folder;

	make_registry(&folder, false);
	run_sql(&folder, "UPDATE layouts SET generation = generation + 1");
	assert_refused(&folder, "damaged: 2 of its layouts");
	ck_assert_uint_eq(loaded.damage_count, 2);
	/* The advice in the message helps. */
	run_sql(&folder, "DELETE FROM layouts");
	close_store(open_store(&folder, &loaded));
	ck_assert_uint_eq(loaded.record_count, 0);
	ck_assert_uint_eq(loaded.event_count, 3);
	folder_clear(&folder);
}
END_TEST

/* Flips every bit of a stored value, one at a time. */
static void assert_flips_found(const struct gpald_stored_record *stored,
			       const struct gpald_blob *checksum, void *bytes, size_t length)
{
	enum gpald_record_problem problem;

	for (size_t bit = 0; bit < 8 * length; bit++) {
		uint8_t *byte = (uint8_t *)bytes + bit / 8;

		*byte ^= (uint8_t)(1u << bit % 8);
		ck_assert_ptr_null(gpald_record_load(stored, checksum, &problem));
		ck_assert_int_eq(problem, GPALD_RECORD_CHECKSUM);
		*byte ^= (uint8_t)(1u << bit % 8);
	}
}

START_TEST(each_flipped_bit_of_a_record_is_found)
{
	struct gpald_record *record = full_record("victim"), *again;
	struct gpald_stored_record stored = gpald_record_as_stored(record);
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	const struct gpald_blob checksum = { sum, sizeof(sum) };
	enum gpald_record_problem problem;
	char name[] = "victim";

	stored.name = name;
	gpald_stored_record_checksum(&stored, sum);
	assert_flips_found(&stored, &checksum, name, sizeof(name) - 1);
	assert_flips_found(&stored, &checksum, &stored.facts.generation,
			   sizeof(stored.facts.generation));
	assert_flips_found(&stored, &checksum, &stored.facts.owner_uid,
			   sizeof(stored.facts.owner_uid));
	assert_flips_found(&stored, &checksum, &stored.facts.created_at_ms,
			   sizeof(stored.facts.created_at_ms));
	assert_flips_found(&stored, &checksum, &stored.facts.updated_at_ms,
			   sizeof(stored.facts.updated_at_ms));
	assert_flips_found(&stored, &checksum, record->digest, strlen(record->digest));
	assert_flips_found(&stored, &checksum, record->request.data, record->request.length);
	assert_flips_found(&stored, &checksum, record->layout.data, record->layout.length);
	assert_flips_found(&stored, &checksum, sum, sizeof(sum));
	/* The unchanged record is accepted. */
	again = gpald_record_load(&stored, &checksum, &problem);
	ck_assert_int_eq(problem, GPALD_RECORD_FINE);
	assert_records_equal(again, record);
	gpald_record_unref(again);
	gpald_record_unref(record);
}
END_TEST

/* The record was stored with this fault, by a bug or by another version. */
static void assert_problem(const struct gpald_stored_record *stored,
			   enum gpald_record_problem expected)
{
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	const struct gpald_blob checksum = { sum, sizeof(sum) };
	enum gpald_record_problem problem;

	gpald_stored_record_checksum(stored, sum);
	ck_assert_ptr_null(gpald_record_load(stored, &checksum, &problem));
	ck_assert_int_eq(problem, expected);
}

START_TEST(a_record_that_was_stored_wrong_is_found)
{
	struct gpald_record *record = full_record("victim");
	const struct gpald_stored_record right = gpald_record_as_stored(record);
	const struct gpal_request request = rich_request();
	struct gpal_layout *layout = resolve(&request);
	struct gpald_stored_record stored = right;
	struct gpald_blob changed;
	uint8_t *policy;

	stored.digest = "sha256:0";
	assert_problem(&stored, GPALD_RECORD_DIGEST);
	stored = right;
	stored.layout.length--;
	assert_problem(&stored, GPALD_RECORD_UNREADABLE);
	stored = right;
	stored.request = (struct gpald_blob){ 0 };
	assert_problem(&stored, GPALD_RECORD_UNREADABLE);
	stored = right;
	stored.name = "no\nname";
	assert_problem(&stored, GPALD_RECORD_UNREADABLE);
	stored = right;
	stored.facts.generation = 0;
	assert_problem(&stored, GPALD_RECORD_UNREADABLE);
	stored.facts.generation = GPALD_GENERATION_MAX + 1;
	assert_problem(&stored, GPALD_RECORD_UNREADABLE);
	/* A range of the map belongs to nothing in the layout. */
	layout->ram_count--;
	stored = right;
	stored.layout = changed = layout_blob(layout);
	assert_problem(&stored, GPALD_RECORD_LAYOUT);
	gpald_blob_free(&changed);
	gpal_layout_free(layout);
	/* A newer version may have this policy: the last digit of its name differs. */
	policy = memmem(record->layout.data, record->layout.length, "openvmm-2026.0", 14);
	ck_assert_ptr_nonnull(policy);
	policy[14] = '9';
	assert_problem(&right, GPALD_RECORD_UNKNOWN_POLICY);
	/* A newer version may have this form. */
	record->layout.data[0] = 99;
	assert_problem(&right, GPALD_RECORD_NEWER);
	gpald_record_unref(record);
}
END_TEST

/* The checksum is right, so the record is not damaged. It needs another version of the daemon. */
static void assert_newer(const struct gpald_record *record)
{
	struct state_folder folder;
	struct gpald_store *store;

	folder_init(&folder);
	store = open_store(&folder, NULL);
	ck_assert_int_eq(put(store, record), GPALD_COMMIT_DONE);
	close_store(store);
	assert_refused(&folder, "used by a newer gpalayoutd, which made 1 of its layouts");
	folder_clear(&folder);
}

START_TEST(records_of_a_newer_version_are_no_damage)
{
	struct gpald_record *record = full_record("newer");
	uint8_t *policy = memmem(record->layout.data, record->layout.length, "openvmm-2026.0", 14);

	ck_assert_ptr_nonnull(policy);
	policy[14] = '9';
	assert_newer(record);
	record->layout.data[0] = 99;
	assert_newer(record);
	gpald_record_unref(record);
}
END_TEST

/* With these options a sanitizer returns NULL for a huge allocation, as the C library does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

START_TEST(a_record_is_not_made_without_memory)
{
	const struct gpal_request request = rich_request();
	struct gpal_layout *layout = resolve(&request);
	const struct gpald_record_facts facts = { .generation = 1 };
	const struct gpald_blob small = { .length = 0 }, huge = { .length = SIZE_MAX / 2 };

	ck_assert_ptr_null(gpald_record_new("vm", &facts, &small, &huge, layout));
	gpal_layout_free(layout);
}
END_TEST

/* Damaged bytes of the file itself. */

/*
 * Flips a bit at the next place, from *from on, that has the bytes of `needle`, and writes the
 * file. Returns false if there is no such place.
 */
static bool flip_next(const struct state_folder *folder, const void *needle, size_t length,
		      struct gpald_blob *bytes, const uint8_t **from)
{
	uint8_t *at = memmem(*from, bytes->length - (size_t)(*from - bytes->data), needle, length);

	if (!at)
		return false;
	at[length / 2] ^= 4;
	write_file(path_in(folder, "registry.db"), bytes->data, bytes->length);
	at[length / 2] ^= 4;
	*from = at + 1;
	return true;
}

START_TEST(a_flipped_bit_in_the_bytes_of_a_record_is_found_by_name)
{
	struct gpald_record *victim = full_record("victim");
	const struct gpald_stored_record stored = gpald_record_as_stored(victim);
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	const struct gpald_blob parts[] = { victim->request, victim->layout, { sum, sizeof(sum) } };
	struct state_folder folder;
	struct gpald_blob bytes;

	gpald_stored_record_checksum(&stored, sum);
	make_registry(&folder, false);
	bytes = read_file(path_in(&folder, "registry.db"));
	for (int i = 0; i < COUNT_OF(parts); i++) {
		const uint8_t *from = bytes.data;

		ck_assert(flip_next(&folder, parts[i].data, parts[i].length, &bytes, &from));
		assert_refused(&folder, "damaged: 1 of its layouts");
		ck_assert_uint_eq(loaded.damage_count, 1);
		ck_assert_int_eq(strncmp(loaded.damage[0], "victim: ", 8), 0);
	}
	gpald_blob_free(&bytes);
	gpald_record_unref(victim);
	folder_clear(&folder);
}
END_TEST

/* The name is in the table, in its index and in an event. */
START_TEST(a_flipped_bit_in_a_name_is_found)
{
	struct state_folder folder;
	struct gpald_blob bytes;
	const uint8_t *from;
	int refused = 0, places = 0;

	make_registry(&folder, false);
	bytes = read_file(path_in(&folder, "registry.db"));
	from = bytes.data;
	while (flip_next(&folder, "victim", 6, &bytes, &from)) {
		struct gpald_store *store = try_open(&folder, &loaded);

		places++;
		if (store)
			close_store(store);
		else
			refused++;
		loaded_clear(&loaded);
	}
	ck_assert_int_eq(places, 3);
	ck_assert_int_eq(refused, places);
	gpald_blob_free(&bytes);
	folder_clear(&folder);
}
END_TEST

/* SQLite would play back a journal with content. A crash may leave an empty one. */
START_TEST(a_journal_of_another_program_is_left_alone)
{
	struct state_folder folder;

	make_registry(&folder, false);
	write_file(path_in(&folder, "registry.db-journal"), "j", 1);
	assert_refused(&folder, "another program has not finished");
	write_file(path_in(&folder, "registry.db-journal"), "", 0);
	close_store(open_store(&folder, NULL));
	folder_clear(&folder);
}
END_TEST

/* Returns the length of the used pages. The rest of the file is only set aside. */
static size_t used_bytes(const struct gpald_blob *bytes)
{
	const size_t pages = (size_t)bytes->data[30] << 8 | bytes->data[31];

	ck_assert_uint_gt(pages, 3);
	ck_assert_uint_lt(pages * 4096, bytes->length);
	return pages * 4096;
}

START_TEST(a_file_with_any_wrong_byte_is_refused_or_gives_the_same_records)
{
	struct gpald_record *good = plain_record("good", 1), *victim = full_record("victim");
	struct state_folder folder;
	struct gpald_blob bytes;
	size_t refused = 0;

	make_registry(&folder, false);
	bytes = read_file(path_in(&folder, "registry.db"));
	for (size_t at = 0; at < used_bytes(&bytes); at += at < 200 ? 1 : 53) {
		struct gpald_store *store;

		bytes.data[at] ^= (uint8_t)(1u << at % 8);
		write_file(path_in(&folder, "registry.db"), bytes.data, bytes.length);
		bytes.data[at] ^= (uint8_t)(1u << at % 8);
		store = try_open(&folder, &loaded);
		if (store) {
			ck_assert_uint_eq(loaded.record_count, 2);
			assert_records_equal(loaded_find(&loaded, "good"), good);
			assert_records_equal(loaded_find(&loaded, "victim"), victim);
			close_store(store);
		} else {
			ck_assert_ptr_nonnull(
				strstr(loaded.error, path_in(&folder, "registry.db")));
			refused++;
		}
		loaded_clear(&loaded);
		unlink(path_in(&folder, "registry.db-wal"));
		unlink(path_in(&folder, "registry.db-journal"));
	}
	ck_assert_uint_gt(refused, 30);
	gpald_blob_free(&bytes);
	gpald_record_unref(good);
	gpald_record_unref(victim);
	folder_clear(&folder);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sqlite_damage");

	add_rows(suite, "files", a_file_that_cannot_be_used_is_left_as_it_is, COUNT_OF(files));
	add_rows(suite, "files", a_file_that_cannot_be_used_is_left_as_it_is_with_its_wal,
		 SQL_ROWS);
	add_test(suite, "files", a_registry_can_be_made_again_where_a_file_was_removed);
	add_test(suite, "files", a_journal_of_another_program_is_left_alone);
	add_test(suite, "files", pages_of_another_size_are_refused);
	add_rows(suite, "records", a_damaged_record_is_named, COUNT_OF(columns));
	add_test(suite, "records", all_damaged_records_are_named);
	add_test(suite, "records", each_flipped_bit_of_a_record_is_found);
	add_test(suite, "records", a_record_that_was_stored_wrong_is_found);
	add_test(suite, "records", records_of_a_newer_version_are_no_damage);
	add_test(suite, "records", a_record_is_not_made_without_memory);
	add_test(suite, "bytes", a_flipped_bit_in_the_bytes_of_a_record_is_found_by_name);
	add_test(suite, "bytes", a_flipped_bit_in_a_name_is_found);
	add_test(suite, "bytes", a_file_with_any_wrong_byte_is_refused_or_gives_the_same_records);
	return run_suite(suite);
}
