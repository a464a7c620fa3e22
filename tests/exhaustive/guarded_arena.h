/* SPDX-License-Identifier: MIT */
/*
 * An arena whose every piece of memory ends at an unreadable page. Linked in place
 * of src/core/arena.c, it turns an access past the end of any list of the allocator
 * into a crash.
 */
#ifndef GPALD_TESTS_GUARDED_ARENA_H
#define GPALD_TESTS_GUARDED_ARENA_H

#include "core/arena.h"

/* A new arena, which lives as long as the program. */
struct gpald_arena *guarded_arena(void);

/* Forgets all that was allocated. */
void guarded_arena_reset(struct gpald_arena *arena);

#endif
