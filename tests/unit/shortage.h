/* SPDX-License-Identifier: MIT */
/* Lets allocations fail by their number, one alone or that and all that follow. */
#ifndef GPALD_TESTS_UNIT_SHORTAGE_H
#define GPALD_TESTS_UNIT_SHORTAGE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* Of each thread. */
static _Thread_local size_t shortage_asked, shortage_which, shortage_failed;
static _Thread_local bool shortage_stays;

/* From now on the allocation of that number fails, counted from 1; 0: none. */
static inline void shortage_begin(size_t which, bool stays)
{
	shortage_asked = shortage_failed = 0;
	shortage_which = which;
	shortage_stays = stays;
}

/* From now on none fails. Whether one has. */
static inline bool shortage_end(void)
{
	shortage_which = 0;
	return shortage_failed > 0;
}

/* Whether this allocation is one that fails. */
static inline bool shortage_hits(void)
{
	bool hits;

	if (shortage_which == 0)
		return false;
	shortage_asked++;
	hits = shortage_asked == shortage_which ||
	       (shortage_stays && shortage_asked > shortage_which);
	shortage_failed += hits;
	if (hits)
		errno = ENOMEM;
	return hits;
}

#endif
