/* SPDX-License-Identifier: MIT */
/*
 * One arena holds everything an answer is made of, so that freeing the answer is
 * one call. Memory is handed out in order and only ever freed as a whole.
 */
#ifndef GPALD_CORE_ARENA_H
#define GPALD_CORE_ARENA_H

#include "core/checked.h"

#include <gpalayout/export.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#define GPALD_ARENA_ALIGN alignof(max_align_t)

struct gpald_arena_block;

/* Lies in its own first block. The members are for the functions below. */
struct gpald_arena {
	uintptr_t next; /* the next free byte of the newest block */
	uintptr_t end;  /* of that block; aligned */
	struct gpald_arena_block *newest;
};

/* A new arena whose first block has room for `hint` bytes. NULL: out of memory. */
struct gpald_arena *gpald_arena_new(size_t hint);

/* Takes back all that was handed out; the first block stays, for those who go on. */
void gpald_arena_reset(struct gpald_arena *arena);

/* NULL is allowed. */
void gpald_arena_free(struct gpald_arena *arena);

/*
 * A zeroed object in a new arena, *arena, which is freed with it: what is given to
 * callers of the library. NULL: out of memory. gpald_arena_free_object() takes NULL.
 */
GPAL_MUST_USE void *gpald_arena_new_object(size_t hint, size_t size, struct gpald_arena **arena);
void gpald_arena_free_object(void *object);

/* Memory from a new block, for gpald_arena_alloc(). */
void *gpald_arena_grow(struct gpald_arena *arena, size_t bytes);

/*
 * Uninitialised memory for `count` objects of `size` bytes, aligned for any type.
 * NULL: out of memory. Inline, because a small VM asks for dozens of small pieces.
 */
GPAL_MUST_USE static inline void *gpald_arena_alloc(struct gpald_arena *arena, size_t count,
						    size_t size)
{
	/* `next` is at most `end`, which is aligned, so rounding up stays inside. */
	const uintptr_t start = (arena->next + GPALD_ARENA_ALIGN - 1) & ~(GPALD_ARENA_ALIGN - 1);
	size_t bytes;

	if (!gpald_mul_size(count, size, &bytes))
		return NULL;
	if (bytes > arena->end - start)
		return gpald_arena_grow(arena, bytes);
	arena->next = start + bytes;
	return (void *)start;
}

/* The same, zeroed. */
GPAL_MUST_USE void *gpald_arena_zalloc(struct gpald_arena *arena, size_t count, size_t size);

/* Memory for a string, which needs no alignment. NULL: out of memory. */
GPAL_MUST_USE static inline char *gpald_arena_text(struct gpald_arena *arena, size_t bytes)
{
	char *text = (char *)arena->next;

	if (bytes > arena->end - arena->next)
		return gpald_arena_grow(arena, bytes);
	arena->next += bytes;
	return text;
}

/* Gives back the last bytes of the string that was asked for last, which ends at `end`. */
static inline void gpald_arena_give_back(struct gpald_arena *arena, const char *end, size_t bytes)
{
	if (arena->next == (uintptr_t)end)
		arena->next -= bytes;
}

/* A copy of a string. NULL: out of memory. */
GPAL_MUST_USE char *gpald_arena_copy(struct gpald_arena *arena, const char *text);

#endif
