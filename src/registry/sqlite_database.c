/* SPDX-License-Identifier: MIT */
/* Errors and simple statements, for all files of the SQLite store. */
#include "config.h"

#include "registry/sqlite_database.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool gpald_sqlite_fail(char error[GPALD_STORE_ERROR_SIZE], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, GPALD_STORE_ERROR_SIZE, format, args);
	va_end(args);
	return false;
}

int gpald_sqlite_system_error(const struct gpald_sqlite *store, int file)
{
	sqlite3_file *handle = NULL;
	int found = 0;

	sqlite3_file_control(store->db, "main", file, &handle);
	if (handle && handle->pMethods)
		handle->pMethods->xFileControl(handle, SQLITE_FCNTL_LAST_ERRNO, &found);
	return found;
}

bool gpald_sqlite_lacked_memory(const struct gpald_sqlite *store)
{
	const int code = sqlite3_extended_errcode(store->db);

	return code == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM;
}

bool gpald_sqlite_fail_with_cause(char error[GPALD_STORE_ERROR_SIZE],
				  const struct gpald_sqlite *store, const char *what)
{
	const int code = sqlite3_extended_errcode(store->db);
	int system = 0;

	if (gpald_sqlite_lacked_memory(store))
		return gpald_sqlite_fail(error, "%s: out of memory", store->path);
	if ((code & 0xff) == SQLITE_IOERR)
		system = gpald_sqlite_system_error(store, SQLITE_FCNTL_JOURNAL_POINTER);
	if ((code & 0xff) == SQLITE_IOERR && system == 0)
		system = gpald_sqlite_system_error(store, SQLITE_FCNTL_FILE_POINTER);

	if ((code & 0xff) == SQLITE_BUSY)
		return gpald_sqlite_fail(error, "%s: another program has it open", store->path);
	return gpald_sqlite_fail(error, "%s: %s: %s (SQLite error %d)%s%s", store->path, what,
				 sqlite3_errmsg(store->db), code, system ? ": " : "",
				 system ? strerror(system) : "");
}

bool gpald_sqlite_exec(struct gpald_sqlite *store, const char *sql, const char *what,
		       char error[GPALD_STORE_ERROR_SIZE])
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return gpald_sqlite_fail_with_cause(error, store, what);
}

bool gpald_sqlite_query_integer(struct gpald_sqlite *store, const char *sql, int64_t *value,
				char error[GPALD_STORE_ERROR_SIZE])
{
	sqlite3_stmt *statement = NULL;
	bool done = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
		    sqlite3_step(statement) == SQLITE_ROW;

	if (done)
		*value = sqlite3_column_int64(statement, 0);
	else
		gpald_sqlite_fail_with_cause(error, store, "cannot be read");
	sqlite3_finalize(statement);
	return done;
}

void gpald_store_state_checksum(const struct gpald_store_state *state,
				uint8_t sum[GPALD_CHECKSUM_SIZE])
{
	struct gpald_checksum checksum;

	gpald_checksum_begin(&checksum, "gpalayoutd-state-1");
	gpald_checksum_add_integer(&checksum, state->revision);
	gpald_checksum_add_integer(&checksum, state->generation_top);
	gpald_checksum_end(&checksum, sum);
}
