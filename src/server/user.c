/* SPDX-License-Identifier: MIT */
/* A list of users, of whom a host has few, and a queue each. */
#include "config.h"

#include "server/user.h"

#include <stdlib.h>

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

void gpald_user_wait(struct gpald_user *user, struct gpald_turn *turn)
{
	if (turn->is_waiting)
		return;
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

struct gpald_turn *gpald_users_next_turn(struct gpald_users *users)
{
	struct gpald_user *user = users->turn && users->turn->next ? users->turn->next :
								     users->first;
	struct gpald_user *const begin = user;

	while (user) {
		struct gpald_turn *turn = user->first;

		if (turn) {
			gpald_user_leave(user, turn);
			users->turn = user;
			return turn;
		}
		user = user->next ? user->next : users->first;
		if (user == begin)
			break;
	}
	return NULL;
}
