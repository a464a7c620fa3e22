/* SPDX-License-Identifier: MIT */
/*
 * What the connections of one uid have in common: how many there are, how much
 * they have not read, and whose turn it is. Work is shared out among users, not
 * connections, so that opening many connections buys no one else's time.
 */
#ifndef GPALD_SERVER_USER_H
#define GPALD_SERVER_USER_H

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A place in a user's queue of connections that have work; embedded in a connection. */
struct gpald_turn {
	struct gpald_turn *next;
	bool is_waiting;
};

struct gpald_user {
	struct gpald_user *next;
	uid_t uid;
	size_t connections;              /* open ones; those that are closing do not count */
	size_t references;               /* open and closing ones */
	size_t unsent;                   /* bytes of replies that have not been written */
	struct gpald_turn *first, *last; /* waiting for a turn */
};

/* Zeroed before use. */
struct gpald_users {
	struct gpald_user *first;
	struct gpald_user *turn; /* whose turn was the last one */
	size_t connections;      /* open ones of all */
};

/* The user of that uid, made if there is none, with a reference more. NULL: out of memory. */
GPAL_MUST_USE struct gpald_user *gpald_user_ref(struct gpald_users *users, uid_t uid);

/* The last reference frees the user. */
void gpald_user_unref(struct gpald_users *users, struct gpald_user *user);

/* Puts a connection at the end of its user's queue, unless it waits already. */
void gpald_user_wait(struct gpald_user *user, struct gpald_turn *turn);

/* Takes a connection out of the queue; nothing if it does not wait. */
void gpald_user_leave(struct gpald_user *user, struct gpald_turn *turn);

/* Takes out the first connection of the user after the one that had the last turn; NULL: none waits. */
struct gpald_turn *gpald_users_next_turn(struct gpald_users *users);

#endif
