/* SPDX-License-Identifier: MIT */
/*
 * Counts what each uid has in the registry, for the limits per uid. Each change updates the counts,
 * because counting all layouts for each change would take too long.
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
	uint64_t bytes; /* of the stored forms of their requests and layouts */
};

RB_HEAD(gpald_owner_tree, gpald_owner);

/* Zero it before use. It has an entry for each uid that has a layout or is creating one. */
struct gpald_owners {
	struct gpald_owner_tree tree;
	size_t layouts; /* of all users */
};

/* Adds a share. Returns false if memory ran out; a uid that has a layout needs no memory. */
GPAL_MUST_USE bool gpald_owners_add(struct gpald_owners *owners, uid_t uid,
				    struct gpald_share share);

/* Removes a share that was added. No bytes may remain without a layout. */
void gpald_owners_remove(struct gpald_owners *owners, uid_t uid, struct gpald_share share);

/* Returns the share of a uid. */
struct gpald_share gpald_owners_find(const struct gpald_owners *owners, uid_t uid);

void gpald_owners_clear(struct gpald_owners *owners);

#endif
