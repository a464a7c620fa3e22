/* SPDX-License-Identifier: MIT */
/*
 * Runs work on threads. The threads get only the work that they can begin at once. The rest waits
 * in the queue of its user, so that the user who has been served least can be chosen. The threads
 * of libuv are not used, because libuv aborts if none can be started.
 */
#include "config.h"

#include "server/work.h"

#include "registry/thread.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NICENESS 5 /* lower priority than the loop, for which everyone waits */

static uint64_t thread_cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Removes and returns the first work; NULL: there is none. */
static struct gpald_work *pop_work(struct gpald_work_queue *queue)
{
	struct gpald_work *work = STAILQ_FIRST(queue);

	if (work)
		STAILQ_REMOVE_HEAD(queue, entry);
	return work;
}

static void *run_work_thread(void *data)
{
	struct gpald_work_pool *pool = data;
	struct gpald_work *work;

	/* A thread begins with the priority of the thread that starts it. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), getpriority(PRIO_PROCESS, 0) + NICENESS);
	pthread_mutex_lock(&pool->lock);
	for (;;) {
		uint64_t start;

		while (STAILQ_EMPTY(&pool->given) && !pool->is_ending)
			pthread_cond_wait(&pool->has_work, &pool->lock);
		work = pop_work(&pool->given);
		if (!work)
			break;
		pthread_mutex_unlock(&pool->lock);
		start = thread_cpu_ns();
		work->run(work);
		work->cpu_ns = thread_cpu_ns() - start;
		pthread_mutex_lock(&pool->lock);
		STAILQ_INSERT_TAIL(&pool->finished, work, entry);
		uv_async_send(&pool->work_finished);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Gives the threads the work that they can begin. The loop stays alive until the work is done. */
void gpald_work_pool_dispatch(struct gpald_work_pool *pool)
{
	struct gpald_user *user;

	while (pool->running < GPALD_WORK_THREADS &&
	       (user = gpald_users_next_to_work(pool->users))) {
		struct gpald_work *work = pop_work(&user->waiting_work);

		user->is_work_slot_taken = true;
		pool->running++;
		pthread_mutex_lock(&pool->lock);
		STAILQ_INSERT_TAIL(&pool->given, work, entry);
		pthread_cond_signal(&pool->has_work);
		pthread_mutex_unlock(&pool->lock);
	}
	if (pool->running > 0)
		uv_ref((uv_handle_t *)&pool->work_finished);
	else
		uv_unref((uv_handle_t *)&pool->work_finished);
}

static void on_finished(uv_async_t *async)
{
	struct gpald_work_pool *pool = async->data;
	struct gpald_work_queue finished = STAILQ_HEAD_INITIALIZER(finished);
	struct gpald_work *work;

	pthread_mutex_lock(&pool->lock);
	STAILQ_CONCAT(&finished, &pool->finished);
	pthread_mutex_unlock(&pool->lock);
	while ((work = pop_work(&finished))) {
		struct gpald_user *user = work->user;

		pool->running--;
		user->is_work_slot_taken = false;
		gpald_user_charge(pool->users, user, work->cpu_ns);
		/* after() may free the work. */
		work->after(work);
		gpald_user_unref(pool->users, user);
	}
	gpald_work_pool_dispatch(pool);
}

int gpald_work_pool_start(struct gpald_work_pool *pool, uv_loop_t *loop, struct gpald_users *users)
{
	int code;

	*pool = (struct gpald_work_pool){
		.users = users,
		.given = STAILQ_HEAD_INITIALIZER(pool->given),
		.finished = STAILQ_HEAD_INITIALIZER(pool->finished),
	};
	code = uv_async_init(loop, &pool->work_finished, on_finished);
	if (code < 0)
		return code;
	pool->work_finished.data = pool;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->has_work, NULL);
	while (code == 0 && pool->started < GPALD_WORK_THREADS) {
		code = gpald_thread_start(&pool->threads[pool->started], "work", run_work_thread,
					  pool);
		pool->started += code == 0;
	}
	gpald_work_pool_dispatch(pool);
	if (code == 0)
		return 0;
	gpald_work_pool_stop(pool);
	return uv_translate_sys_error(code);
}

void gpald_work_pool_stop(struct gpald_work_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->is_ending = true;
	pthread_cond_broadcast(&pool->has_work);
	pthread_mutex_unlock(&pool->lock);
	while (pool->started > 0)
		pthread_join(pool->threads[--pool->started], NULL);
	uv_close((uv_handle_t *)&pool->work_finished, NULL);
	pthread_cond_destroy(&pool->has_work);
	pthread_mutex_destroy(&pool->lock);
}

void gpald_work_submit(struct gpald_work_pool *pool, struct gpald_user *user,
		       struct gpald_work *work)
{
	work->pool = pool;
	work->user = user;
	gpald_user_ref(user);
	if (work->is_urgent)
		STAILQ_INSERT_HEAD(&user->waiting_work, work, entry);
	else
		STAILQ_INSERT_TAIL(&user->waiting_work, work, entry);
	gpald_work_pool_dispatch(pool);
}

void gpald_work_block_user(struct gpald_work *work)
{
	work->user->is_work_slot_taken = true;
}

void gpald_work_unblock_user(struct gpald_work *work)
{
	work->user->is_work_slot_taken = false;
	gpald_work_pool_dispatch(work->pool);
}

bool gpald_work_cancel(struct gpald_work *work)
{
	struct gpald_work *at;

	STAILQ_FOREACH(at, &work->user->waiting_work, entry)
		if (at == work)
			break;
	if (!at)
		return false;
	STAILQ_REMOVE(&work->user->waiting_work, work, gpald_work, entry);
	gpald_user_unref(work->pool->users, work->user);
	return true;
}
