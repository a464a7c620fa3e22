/* SPDX-License-Identifier: MIT */
/* SQLite's write-ahead log: whether it is what was written, and how it is emptied. */
#ifndef GPALD_REGISTRY_SQLITE_LOG_H
#define GPALD_REGISTRY_SQLITE_LOG_H

#include <gpalayout/export.h>
#include <stdint.h>

enum gpald_sqlite_log {
	GPALD_SQLITE_LOG_EMPTY,   /* there is none, or gpald_sqlite_clear_log() has emptied it */
	GPALD_SQLITE_LOG_FINE,    /* it is whole, or ends as after a crash */
	GPALD_SQLITE_LOG_DAMAGED, /* SQLite would leave out transactions that were acknowledged */
	GPALD_SQLITE_LOG_UNREADABLE, /* see errno */
};

/*
 * Reads the log of a database. SQLite takes a log up to the first frame that is
 * wrong and ignores the rest without a word. If the rest shows that a transaction
 * had been acknowledged which is not taken, it is damage. The last transaction is
 * an exception: if it is spoilt, it looks like one that was never finished.
 * `*readable` is how many bytes of the log, from its beginning, SQLite can use.
 */
GPAL_MUST_USE enum gpald_sqlite_log gpald_sqlite_check_log(int folder_fd, const char *name,
							   uint64_t *readable);

/*
 * Marks a log whose changes are all in the database as empty, and leaves it a size of
 * `bytes`, all of which have their place on the disk. It is empty also after a loss
 * of power at any point. 0, or an errno; ENOSPC and the like: it is empty, or as it
 * was, but has not all of its place.
 */
GPAL_MUST_USE int gpald_sqlite_clear_log(int folder_fd, const char *name, int64_t bytes);

#endif
