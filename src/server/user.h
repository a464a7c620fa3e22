/* SPDX-License-Identifier: MIT */
/*
 * The shared state of the connections of a uid: their number, the unsent bytes, and turns. Time is
 * shared among users, not connections, so opening many connections gains nothing. The user who has
 * been served least comes first. A user who returns after a pause begins level with the others, and
 * so gets no more turns than they do.
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

/* The place of a connection with work in the queue of its user; embedded in the connection. */
struct gpald_turn {
	TAILQ_ENTRY(gpald_turn) entry;
	bool is_waiting;
};

struct gpald_user {
	LIST_ENTRY(gpald_user) entry;
	uid_t uid;
	size_t connections[2]; /* open connections: [1] on the inspect socket, [0] on the others */
	size_t references;     /* connections, open or closing, and calls and work for the user */
	size_t unsent_bytes;   /* unsent bytes of replies and events */
	TAILQ_HEAD(, gpald_turn) turns; /* connections that wait for a turn */

	struct gpald_work_queue waiting_work; /* work that waits for a thread */
	bool is_work_slot_taken; /* work of the user runs, or its result has not been taken */

	uint64_t served_ns;  /* time of reads and turns, and processor time on threads */
	uint64_t virtual_ns; /* orders turns and work: served_ns, kept close to that of others */
};

/* Zero it before use. */
struct gpald_users {
	LIST_HEAD(, gpald_user) list;
	struct gpald_user *last; /* the user who had the last turn */
	size_t connections[2];   /* open connections of all users, with the same indices */
	uint64_t virtual_ns;     /* of the user who had the last turn */
	size_t unsent_bytes_max; /* work of a user with this many unsent bytes waits */
};

/*
 * Returns the user of a uid with a new reference; creates it if it is missing. NULL: out of memory.
 */
GPAL_MUST_USE struct gpald_user *gpald_user_get(struct gpald_users *users, uid_t uid);

/* Adds a reference. */
void gpald_user_ref(struct gpald_user *user);

/* Removes a reference. Removing the last one frees the user. */
void gpald_user_unref(struct gpald_users *users, struct gpald_user *user);

/*
 * Charges a user for time, so that users who have been served less come first. This puts the user
 * at most a tenth of a second behind the one who had the last turn: otherwise, after a long
 * request, the short ones of this user would wait for as long as it took.
 */
void gpald_user_charge(const struct gpald_users *users, struct gpald_user *user, uint64_t ns);

/* Adds a connection to the end of the queue of its user, unless it is there. */
void gpald_user_enqueue(struct gpald_users *users, struct gpald_user *user,
			struct gpald_turn *turn);

/* Removes a connection from the queue, if it is there. */
void gpald_user_dequeue(struct gpald_user *user, struct gpald_turn *turn);

/*
 * Removes and returns the first connection of the user who has been served least; among equals, of
 * the next one after the user who had the last turn. NULL: none waits.
 */
struct gpald_turn *gpald_users_next_turn(struct gpald_users *users);

/*
 * Returns the user who has been served least among those whose next work may begin:
 * `is_work_slot_taken` is not set, and the work is urgent or the user has fewer than
 * `unsent_bytes_max` unsent bytes. NULL: there is none.
 */
struct gpald_user *gpald_users_next_to_work(const struct gpald_users *users);

#endif
