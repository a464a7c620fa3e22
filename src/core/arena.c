/* SPDX-License-Identifier: MIT */
/*
 * A chain of blocks, each twice the last; requests are served from the newest.
 */
#include "config.h"

#include "core/arena.h"

#include "core/checked.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_ALIGN alignof(max_align_t)
#define ARENA_MIN_BLOCK ((size_t)4096)

struct block {
	struct block *next;
	size_t used;
	size_t size;
	max_align_t data[];
};

struct gpald_arena {
	struct block *newest;
};

static struct block *block_new(size_t size)
{
	struct block *block;

	if (size > SIZE_MAX - sizeof(*block))
		return NULL;
	block = malloc(sizeof(*block) + size);
	if (!block)
		return NULL;
	block->next = NULL;
	block->used = 0;
	block->size = size;
	return block;
}

/* Rounds up to a multiple of ARENA_ALIGN; false where that overflows. */
static bool round_up(size_t size, size_t *rounded)
{
	if (size > SIZE_MAX - (ARENA_ALIGN - 1))
		return false;
	*rounded = (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	return true;
}

struct gpald_arena *gpald_arena_new(size_t hint)
{
	struct gpald_arena *arena;
	struct block *block;
	size_t size;

	if (!round_up(sizeof(*arena), &size) || hint > SIZE_MAX / 4)
		return NULL;
	block = block_new(size + (hint > ARENA_MIN_BLOCK ? hint : ARENA_MIN_BLOCK));
	if (!block)
		return NULL;
	arena = (struct gpald_arena *)block->data;
	block->used = size;
	arena->newest = block;
	return arena;
}

void gpald_arena_free(struct gpald_arena *arena)
{
	struct block *block = arena ? arena->newest : NULL;

	/* The arena itself lies in the oldest block, which is freed last. */
	while (block) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
}

void *gpald_arena_alloc(struct gpald_arena *arena, size_t count, size_t size)
{
	struct block *block = arena->newest;
	size_t bytes;
	void *memory;

	if (!gpald_mul_size(count, size, &bytes) || !round_up(bytes, &bytes))
		return NULL;
	if (bytes > block->size - block->used) {
		size_t want = block->size > SIZE_MAX / 2 ? block->size : block->size * 2;

		block = block_new(bytes > want ? bytes : want);
		if (!block)
			return NULL;
		block->next = arena->newest;
		arena->newest = block;
	}
	memory = (char *)block->data + block->used;
	block->used += bytes;
	return memory;
}

void *gpald_arena_zalloc(struct gpald_arena *arena, size_t count, size_t size)
{
	void *memory = gpald_arena_alloc(arena, count, size);

	/* The product cannot overflow: the allocation has succeeded. */
	if (memory)
		memset(memory, 0, count * size);
	return memory;
}

char *gpald_arena_concat(struct gpald_arena *arena, const char *const *parts)
{
	size_t length = 0;
	char *text, *at;

	for (size_t i = 0; parts[i]; i++) {
		size_t part = strlen(parts[i]);

		if (part > SIZE_MAX / 2 - length)
			return NULL;
		length += part;
	}
	text = gpald_arena_alloc(arena, length + 1, 1);
	if (!text)
		return NULL;
	at = text;
	for (size_t i = 0; parts[i]; i++)
		at = stpcpy(at, parts[i]);
	*at = '\0';
	return text;
}
