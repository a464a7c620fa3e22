/* SPDX-License-Identifier: MIT */
/* Whether SQLite's write-ahead log is what was written, as far as that can be known. */
#ifndef GPALD_REGISTRY_SQLITE_LOG_H
#define GPALD_REGISTRY_SQLITE_LOG_H

#include <gpalayout/export.h>
#include <stdbool.h>

enum gpald_sqlite_log {
	GPALD_SQLITE_LOG_FINE,    /* it is whole, or ends as after a crash, or there is none */
	GPALD_SQLITE_LOG_DAMAGED, /* SQLite would leave out transactions that were acknowledged */
	GPALD_SQLITE_LOG_UNREADABLE, /* see errno */
};

/*
 * Reads the log of a database. SQLite takes a log up to the first frame that is
 * wrong and says nothing of the rest. Each transaction was on disk before the next
 * was written, so a crash spoils the last one at most; if there are two or more
 * behind what is wrong, it is damage. A spoilt last one cannot be told from one that
 * was never finished.
 */
GPAL_MUST_USE enum gpald_sqlite_log gpald_sqlite_check_log(int folder_fd, const char *name);

#endif
