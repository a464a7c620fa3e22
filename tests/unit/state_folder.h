/* SPDX-License-Identifier: MIT */
/* Makes state folders with a registry.db, fills them, reads them and damages them. */
#ifndef GPALD_TESTS_UNIT_STATE_FOLDER_H
#define GPALD_TESTS_UNIT_STATE_FOLDER_H

#include "registry/store.h"
#include "tests/unit/records.h"

#include <stdio.h>
#include <sys/stat.h>

#define EVENT_UID UINT32_C(4000000000) /* who makes the changes of put() */
#define BYTES_MAX (UINT64_C(1) << 30)
#define EVENTS_KEPT 64

struct state_folder {
	char parent[64];
	char path[80]; /* in the parent; not made at first */
};

void folder_init(struct state_folder *folder);
void folder_clear(struct state_folder *folder); /* removes the folder and its parent */

/* Returns the path of a file in the folder. It is valid until the next call. */
const char *path_in(const struct state_folder *folder, const char *name);

void write_file(const char *path, const void *data, size_t length);
struct gpald_blob read_file(const char *path);
bool file_exists(const char *path);

/* Makes a folder with a copy of registry.db and its WAL, as a crash leaves them. */
void copy_files(const struct state_folder *from, const struct state_folder *to);

/* Returns how many bytes of the WAL of registry.db hold changes; 0 without a WAL. */
size_t used_bytes_of_wal(const struct state_folder *folder);

/* Runs SQL on registry.db. Its changes stay in the WAL, if there is one. */
void run_sql(const struct state_folder *folder, const char *sql);

/* The contents of a folder, for a later comparison. */
struct snapshot {
	size_t count;
	struct {
		char name[64];
		mode_t mode;
		struct gpald_blob bytes;
	} files[8];
};

void snapshot_take(struct snapshot *snapshot, const struct state_folder *folder);
void snapshot_clear(struct snapshot *snapshot);

/* Fails the test unless the folder has the same files with the same bytes and modes. */
void assert_untouched(const struct snapshot *before, const struct state_folder *folder);

/* The content that a store has loaded. */
#define LOADED_MAX 512

struct loaded {
	bool ok;
	char error[GPALD_STORE_ERROR_SIZE];
	struct gpald_store_state state;
	struct gpald_record *records[LOADED_MAX];
	size_t record_count;
	struct gpald_event events[LOADED_MAX];
	size_t event_count;
	char damage[LOADED_MAX][128]; /* "name: problem" */
	size_t damage_count;
};

/* Returns the record of a name, or NULL. */
const struct gpald_record *loaded_find(const struct loaded *loaded, const char *name);
void loaded_clear(struct loaded *loaded);

/* Opens and loads a store. Returns NULL if one of the two failed. */
struct gpald_store *open_with(const struct state_folder *folder,
			      const struct gpald_sqlite_options *options, struct loaded *loaded);
struct gpald_store *try_open(const struct state_folder *folder, struct loaded *loaded);

/* Opens and loads a store, and fails the test on an error. `loaded` may be NULL. */
struct gpald_store *open_store(const struct state_folder *folder, struct loaded *loaded);
void close_store(struct gpald_store *store);

/* Commits a single change. */
enum gpald_commit_result put(struct gpald_store *store, const struct gpald_record *record);
enum gpald_commit_result drop(struct gpald_store *store, const char *name, uint64_t generation);

/* Returns a change that can be put in a list. */
struct gpald_store_change change_of(const struct gpald_record *record);

/* Commits an array of changes in one transaction. */
enum gpald_commit_result commit_together(struct gpald_store *store,
					 struct gpald_store_change *changes, size_t count,
					 char error[GPALD_STORE_ERROR_SIZE]);

/* Return the record of a plain request, or of rich_request(). */
struct gpald_record *plain_record(const char *name, uint64_t generation);
struct gpald_record *full_record(const char *name);

#endif
