/* SPDX-License-Identifier: MIT */
/*
 * An arena holds all memory of a result, so that one call frees the result. Memory is allocated
 * one piece after another, and freed as a whole. An arena belongs to one thread at a time.
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

/* The arena lies in its own first block. Only the functions below use the members. */
struct gpald_arena {
	uintptr_t next; /* the next free byte of the newest block */
	uintptr_t end;  /* end of that block; aligned */
	struct gpald_arena_block *newest;
};

/*
 * Returns a new arena whose first block has `hint` bytes, or 4096 if that is more. The arena itself
 * takes the first few of them. Returns NULL if out of memory.
 */
struct gpald_arena *gpald_arena_new(size_t hint);

/* Frees all that was allocated, except the first block, which is used again. */
void gpald_arena_reset(struct gpald_arena *arena);

/* Frees an arena and all that was allocated from it; NULL is allowed. */
void gpald_arena_free(struct gpald_arena *arena);

/*
 * Makes a result of the library: a zeroed object of `size` bytes in a new arena, which *arena
 * receives. gpald_arena_free_object() frees both; NULL is allowed. Returns NULL if out of memory;
 * then there is no arena to free, and *arena must not be used.
 */
GPAL_MUST_USE void *gpald_arena_new_object(size_t hint, size_t size, struct gpald_arena **arena);
void gpald_arena_free_object(void *object);

/* Allocates from a new block; for gpald_arena_alloc() and gpald_arena_text() only. */
void *gpald_arena_grow(struct gpald_arena *arena, size_t bytes);

/*
 * Allocates uninitialised memory for `count` objects of `size` bytes, aligned for any type.
 * Returns NULL if out of memory. The function is inline because a small VM needs dozens of small
 * pieces.
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

/* Does the same as gpald_arena_alloc(), with zeroed memory. */
GPAL_MUST_USE void *gpald_arena_zalloc(struct gpald_arena *arena, size_t count, size_t size);

/* Allocates memory for a string, which needs no alignment. Returns NULL if out of memory. */
GPAL_MUST_USE static inline char *gpald_arena_text(struct gpald_arena *arena, size_t bytes)
{
	char *text = (char *)arena->next;

	if (bytes > arena->end - arena->next)
		return gpald_arena_grow(arena, bytes);
	arena->next += bytes;
	return text;
}

/* Frees the last `bytes` of a string that ends at `end`, if nothing was allocated after it. */
static inline void gpald_arena_give_back(struct gpald_arena *arena, const char *end, size_t bytes)
{
	if (arena->next == (uintptr_t)end)
		arena->next -= bytes;
}

/* Copies a string. Returns NULL if out of memory. */
GPAL_MUST_USE char *gpald_arena_strdup(struct gpald_arena *arena, const char *text);

#endif
