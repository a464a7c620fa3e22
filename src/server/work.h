/* SPDX-License-Identifier: MIT */
/*
 * Work that would hold up the loop, done beside it on a few threads. Users share the
 * threads by the time they have been served: one piece of a user's work runs at a
 * time, and the user who has been served least goes first. What comes of it may be
 * large, so that no more is begun while a user does not read what there is.
 */
#ifndef GPALD_SERVER_WORK_H
#define GPALD_SERVER_WORK_H

#include "server/user.h"

#include <gpalayout/export.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define GPALD_WORK_THREADS 4

/* The members are for the functions below. */
struct gpald_works {
	struct gpald_users *users;
	size_t running;
	pthread_t threads[GPALD_WORK_THREADS];
	size_t started;
	uv_async_t has_finished;

	pthread_mutex_t lock;
	pthread_cond_t has_work;
	/* Behind the lock. */
	struct gpald_work_queue given, finished;
	bool is_ending;
};

/* Embedded in what is worked on, which must last until `ran` was called. */
struct gpald_work {
	struct gpald_works *works;
	struct gpald_user *user;
	STAILQ_ENTRY(gpald_work) entry;
	bool is_urgent;  /* other users may wait for it, so that it is not kept waiting */
	uint64_t cpu_ns; /* processor time that it took */

	void (*run)(struct gpald_work *work); /* on one of the threads */
	void (*ran)(struct gpald_work *work); /* then on the loop's */
};

/* Starts the threads; 0, or a libuv error. */
GPAL_MUST_USE int gpald_works_start(struct gpald_works *works, uv_loop_t *loop,
				    struct gpald_users *users);

/* Ends them, when there is no more work; the loop has to run once more. */
void gpald_works_stop(struct gpald_works *works);

/* Has `work` run for a user, whom it refers to meanwhile. Its two functions are set. */
void gpald_work_submit(struct gpald_works *works, struct gpald_user *user, struct gpald_work *work);

/*
 * For `ran`: no other work of the user's is begun until what came of this one is taken,
 * which gpald_work_taken() says.
 */
void gpald_work_hold(struct gpald_work *work);
void gpald_work_taken(struct gpald_work *work);

/* Begins what may begin, after a user has got room. */
void gpald_works_go_on(struct gpald_works *works);

/* Whether work was taken back before it began; then its functions are not called. */
GPAL_MUST_USE bool gpald_work_cancel(struct gpald_work *work);

#endif
