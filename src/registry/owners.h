/* SPDX-License-Identifier: MIT */
/*
 * How much each uid has in the registry, for the limits on that. It is counted as
 * layouts come and go, because nobody could look at all of them for each change.
 */
#ifndef GPALD_REGISTRY_OWNERS_H
#define GPALD_REGISTRY_OWNERS_H

#include <bsd/sys/tree.h>
#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct gpald_share {
	size_t layouts;
	uint64_t bytes; /* of their requests and layouts as they are stored */
};

RB_HEAD(gpald_owner_tree, gpald_owner);

/* Zeroed before use. Whoever has a layout is in it, and nobody else. */
struct gpald_owners {
	struct gpald_owner_tree tree;
	size_t layouts; /* of all */
};

/* False: out of memory, which takes none for a uid that has a layout. */
GPAL_MUST_USE bool gpald_owners_add(struct gpald_owners *owners, uid_t uid,
				    struct gpald_share share);

/* Takes back what was added; no bytes are left without a layout. */
void gpald_owners_remove(struct gpald_owners *owners, uid_t uid, struct gpald_share share);

/* What a uid has. */
struct gpald_share gpald_owners_find(const struct gpald_owners *owners, uid_t uid);

void gpald_owners_clear(struct gpald_owners *owners);

#endif
