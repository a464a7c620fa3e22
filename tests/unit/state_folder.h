/* SPDX-License-Identifier: MIT */
/* State folders with a registry.db in them: made, filled, looked into and spoilt. */
#ifndef GPALD_TESTS_UNIT_STATE_FOLDER_H
#define GPALD_TESTS_UNIT_STATE_FOLDER_H

#include "registry/store.h"
#include "tests/unit/records.h"

#include <stdio.h>
#include <sys/stat.h>

#define EVENT_UID UINT32_C(4000000000) /* who has made what is put */
#define BYTES_MAX (UINT64_C(1) << 30)
#define EVENTS_KEPT 64

struct state_folder {
	char parent[64];
	char path[80]; /* in the parent; not made yet */
};

void folder_init(struct state_folder *folder);
void folder_clear(struct state_folder *folder); /* removes all there is */

/* The path of a file in it; valid until the next call. */
const char *path_in(const struct state_folder *folder, const char *name);

void write_file(const char *path, const void *data, size_t length);
struct gpald_blob read_file(const char *path);
bool file_exists(const char *path);

/* Copies registry.db and its log into another folder, which is made: as a crash leaves them. */
void copy_files(const struct state_folder *from, const struct state_folder *to);

/* How much of the log of registry.db has changes; 0 without a log. */
size_t used_bytes_of_log(const struct state_folder *folder);

/* Runs SQL on registry.db; what it writes stays in the log if there is one. */
void run_sql(const struct state_folder *folder, const char *sql);

/* Everything in a folder, to be compared later. */
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

/* Fails the test unless the folder has the same files with the same bytes. */
void assert_untouched(const struct snapshot *before, const struct state_folder *folder);

/* What a store has handed over. */
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

/* The record of a name, or NULL. */
const struct gpald_record *loaded_find(const struct loaded *loaded, const char *name);
void loaded_clear(struct loaded *loaded);

/* Opens and loads; NULL: one of the two failed. */
struct gpald_store *open_with(const struct state_folder *folder,
			      const struct gpald_sqlite_options *options, struct loaded *loaded);
struct gpald_store *try_open(const struct state_folder *folder, struct loaded *loaded);

/* The same, where it has to work; `loaded` may be NULL. */
struct gpald_store *open_store(const struct state_folder *folder, struct loaded *loaded);
void close_store(struct gpald_store *store);

/* One change, committed by itself. */
enum gpald_commit_result put(struct gpald_store *store, const struct gpald_record *record);
enum gpald_commit_result drop(struct gpald_store *store, const char *name, uint64_t generation);

/* Fills in a change, for a list. */
struct gpald_change change_of(const struct gpald_record *record);

/* Commits an array of changes in one transaction. */
enum gpald_commit_result commit_together(struct gpald_store *store, struct gpald_change *changes,
					 size_t count, char error[GPALD_STORE_ERROR_SIZE]);

/* A record of a plain request, or of everything. */
struct gpald_record *plain_record(const char *name, uint64_t generation);
struct gpald_record *full_record(const char *name);

#endif
