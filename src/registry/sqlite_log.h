/* SPDX-License-Identifier: MIT */
/* Whether SQLite's write-ahead log is what was written, as far as that can be known. */
#ifndef GPALD_REGISTRY_SQLITE_LOG_H
#define GPALD_REGISTRY_SQLITE_LOG_H

#include <gpalayout/export.h>
#include <stdint.h>

enum gpald_sqlite_log {
	GPALD_SQLITE_LOG_FINE,    /* it is whole, or ends as after a crash, or there is none */
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

#endif
