/* SPDX-License-Identifier: MIT */
/* A list of users, of whom a host has few, and a queue each. */
#include "config.h"

#include "server/user.h"

#include "server/work.h"

#include <stdlib.h>

#define FALL_BACK_NS UINT64_C(100000000)

struct gpald_user *gpald_user_ref(struct gpald_users *users, uid_t uid)
{
	struct gpald_user *user = users->first;

	while (user && user->uid != uid)
		user = user->next;
	if (!user) {
		user = calloc(1, sizeof(*user));
		if (!user)
			return NULL;
		user->uid = uid;
		user->next = users->first;
		users->first = user;
	}
	user->references++;
	return user;
}

void gpald_user_keep(struct gpald_user *user)
{
	user->references++;
}

void gpald_user_unref(struct gpald_users *users, struct gpald_user *user)
{
	struct gpald_user **link = &users->first;

	if (--user->references > 0)
		return;
	while (*link != user)
		link = &(*link)->next;
	*link = user->next;
	if (users->turn == user)
		users->turn = NULL;
	free(user);
}

void gpald_user_charge(const struct gpald_users *users, struct gpald_user *user, uint64_t ns)
{
	user->served_ns += ns;
	user->standing += ns;
	if (user->standing > users->standing + FALL_BACK_NS)
		user->standing = users->standing + FALL_BACK_NS;
}

void gpald_user_wait(struct gpald_users *users, struct gpald_user *user, struct gpald_turn *turn)
{
	if (turn->is_waiting)
		return;
	if (!user->first && user->standing < users->standing)
		user->standing = users->standing;
	*turn = (struct gpald_turn){ .is_waiting = true };
	if (user->last)
		user->last->next = turn;
	else
		user->first = turn;
	user->last = turn;
}

void gpald_user_leave(struct gpald_user *user, struct gpald_turn *turn)
{
	struct gpald_turn *previous = NULL;

	if (!turn->is_waiting)
		return;
	for (struct gpald_turn *at = user->first; at != turn; at = at->next)
		previous = at;
	if (previous)
		previous->next = turn->next;
	else
		user->first = turn->next;
	if (user->last == turn)
		user->last = previous;
	*turn = (struct gpald_turn){ 0 };
}

/* The one after the user who had the last turn, all round. */
static struct gpald_user *first_in_turn(const struct gpald_users *users)
{
	return users->turn && users->turn->next ? users->turn->next : users->first;
}

static struct gpald_user *next_in_turn(const struct gpald_users *users, struct gpald_user *user)
{
	struct gpald_user *next = user->next ? user->next : users->first;

	return next == first_in_turn(users) ? NULL : next;
}

struct gpald_turn *gpald_users_next_turn(struct gpald_users *users)
{
	struct gpald_user *user = first_in_turn(users), *found = NULL;
	struct gpald_turn *turn;

	for (; user; user = next_in_turn(users, user))
		if (user->first && (!found || user->standing < found->standing))
			found = user;
	if (!found)
		return NULL;
	turn = found->first;
	gpald_user_leave(found, turn);
	users->turn = found;
	users->standing = found->standing;
	return turn;
}

struct gpald_user *gpald_users_next_work(const struct gpald_users *users)
{
	struct gpald_user *user = first_in_turn(users), *found = NULL;

	for (; user; user = next_in_turn(users, user))
		if (user->first_work && !user->is_working &&
		    (user->unsent < users->unsent_max || user->first_work->is_urgent) &&
		    (!found || user->standing < found->standing))
			found = user;
	return found;
}
