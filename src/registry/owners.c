/* SPDX-License-Identifier: MIT */
/* A tree by uid, because a host may have a user for each VM. */
#include "config.h"

#include "registry/owners.h"

#include <assert.h>
#include <stdlib.h>

struct gpald_owner {
	RB_ENTRY(gpald_owner) entry;
	uid_t uid;
	struct gpald_share share;
};

static int compare_owners(const struct gpald_owner *a, const struct gpald_owner *b)
{
	return (a->uid > b->uid) - (a->uid < b->uid);
}

RB_GENERATE_INTERNAL(gpald_owner_tree, gpald_owner, entry, compare_owners,
		     __attribute__((unused)) static)

static struct gpald_owner *find_uid(const struct gpald_owners *owners, uid_t uid)
{
	struct gpald_owner key = { .uid = uid };

	return RB_FIND(gpald_owner_tree, (struct gpald_owner_tree *)&owners->tree, &key);
}

bool gpald_owners_add(struct gpald_owners *owners, uid_t uid, struct gpald_share share)
{
	struct gpald_owner *owner = find_uid(owners, uid), *other;

	if (!owner) {
		owner = calloc(1, sizeof(*owner));
		if (!owner)
			return false;
		owner->uid = uid;
		other = RB_INSERT(gpald_owner_tree, &owners->tree, owner);
		assert(!other);
	}
	owner->share.layouts += share.layouts;
	owner->share.bytes += share.bytes;
	owners->layouts += share.layouts;
	return true;
}

void gpald_owners_remove(struct gpald_owners *owners, uid_t uid, struct gpald_share share)
{
	struct gpald_owner *owner = find_uid(owners, uid);

	if (!owner)
		return;
	assert(owner->share.layouts >= share.layouts && owner->share.bytes >= share.bytes);
	owner->share.layouts -= share.layouts;
	owner->share.bytes -= share.bytes;
	owners->layouts -= share.layouts;
	if (owner->share.layouts > 0)
		return;
	assert(owner->share.bytes == 0);
	RB_REMOVE(gpald_owner_tree, &owners->tree, owner);
	free(owner);
}

struct gpald_share gpald_owners_find(const struct gpald_owners *owners, uid_t uid)
{
	const struct gpald_owner *owner = find_uid(owners, uid);

	return owner ? owner->share : (struct gpald_share){ 0 };
}

void gpald_owners_clear(struct gpald_owners *owners)
{
	struct gpald_owner *owner, *next;

	RB_FOREACH_SAFE(owner, gpald_owner_tree, &owners->tree, next) {
		RB_REMOVE(gpald_owner_tree, &owners->tree, owner);
		free(owner);
	}
}
