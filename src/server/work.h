/* SPDX-License-Identifier: MIT */
/*
 * Work that would block the loop, done on a few threads. Users share the threads as they share
 * turns: only one piece of work of a user runs at a time, and the user who has been served least
 * comes first. Results may be large, so work that is not urgent waits while the user does not read
 * existing replies. Call all functions on the thread of the loop.
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

/* Only the functions below change it. */
struct gpald_work_pool {
	struct gpald_users *users;
	size_t running;
	pthread_t threads[GPALD_WORK_THREADS];
	size_t started;
	uv_async_t work_finished;

	pthread_mutex_t lock;
	pthread_cond_t has_work;
	/* Protected by the lock. */
	struct gpald_work_queue given, finished;
	bool is_ending;
};

/* Embedded in the object to work on, which must last until `after` was called. */
struct gpald_work {
	struct gpald_work_pool *pool;
	struct gpald_user *user;
	STAILQ_ENTRY(gpald_work) entry;
	bool is_urgent;  /* other users may wait for it, so it does not wait for the user to read */
	uint64_t cpu_ns; /* processor time that it took */

	void (*run)(struct gpald_work *work);   /* called on one of the threads */
	void (*after)(struct gpald_work *work); /* then called on the thread of the loop */
};

/* Starts the threads. Returns 0 or a libuv error. */
GPAL_MUST_USE int gpald_work_pool_start(struct gpald_work_pool *pool, uv_loop_t *loop,
					struct gpald_users *users);

/*
 * Ends the threads. Call it only when no work is left: work that waits does not begin, and `after`
 * is not called. The loop must run once more, to close a handle.
 */
void gpald_work_pool_stop(struct gpald_work_pool *pool);

/*
 * Submits work for a user, and keeps a reference to the user meanwhile. Set `is_urgent`, `run` and
 * `after` first.
 */
void gpald_work_submit(struct gpald_work_pool *pool, struct gpald_user *user,
		       struct gpald_work *work);

/*
 * `after` may call gpald_work_block_user(). Then no other work of the user begins until somebody
 * takes the result and calls gpald_work_unblock_user().
 */
void gpald_work_block_user(struct gpald_work *work);
void gpald_work_unblock_user(struct gpald_work *work);

/* Gives waiting work to the threads. Call it when a user has read replies. */
void gpald_work_pool_dispatch(struct gpald_work_pool *pool);

/*
 * Withdraws work that has not begun; its functions are not called then. Returns false if it has
 * begun.
 */
GPAL_MUST_USE bool gpald_work_cancel(struct gpald_work *work);

#endif
