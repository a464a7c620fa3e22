/* SPDX-License-Identifier: MIT */
/*
 * Makes, fills and damages state folders. These functions synchronise nothing, because that takes
 * time; only the store under test does.
 */
#include "config.h"

#include "tests/unit/state_folder.h"

#include "registry/sqlite_wal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void folder_init(struct state_folder *folder)
{
	const char *root = getenv("TMPDIR");

	if (!root || strlen(root) > 32)
		root = "/tmp";
	snprintf(folder->parent, sizeof(folder->parent), "%s/gpalayoutd-XXXXXX", root);
	ck_assert_ptr_nonnull(mkdtemp(folder->parent));
	snprintf(folder->path, sizeof(folder->path), "%s/state", folder->parent);
}

/* Calls `visit` for each file. The folder contains no folders. */
static void for_each_file(const struct state_folder *folder,
			  void (*visit)(const struct state_folder *folder, const char *name,
					void *data),
			  void *data)
{
	DIR *dir = opendir(folder->path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			visit(folder, entry->d_name, data);
	if (dir)
		closedir(dir);
}

static void remove_file(const struct state_folder *folder, const char *name, void *data)
{
	(void)data;
	ck_assert_int_eq(unlink(path_in(folder, name)), 0);
}

void folder_clear(struct state_folder *folder)
{
	for_each_file(folder, remove_file, NULL);
	rmdir(folder->path);
	ck_assert_int_eq(rmdir(folder->parent), 0);
}

const char *path_in(const struct state_folder *folder, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	return path;
}

void write_file(const char *path, const void *data, size_t length)
{
	FILE *file = fopen(path, "w");

	ck_assert_msg(file != NULL, "%s cannot be written", path);
	ck_assert_uint_eq(fwrite(data, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

struct gpald_blob read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	struct stat status;
	struct gpald_blob blob;

	ck_assert_msg(file != NULL, "%s cannot be read", path);
	ck_assert_int_eq(fstat(fileno(file), &status), 0);
	blob.length = (size_t)status.st_size;
	blob.data = malloc(blob.length + 1);
	ck_assert_uint_eq(fread(blob.data, 1, blob.length, file), blob.length);
	fclose(file);
	return blob;
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

void copy_files(const struct state_folder *from, const struct state_folder *to)
{
	static const char *const names[] = { "registry.db", "registry.db-wal" };

	ck_assert_int_eq(mkdir(to->path, 0700), 0);
	for (int i = 0; i < COUNT_OF(names); i++) {
		struct gpald_blob bytes;

		if (!file_exists(path_in(from, names[i])))
			continue;
		bytes = read_file(path_in(from, names[i]));
		write_file(path_in(to, names[i]), bytes.data, bytes.length);
		gpald_blob_free(&bytes);
	}
}

size_t used_bytes_of_wal(const struct state_folder *folder)
{
	uint64_t used;

	ck_assert_int_lt(
		gpald_sqlite_check_wal(AT_FDCWD, path_in(folder, "registry.db-wal"), &used),
		GPALD_SQLITE_WAL_DAMAGED);
	return (size_t)used;
}

void run_sql(const struct state_folder *folder, const char *sql)
{
	char *error = NULL;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path_in(folder, "registry.db"), &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
			  file_exists(path_in(folder, "registry.db-wal")) ? 1 : 0, NULL);
	sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF", NULL, NULL,
		     NULL);
	sqlite3_exec(db, sql, NULL, NULL, &error);
	ck_assert_msg(!error, "%s: %s", sql, error);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* Snapshots. */

static void add_file(const struct state_folder *folder, const char *name, void *data)
{
	struct snapshot *snapshot = data;
	struct stat status;

	ck_assert_int_lt((int)snapshot->count, COUNT_OF(snapshot->files));
	ck_assert_int_eq(stat(path_in(folder, name), &status), 0);
	snprintf(snapshot->files[snapshot->count].name, sizeof(snapshot->files[0].name), "%s",
		 name);
	snapshot->files[snapshot->count].mode = status.st_mode;
	snapshot->files[snapshot->count++].bytes = read_file(path_in(folder, name));
}

void snapshot_take(struct snapshot *snapshot, const struct state_folder *folder)
{
	snapshot->count = 0;
	for_each_file(folder, add_file, snapshot);
}

void snapshot_clear(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++)
		gpald_blob_free(&snapshot->files[i].bytes);
}

void assert_untouched(const struct snapshot *before, const struct state_folder *folder)
{
	struct snapshot after;

	snapshot_take(&after, folder);
	for (size_t i = 0; i < after.count; i++) {
		size_t j = 0;

		while (j < before->count && strcmp(before->files[j].name, after.files[i].name) != 0)
			j++;
		ck_assert_msg(j < before->count, "%s is new", after.files[i].name);
		ck_assert_msg(gpald_blob_equal(&before->files[j].bytes, &after.files[i].bytes),
			      "%s was changed", after.files[i].name);
		ck_assert_uint_eq(before->files[j].mode, after.files[i].mode);
	}
	ck_assert_uint_eq(after.count, before->count);
	snapshot_clear(&after);
}

/* Stores. */

static bool take_record(void *data, struct gpald_record *record)
{
	struct loaded *loaded = data;

	ck_assert_uint_lt(loaded->record_count, LOADED_MAX);
	loaded->records[loaded->record_count++] = record;
	return true;
}

static bool take_event(void *data, const struct gpald_event *event)
{
	struct loaded *loaded = data;

	ck_assert_uint_lt(loaded->event_count, LOADED_MAX);
	loaded->events[loaded->event_count++] = *event;
	return true;
}

static void take_damage(void *data, const char *name, const char *problem)
{
	struct loaded *loaded = data;

	ck_assert_uint_lt(loaded->damage_count, LOADED_MAX);
	snprintf(loaded->damage[loaded->damage_count++], sizeof(loaded->damage[0]), "%s: %s", name,
		 problem);
}

const struct gpald_record *loaded_find(const struct loaded *loaded, const char *name)
{
	for (size_t i = 0; i < loaded->record_count; i++)
		if (strcmp(loaded->records[i]->name, name) == 0)
			return loaded->records[i];
	return NULL;
}

void loaded_clear(struct loaded *loaded)
{
	for (size_t i = 0; i < loaded->record_count; i++)
		gpald_record_unref(loaded->records[i]);
	loaded->record_count = 0;
}

struct gpald_store *open_with(const struct state_folder *folder,
			      const struct gpald_sqlite_options *options, struct loaded *loaded)
{
	const struct gpald_loader loader = {
		.data = loaded,
		.record = take_record,
		.event = take_event,
		.damaged = take_damage,
		.events_max = options->events_kept,
	};
	struct gpald_sqlite_options with_folder = *options;
	struct gpald_store *store;

	with_folder.folder = folder->path;
	memset(loaded, 0, sizeof(*loaded));
	store = gpald_sqlite_store_open(&with_folder, loaded->error);
	if (!store)
		return NULL;
	loaded->ok = store->ops->load(store, &loader, &loaded->state, loaded->error);
	if (loaded->ok)
		return store;
	close_store(store);
	return NULL;
}

struct gpald_store *try_open(const struct state_folder *folder, struct loaded *loaded)
{
	const struct gpald_sqlite_options options = {
		.bytes_max = BYTES_MAX,
		.events_kept = EVENTS_KEPT,
	};

	return open_with(folder, &options, loaded);
}

struct gpald_store *open_store(const struct state_folder *folder, struct loaded *loaded)
{
	static struct loaded unwanted;
	struct loaded *used = loaded ? loaded : &unwanted;
	struct gpald_store *store = try_open(folder, used);

	ck_assert_msg(store != NULL, "%s", used->error);
	ck_assert_str_eq(used->error, "");
	if (!loaded)
		loaded_clear(&unwanted);
	return store;
}

void close_store(struct gpald_store *store)
{
	store->ops->close(store);
}

struct gpald_store_change change_of(const struct gpald_record *record)
{
	struct gpald_store_change change = {
		.record = record,
		.event.kind = GPALD_EVENT_CREATED,
		.event.generation = record->facts.generation,
		.event.at_ms = record->facts.updated_at_ms,
		.event.uid = EVENT_UID,
	};

	strcpy(change.event.name, record->name);
	strcpy(change.event.digest, record->digest);
	return change;
}

enum gpald_commit_result commit_together(struct gpald_store *store,
					 struct gpald_store_change *changes, size_t count,
					 char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_store_changes list = STAILQ_HEAD_INITIALIZER(list);

	for (size_t i = 0; i < count; i++)
		STAILQ_INSERT_TAIL(&list, &changes[i], entry);
	return store->ops->commit(store, &list, error);
}

static enum gpald_commit_result commit(struct gpald_store *store, struct gpald_store_change *change)
{
	char error[GPALD_STORE_ERROR_SIZE] = "";
	const enum gpald_commit_result result = commit_together(store, change, 1, error);

	/* A refused commit has an error text, which names the file. */
	ck_assert_int_eq(strstr(error, "registry.db") != NULL, result != GPALD_COMMIT_DONE);
	return result;
}

enum gpald_commit_result put(struct gpald_store *store, const struct gpald_record *record)
{
	struct gpald_store_change change = change_of(record);

	return commit(store, &change);
}

enum gpald_commit_result drop(struct gpald_store *store, const char *name, uint64_t generation)
{
	struct gpald_store_change change = {
		.event.kind = GPALD_EVENT_DELETED,
		.gone_generation = generation,
	};

	strcpy(change.event.name, name);
	strcpy(change.event.digest, "sha256:of-what-was-there");
	return commit(store, &change);
}

struct gpald_record *plain_record(const char *name, uint64_t generation)
{
	const struct gpald_record_facts facts = {
		.generation = generation,
		.owner_uid = 1000,
		.created_at_ms = INT64_C(1700000000000),
		.updated_at_ms = INT64_C(1700000000001),
	};
	const struct gpal_request request = VM(one_gib, );

	return record_of(name, &facts, &request);
}

struct gpald_record *full_record(const char *name)
{
	const struct gpald_record_facts facts = {
		.generation = (UINT64_C(1) << 53) - 1,
		.owner_uid = UINT32_MAX - 1,
		.created_at_ms = INT64_C(1800000000007),
		.updated_at_ms = INT64_C(1900000000009),
	};
	const struct gpal_request request = rich_request();

	return record_of(name, &facts, &request);
}
