/* SPDX-License-Identifier: MIT */
/*
 * Reserves disk space, so that deleting layouts and a start work on a full disk:
 *
 * - A page of the database gets its space in the file before the transaction that adds it is
 *   committed, so moving the WAL into the database needs no space. The pages that deletions may
 *   need are reserved, too.
 * - The WAL never becomes shorter than a deletion needs. If a transaction finds no space for a
 *   longer WAL, the WAL is moved into the database and used again from its start.
 *
 * This space is never given back, not even when the daemon exits, because another program could
 * take free space at any moment.
 */
#include "config.h"

#include "registry/sqlite_database.h"
#include "registry/sqlite_wal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAL_BYTES_MIN (INT64_C(256) << 10) /* a deletion writes about 20 pages */
/*
 * Limit on the pages that are reserved ahead in proportion to the file. Together with the pages for
 * deletions they take less than 1 GiB. The chunk of a file of 2 GiB or more is at least 1 GiB, so
 * SQLite does not cut off a whole chunk; see keep_file_size().
 */
#define PAGES_AHEAD_MAX 32768

static bool is_space_error(int code)
{
	return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

static enum gpald_commit_result system_failure(const struct gpald_sqlite *store, int code,
					       char error[GPALD_STORE_ERROR_SIZE])
{
	gpald_sqlite_fail(error, "%s: cannot be written: %s", store->path, strerror(code));
	return is_space_error(code) ? GPALD_COMMIT_FULL : GPALD_COMMIT_FAILED;
}

enum gpald_commit_result gpald_sqlite_classify_error(const struct gpald_sqlite *store, int file,
						     char error[GPALD_STORE_ERROR_SIZE])
{
	const int code = sqlite3_extended_errcode(store->db);
	const int system = code == SQLITE_IOERR_WRITE ? gpald_sqlite_system_error(store, file) : 0;

	gpald_sqlite_fail_with_cause(error, store, "cannot be written");
	if (gpald_sqlite_lacked_memory(store))
		return GPALD_COMMIT_NO_MEMORY;
	return code == SQLITE_FULL || is_space_error(system) ? GPALD_COMMIT_FULL :
							       GPALD_COMMIT_FAILED;
}

/*
 * Keeps SQLite from shortening the file. After a checkpoint, SQLite cuts the file to a multiple of
 * the chunk size. So the chunk size becomes the size of the file, or a part of it that fits in an
 * int.
 */
static void keep_file_size(struct gpald_sqlite *store)
{
	uint64_t bytes = store->pages_on_disk * GPALD_SQLITE_PAGE_BYTES;
	int chunk;

	while (bytes > INT_MAX)
		bytes /= 2;
	chunk = (int)bytes;
	sqlite3_file_control(store->db, "main", SQLITE_FCNTL_CHUNK_SIZE, &chunk);
}

/* Reserves disk space for the first `pages` pages. Returns 0 or an errno. */
static int grow_file(struct gpald_sqlite *store, uint64_t pages)
{
	const off_t from = (off_t)store->pages_on_disk * GPALD_SQLITE_PAGE_BYTES,
		    to = (off_t)pages * GPALD_SQLITE_PAGE_BYTES;
	struct stat before;
	int code;

	if (fstat(store->database_fd, &before))
		return errno;
	code = posix_fallocate(store->database_fd, from, to - from);
	if (code) {
		/*
		 * Some file systems keep the part that they could reserve, which is of no use here.
		 */
		(void)!ftruncate(store->database_fd, before.st_size);
		return code;
	}
	if (fdatasync(store->database_fd))
		return errno;
	store->pages_on_disk = pages;
	keep_file_size(store);
	return 0;
}

/*
 * Returns how many pages, in addition to those in use, deleting all layouts may need. Each deletion
 * adds an event, and at least 16 events fit in a page; no more than events_kept are kept. A page
 * has at most 16 layouts, and may become free only after most of them are deleted, so their events
 * fill no more pages than the layouts did. Half of the pages in use have been enough for all orders
 * of deletion in tests/socket/test_full_disk.py; 16 more are a margin.
 */
static uint64_t deletion_pages(const struct gpald_sqlite *store, uint64_t used)
{
	const uint64_t events = store->events_kept / 16;

	return 16 + (used / 2 < events ? used / 2 : events);
}

static bool query_count(struct gpald_sqlite *store, enum gpald_sqlite_statement which,
			uint64_t *value)
{
	sqlite3_stmt *statement = store->prepared[which];
	const bool done = sqlite3_step(statement) == SQLITE_ROW;

	*value = done ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	return sqlite3_reset(statement) == SQLITE_OK && done;
}

/* Reserves more than needed, so that most commits need not wait for it. */
static int grow_ahead(struct gpald_sqlite *store, uint64_t pages)
{
	const uint64_t most = store->pages_max + deletion_pages(store, store->pages_max);
	uint64_t ahead = pages + 16 + (pages / 8 < PAGES_AHEAD_MAX ? pages / 8 : PAGES_AHEAD_MAX);
	int code = 0;

	if (ahead > most)
		ahead = most > pages ? most : pages;
	if (pages > store->pages_on_disk)
		code = grow_file(store, ahead);
	return is_space_error(code) && ahead > pages ? grow_file(store, pages) : code;
}

static bool count_pages(struct gpald_sqlite *store, uint64_t *pages, uint64_t *used)
{
	uint64_t unused;

	if (!query_count(store, GPALD_SQLITE_COUNT_PAGES, pages) ||
	    !query_count(store, GPALD_SQLITE_COUNT_FREE, &unused))
		return false;
	*used = *pages - unused;
	return true;
}

/*
 * Returns whether the transaction exceeds the limit. A database that is above the limit may keep
 * its size. Only deletions may use the pages that deletions have added; otherwise the database
 * would grow whenever new layouts took them.
 */
static bool exceeds_limit(const struct gpald_sqlite *store, uint64_t pages, uint64_t used,
			  bool is_deletion)
{
	const uint64_t had = is_deletion ? store->pages : store->pages_used;
	const uint64_t limit = store->pages_max > had ? store->pages_max : had;

	return is_deletion ? pages > limit + deletion_pages(store, limit) : used > limit;
}

enum gpald_commit_result gpald_sqlite_reserve(struct gpald_sqlite *store, bool is_deletion,
					      char error[GPALD_STORE_ERROR_SIZE])
{
	uint64_t pages, used, wanted;
	int code;

	if (!count_pages(store, &pages, &used))
		return gpald_sqlite_classify_error(store, SQLITE_FCNTL_FILE_POINTER, error);
	wanted = used + deletion_pages(store, used);
	store->is_at_limit = exceeds_limit(store, pages, used, is_deletion);
	if (store->is_at_limit) {
		gpald_sqlite_fail(error, "%s: the database would exceed the limit store_bytes",
				  store->path);
		return GPALD_COMMIT_FULL;
	}
	code = grow_ahead(store, is_deletion || wanted < pages ? pages : wanted);
	if (code)
		return system_failure(store, code, error);
	store->pages = pages;
	store->pages_used = used;
	return GPALD_COMMIT_DONE;
}

enum gpald_commit_result gpald_sqlite_checkpoint(struct gpald_sqlite *store,
						 char error[GPALD_STORE_ERROR_SIZE])
{
	int code;

	if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL) !=
	    SQLITE_OK)
		return gpald_sqlite_classify_error(store, SQLITE_FCNTL_FILE_POINTER, error);
	store->wal_pages = 0;
	code = gpald_sqlite_reset_wal(store->folder_fd, GPALD_SQLITE_FILE_NAME "-wal",
				      WAL_BYTES_MIN);
	return code ? system_failure(store, code, error) : GPALD_COMMIT_DONE;
}

bool gpald_sqlite_begin_use(struct gpald_sqlite *store, char error[GPALD_STORE_ERROR_SIZE])
{
	struct stat status;
	enum gpald_commit_result result;

	store->database_fd = openat(store->folder_fd, GPALD_SQLITE_FILE_NAME, O_RDWR | O_CLOEXEC);
	if (store->database_fd < 0 || fstat(store->database_fd, &status))
		return gpald_sqlite_fail(error, "%s: cannot be opened: %s", store->path,
					 strerror(errno));
	store->pages_on_disk = (uint64_t)status.st_size / GPALD_SQLITE_PAGE_BYTES;
	keep_file_size(store);
	result = gpald_sqlite_checkpoint(store, error);
	/* A copy of the file may have holes. If the disk is full, some of them remain. */
	posix_fallocate(store->database_fd, 0, status.st_size);
	if (result == GPALD_COMMIT_DONE || result == GPALD_COMMIT_FULL)
		result = count_pages(store, &store->pages, &store->pages_used) ?
				 gpald_sqlite_reserve(store, false, error) :
				 gpald_sqlite_classify_error(store, SQLITE_FCNTL_FILE_POINTER,
							     error);
	if (result == GPALD_COMMIT_FULL)
		error[0] = '\0';
	return result == GPALD_COMMIT_DONE || result == GPALD_COMMIT_FULL;
}
