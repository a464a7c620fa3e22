/* SPDX-License-Identifier: MIT */
/*
 * What the connections of one uid have in common: how many there are, how much
 * they have not read, and whose turn it is. Time is shared out among users, not
 * connections, so that opening many connections buys no one else's. The user who has
 * been served least goes first; one who comes back has no more to claim than those
 * who have been there.
 */
#ifndef GPALD_SERVER_USER_H
#define GPALD_SERVER_USER_H

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

STAILQ_HEAD(gpald_work_queue, gpald_work);

/* A place in a user's queue of connections that have work; embedded in a connection. */
struct gpald_turn {
	TAILQ_ENTRY(gpald_turn) entry;
	bool is_waiting;
};

struct gpald_user {
	LIST_ENTRY(gpald_user) entry;
	uid_t uid;
	size_t connections[2]; /* open ones: [1] on the inspect socket, [0] on the others */
	size_t references;     /* open and closing ones */
	size_t unsent;         /* bytes of replies that have not been written */
	TAILQ_HEAD(, gpald_turn) turns; /* waiting for a turn */

	struct gpald_work_queue works; /* waiting for a thread */
	bool is_working;               /* some runs on one, or its result has not been taken */

	uint64_t served_ns; /* of turns, and of processor time on threads */
	uint64_t standing;  /* the same, raised to that of others when it comes back */
};

/* Zeroed before use. */
struct gpald_users {
	LIST_HEAD(, gpald_user) list;
	struct gpald_user *turn; /* whose turn was the last one */
	size_t connections[2];   /* open ones of all, by socket in the same way */
	uint64_t standing;       /* that of the user who had the last turn */
	size_t unsent_max;       /* bytes of a user's, from which on its work waits */
};

/* The user of that uid, made if there is none, with a reference more. NULL: out of memory. */
GPAL_MUST_USE struct gpald_user *gpald_user_ref(struct gpald_users *users, uid_t uid);

/* One reference more. */
void gpald_user_keep(struct gpald_user *user);

/* The last reference frees the user. */
void gpald_user_unref(struct gpald_users *users, struct gpald_user *user);

/*
 * Counts time that a user was served. Nobody falls back by more than a tenth of a
 * second, or one large request would keep a user's small ones waiting for as long.
 */
void gpald_user_charge(const struct gpald_users *users, struct gpald_user *user, uint64_t ns);

/* Puts a connection at the end of its user's queue, unless it waits already. */
void gpald_user_wait(struct gpald_users *users, struct gpald_user *user, struct gpald_turn *turn);

/* Takes a connection out of the queue; nothing if it does not wait. */
void gpald_user_leave(struct gpald_user *user, struct gpald_turn *turn);

/*
 * Takes out the first connection of the user who has been served least; of equals,
 * of the first after the one that had the last turn. NULL: none waits.
 */
struct gpald_turn *gpald_users_next_turn(struct gpald_users *users);

/*
 * The same choice among users whose work waits while none of it runs, and who have room
 * for what comes of it. NULL: there is none.
 */
struct gpald_user *gpald_users_next_work(const struct gpald_users *users);

#endif
