/* SPDX-License-Identifier: MIT */
/*
 * A list, with a queue for each user. It has only the users with connections or unfinished work, so
 * it is short.
 */
#include "config.h"

#include "server/user.h"

#include "server/work.h"

#include <stdlib.h>

#define VIRTUAL_LEAD_MAX_NS UINT64_C(100000000)

struct gpald_user *gpald_user_get(struct gpald_users *users, uid_t uid)
{
	struct gpald_user *user;

	LIST_FOREACH(user, &users->list, entry)
		if (user->uid == uid)
			break;
	if (!user) {
		user = calloc(1, sizeof(*user));
		if (!user)
			return NULL;
		user->uid = uid;
		TAILQ_INIT(&user->turns);
		STAILQ_INIT(&user->waiting_work);
		LIST_INSERT_HEAD(&users->list, user, entry);
	}
	user->references++;
	return user;
}

void gpald_user_ref(struct gpald_user *user)
{
	user->references++;
}

void gpald_user_unref(struct gpald_users *users, struct gpald_user *user)
{
	if (--user->references > 0)
		return;
	LIST_REMOVE(user, entry);
	if (users->last == user)
		users->last = NULL;
	free(user);
}

void gpald_user_charge(const struct gpald_users *users, struct gpald_user *user, uint64_t ns)
{
	user->served_ns += ns;
	user->virtual_ns += ns;
	if (user->virtual_ns > users->virtual_ns + VIRTUAL_LEAD_MAX_NS)
		user->virtual_ns = users->virtual_ns + VIRTUAL_LEAD_MAX_NS;
}

void gpald_user_enqueue(struct gpald_users *users, struct gpald_user *user, struct gpald_turn *turn)
{
	if (turn->is_waiting)
		return;
	if (TAILQ_EMPTY(&user->turns) && user->virtual_ns < users->virtual_ns)
		user->virtual_ns = users->virtual_ns;
	turn->is_waiting = true;
	TAILQ_INSERT_TAIL(&user->turns, turn, entry);
}

void gpald_user_dequeue(struct gpald_user *user, struct gpald_turn *turn)
{
	if (!turn->is_waiting)
		return;
	turn->is_waiting = false;
	TAILQ_REMOVE(&user->turns, turn, entry);
}

/* Returns the user after the one who had the last turn; the list is circular. */
static struct gpald_user *first_in_turn(const struct gpald_users *users)
{
	struct gpald_user *next = users->last ? LIST_NEXT(users->last, entry) : NULL;

	return next ? next : LIST_FIRST(&users->list);
}

static struct gpald_user *next_in_turn(const struct gpald_users *users, struct gpald_user *user)
{
	struct gpald_user *next = LIST_NEXT(user, entry);

	if (!next)
		next = LIST_FIRST(&users->list);
	return next == first_in_turn(users) ? NULL : next;
}

struct gpald_turn *gpald_users_next_turn(struct gpald_users *users)
{
	struct gpald_user *user = first_in_turn(users), *found = NULL;
	struct gpald_turn *turn;

	for (; user; user = next_in_turn(users, user))
		if (!TAILQ_EMPTY(&user->turns) && (!found || user->virtual_ns < found->virtual_ns))
			found = user;
	if (!found)
		return NULL;
	turn = TAILQ_FIRST(&found->turns);
	gpald_user_dequeue(found, turn);
	users->last = found;
	users->virtual_ns = found->virtual_ns;
	return turn;
}

struct gpald_user *gpald_users_next_to_work(const struct gpald_users *users)
{
	struct gpald_user *user = first_in_turn(users), *found = NULL;

	for (; user; user = next_in_turn(users, user))
		if (!STAILQ_EMPTY(&user->waiting_work) && !user->is_work_slot_taken &&
		    (user->unsent_bytes < users->unsent_bytes_max ||
		     STAILQ_FIRST(&user->waiting_work)->is_urgent) &&
		    (!found || user->virtual_ns < found->virtual_ns))
			found = user;
	return found;
}
