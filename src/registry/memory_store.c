/* SPDX-License-Identifier: MIT */
/* A store that keeps no layouts, for tests and demonstrations. It has only the counters. */
#include "config.h"

#include "registry/store.h"

#include <stdlib.h>

struct memory_store {
	struct gpald_store base; /* first */
	struct gpald_store_state state;
};

static bool load_from_memory(struct gpald_store *base, const struct gpald_loader *loader,
			     struct gpald_store_state *state, char error[GPALD_STORE_ERROR_SIZE])
{
	struct memory_store *store = (struct memory_store *)base;

	(void)loader, (void)error;
	*state = store->state;
	return true;
}

static enum gpald_commit_result commit_to_memory(struct gpald_store *base,
						 const struct gpald_store_changes *changes,
						 char error[GPALD_STORE_ERROR_SIZE])
{
	struct memory_store *store = (struct memory_store *)base;
	struct gpald_store_change *change;

	(void)error;
	STAILQ_FOREACH(change, changes, entry)
		gpald_store_state_count_change(&store->state, change);
	return GPALD_COMMIT_DONE;
}

static enum gpald_commit_result tidy_memory(struct gpald_store *base,
					    char error[GPALD_STORE_ERROR_SIZE])
{
	(void)base, (void)error;
	return GPALD_COMMIT_DONE;
}

static void close_memory_store(struct gpald_store *base)
{
	free(base);
}

static const struct gpald_store_ops ops = {
	.kind = "memory",
	.load = load_from_memory,
	.commit = commit_to_memory,
	.tidy = tidy_memory,
	.close = close_memory_store,
};

struct gpald_store *gpald_memory_store_open(void)
{
	struct memory_store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	store->base.ops = &ops;
	store->state.revision = gpald_event_clock_revision();
	return &store->base;
}
