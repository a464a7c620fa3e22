/* SPDX-License-Identifier: MIT */
/*
 * The layouts the daemon keeps, a page at a time. Every list is paged, and a command
 * that has something to do with all layouts has to see the last page too.
 */
#ifndef GPALAYOUTCTL_COMMANDS_PAGES_H
#define GPALAYOUTCTL_COMMANDS_PAGES_H

#include "gpalayoutctl/answer.h"

#include <stdbool.h>
#include <stdint.h>

/* Starts with the name to begin behind, if any. */
struct ctl_pages {
	const char *after; /* NULL: from the first */
	bool ended;
};

/*
 * Asks for the next page, of at most `limit` entries; 0: as many as the daemon likes.
 * CTL_OK: *page is the session's, and `ended` says whether it is the last. Otherwise says
 * why not.
 */
enum ctl_exit ctl_pages_next(struct ctl_session *session, struct ctl_pages *pages, uint64_t limit,
			     const struct gpal_client_page **page);

#endif
