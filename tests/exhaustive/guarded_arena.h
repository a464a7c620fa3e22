/* SPDX-License-Identifier: MIT */
/*
 * An arena in which every piece of memory ends at an unreadable page. It is linked in place of
 * src/core/arena.c and turns an access past the end of any list of the allocator into a crash.
 */
#ifndef GPALD_TESTS_GUARDED_ARENA_H
#define GPALD_TESTS_GUARDED_ARENA_H

#include "core/arena.h"

/* Returns a new arena. It is never freed. */
struct gpald_arena *guarded_arena(void);

/* Forgets all allocations. */
void guarded_arena_reset(struct gpald_arena *arena);

#endif
