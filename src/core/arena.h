/* SPDX-License-Identifier: MIT */
/*
 * One arena holds everything an answer is made of, so that freeing the answer is
 * one call. Memory is handed out in order and only ever freed as a whole.
 */
#ifndef GPALD_CORE_ARENA_H
#define GPALD_CORE_ARENA_H

#include <gpalayout/export.h>
#include <stddef.h>

struct gpald_arena;

/* A new arena whose first block has room for `hint` bytes. NULL: out of memory. */
struct gpald_arena *gpald_arena_new(size_t hint);

/* NULL is allowed. */
void gpald_arena_free(struct gpald_arena *arena);

/* Uninitialised memory for `count` objects of `size` bytes, aligned for any type. NULL: out of memory. */
GPAL_MUST_USE void *gpald_arena_alloc(struct gpald_arena *arena, size_t count, size_t size);

/* The same, zeroed. */
GPAL_MUST_USE void *gpald_arena_zalloc(struct gpald_arena *arena, size_t count, size_t size);

/* A copy of the concatenation of `parts`, which ends with NULL. NULL: out of memory. */
GPAL_MUST_USE char *gpald_arena_concat(struct gpald_arena *arena, const char *const *parts);

#endif
