/* SPDX-License-Identifier: MIT */
/* Makes an allocation fail by its number, alone or together with all later ones. */
#ifndef GPALD_TESTS_UNIT_SHORTAGE_H
#define GPALD_TESTS_UNIT_SHORTAGE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* Each thread has its own counters. */
static _Thread_local size_t shortage_asked, shortage_which, shortage_failed;
static _Thread_local bool shortage_stays;

/* From now on the allocation with this number fails, counted from 1. With 0 none fails. */
static inline void shortage_begin(size_t which, bool stays)
{
	shortage_asked = shortage_failed = 0;
	shortage_which = which;
	shortage_stays = stays;
}

/* From now on no allocation fails. Returns true if one has failed. */
static inline bool shortage_end(void)
{
	shortage_which = 0;
	return shortage_failed > 0;
}

/* Returns true if this allocation must fail. */
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
