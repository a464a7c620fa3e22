/* SPDX-License-Identifier: MIT */
/* Checks SQLite's write-ahead log (WAL) for damage, and empties it. */
#ifndef GPALD_REGISTRY_SQLITE_WAL_H
#define GPALD_REGISTRY_SQLITE_WAL_H

#include <gpalayout/export.h>
#include <stdint.h>

enum gpald_sqlite_wal_state {
	GPALD_SQLITE_WAL_EMPTY,       /* no WAL, or one that gpald_sqlite_reset_wal() has emptied */
	GPALD_SQLITE_WAL_FINE,        /* complete, or cut off as by a crash */
	GPALD_SQLITE_WAL_DAMAGED,     /* SQLite would ignore acknowledged transactions */
	GPALD_SQLITE_WAL_UNREADABLE,  /* see errno */
	GPALD_SQLITE_WAL_NOT_REGULAR, /* a folder, a symbolic link, a pipe or the like */
};

/*
 * Checks the WAL of a database. SQLite reads a WAL up to the first wrong frame and silently ignores
 * the rest. If the rest shows that an ignored transaction was acknowledged, the WAL is damaged. The
 * last transaction is an exception: damage there looks like a transaction that was never finished.
 * `*readable` receives how many bytes of the WAL, from its beginning, SQLite can use.
 */
GPAL_MUST_USE enum gpald_sqlite_wal_state gpald_sqlite_check_wal(int folder_fd, const char *name,
								 uint64_t *readable);

/*
 * Empties a WAL whose changes are all in the database, sets its size to `bytes`, and reserves that
 * disk space. Returns 0, or an errno. After a power failure at any point, or ENOSPC and the like,
 * the WAL is empty or unchanged, but may lack some of its space.
 */
GPAL_MUST_USE int gpald_sqlite_reset_wal(int folder_fd, const char *name, int64_t bytes);

#endif
