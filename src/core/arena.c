/* SPDX-License-Identifier: MIT */
/*
 * An arena is a chain of blocks, each at least twice as large as the one before. Memory is taken
 * from the newest.
 */
#include "config.h"

#include "core/arena.h"

#include <stdlib.h>
#include <string.h>

#define MIN_BLOCK ((size_t)4096)

struct gpald_arena_block {
	struct gpald_arena_block *older;
	size_t size;
	max_align_t data[];
};

/* Allocates a block, and rounds its size up to the alignment. Returns NULL if out of memory. */
static struct gpald_arena_block *block_new(size_t size)
{
	struct gpald_arena_block *block;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + GPALD_ARENA_ALIGN - 1) & ~(GPALD_ARENA_ALIGN - 1);
	block = malloc(sizeof(*block) + size);
	if (!block)
		return NULL;
	block->older = NULL;
	block->size = size;
	return block;
}

static void use_block(struct gpald_arena *arena, struct gpald_arena_block *block, size_t used)
{
	arena->next = (uintptr_t)block->data + used;
	arena->end = (uintptr_t)block->data + block->size;
	arena->newest = block;
}

struct gpald_arena *gpald_arena_new(size_t hint)
{
	struct gpald_arena_block *block = block_new(hint > MIN_BLOCK ? hint : MIN_BLOCK);
	struct gpald_arena *arena;

	if (!block)
		return NULL;
	arena = (struct gpald_arena *)block->data;
	use_block(arena, block, sizeof(*arena));
	return arena;
}

void gpald_arena_reset(struct gpald_arena *arena)
{
	struct gpald_arena_block *block = arena->newest;

	while (block->older) {
		struct gpald_arena_block *older = block->older;

		free(block);
		block = older;
	}
	use_block(arena, block, sizeof(*arena));
}

void gpald_arena_free(struct gpald_arena *arena)
{
	struct gpald_arena_block *block = arena ? arena->newest : NULL;

	/* The arena itself lies in the oldest block, which is freed last. */
	while (block) {
		struct gpald_arena_block *older = block->older;

		free(block);
		block = older;
	}
}

/* The address of the arena precedes the object. */
struct gpald_arena_object {
	struct gpald_arena *arena;
	max_align_t object[];
};

void *gpald_arena_new_object(size_t hint, size_t size, struct gpald_arena **arena)
{
	struct gpald_arena_object *owner;

	*arena = gpald_arena_new(hint);
	owner = *arena ? gpald_arena_alloc(*arena, 1, sizeof(*owner) + size) : NULL;
	if (!owner) {
		gpald_arena_free(*arena);
		return NULL;
	}
	owner->arena = *arena;
	return memset(owner->object, 0, size);
}

void gpald_arena_free_object(void *object)
{
	if (object)
		gpald_arena_free(
			((struct gpald_arena_object *)((char *)object -
						       offsetof(struct gpald_arena_object, object)))
				->arena);
}

void *gpald_arena_grow(struct gpald_arena *arena, size_t bytes)
{
	const size_t twice = arena->newest->size > SIZE_MAX / 4 ? 0 : 2 * arena->newest->size;
	struct gpald_arena_block *block = block_new(bytes > twice ? bytes : twice);

	if (!block)
		return NULL;
	block->older = arena->newest;
	use_block(arena, block, bytes);
	return block->data;
}

void *gpald_arena_zalloc(struct gpald_arena *arena, size_t count, size_t size)
{
	void *memory = gpald_arena_alloc(arena, count, size);

	/* The product cannot overflow: the allocation has succeeded. */
	if (memory)
		memset(memory, 0, count * size);
	return memory;
}

char *gpald_arena_strdup(struct gpald_arena *arena, const char *text)
{
	const size_t size = strlen(text) + 1;
	char *copy = gpald_arena_text(arena, size);

	return copy ? memcpy(copy, text, size) : NULL;
}
