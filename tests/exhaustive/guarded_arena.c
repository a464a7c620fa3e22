/* SPDX-License-Identifier: MIT */
/*
 * An arena of slots of a few pages. The last page of each slot is unreadable, and an allocation
 * ends where that page begins.
 */
#include "guarded_arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)
#define SLOT (4 * PAGE) /* includes the unreadable page */
#define SLOTS ((size_t)128)

struct gpald_arena_block {
	struct gpald_arena arena;
	char *slots;
	size_t used;
};

static void *abort_unless(void *memory, bool ok)
{
	if (ok)
		return memory;
	perror("exhaustive");
	abort();
}

struct gpald_arena *guarded_arena(void)
{
	struct gpald_arena_block *block = calloc(1, sizeof(*block));

	abort_unless(block, block != NULL);
	block->slots = mmap(NULL, SLOTS * SLOT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	abort_unless(block->slots, block->slots != MAP_FAILED);
	for (size_t i = 1; i <= SLOTS; i++)
		abort_unless(block, mprotect(block->slots + i * SLOT - PAGE, PAGE, PROT_NONE) == 0);
	/* Empty lists lie in an unreadable page. All other lists come from gpald_arena_grow(). */
	block->arena.next = block->arena.end = (uintptr_t)(block->slots + SLOT - PAGE);
	block->arena.newest = block;
	return &block->arena;
}

void guarded_arena_reset(struct gpald_arena *arena)
{
	arena->newest->used = 0;
}

void *gpald_arena_grow(struct gpald_arena *arena, size_t bytes)
{
	struct gpald_arena_block *block = arena->newest;

	abort_unless(block, block->used < SLOTS && bytes <= SLOT - PAGE);
	return block->slots + ++block->used * SLOT - PAGE - bytes;
}

void *gpald_arena_zalloc(struct gpald_arena *arena, size_t count, size_t size)
{
	return memset(gpald_arena_alloc(arena, count, size), 0, count * size);
}

char *gpald_arena_strdup(struct gpald_arena *arena, const char *text)
{
	const size_t size = strlen(text) + 1;

	return memcpy(gpald_arena_grow(arena, size), text, size);
}

/* Arenas of answers come from a small pool and go back to it. */
static struct gpald_arena *idle[8];
static size_t idle_count;

struct gpald_arena *gpald_arena_new(size_t hint)
{
	(void)hint;
	return idle_count > 0 ? idle[--idle_count] : guarded_arena();
}

void gpald_arena_free(struct gpald_arena *arena)
{
	if (!arena)
		return;
	abort_unless(arena, idle_count < sizeof(idle) / sizeof(idle[0]));
	guarded_arena_reset(arena);
	idle[idle_count++] = arena;
}

/* The object follows the pointer to its arena. */
void *gpald_arena_new_object(size_t hint, size_t size, struct gpald_arena **arena)
{
	char *owner;

	*arena = gpald_arena_new(hint);
	owner = gpald_arena_zalloc(*arena, 1, GPALD_ARENA_ALIGN + size);
	memcpy(owner, arena, sizeof(struct gpald_arena *));
	return owner + GPALD_ARENA_ALIGN;
}

void gpald_arena_free_object(void *object)
{
	struct gpald_arena *arena;

	if (!object)
		return;
	memcpy(&arena, (char *)object - GPALD_ARENA_ALIGN, sizeof(struct gpald_arena *));
	gpald_arena_free(arena);
}
