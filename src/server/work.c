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
	struct gpald_works *works = data;
	struct gpald_work *work;

	/* A thread begins with the priority of the thread that starts it. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), getpriority(PRIO_PROCESS, 0) + NICENESS);
	pthread_mutex_lock(&works->lock);
	for (;;) {
		uint64_t start;

		while (STAILQ_EMPTY(&works->given) && !works->is_ending)
			pthread_cond_wait(&works->has_work, &works->lock);
		work = pop_work(&works->given);
		if (!work)
			break;
		pthread_mutex_unlock(&works->lock);
		start = thread_cpu_ns();
		work->run(work);
		work->cpu_ns = thread_cpu_ns() - start;
		pthread_mutex_lock(&works->lock);
		STAILQ_INSERT_TAIL(&works->finished, work, entry);
		uv_async_send(&works->has_finished);
	}
	pthread_mutex_unlock(&works->lock);
	return NULL;
}

/* Gives the threads the work that they can begin. The loop stays alive until it is finished. */
void gpald_works_dispatch(struct gpald_works *works)
{
	struct gpald_user *user;

	while (works->running < GPALD_WORK_THREADS &&
	       (user = gpald_users_next_work(works->users))) {
		struct gpald_work *work = pop_work(&user->works);

		user->is_working = true;
		works->running++;
		pthread_mutex_lock(&works->lock);
		STAILQ_INSERT_TAIL(&works->given, work, entry);
		pthread_cond_signal(&works->has_work);
		pthread_mutex_unlock(&works->lock);
	}
	if (works->running > 0)
		uv_ref((uv_handle_t *)&works->has_finished);
	else
		uv_unref((uv_handle_t *)&works->has_finished);
}

static void on_finished(uv_async_t *async)
{
	struct gpald_works *works = async->data;
	struct gpald_work_queue finished = STAILQ_HEAD_INITIALIZER(finished);
	struct gpald_work *work;

	pthread_mutex_lock(&works->lock);
	STAILQ_CONCAT(&finished, &works->finished);
	pthread_mutex_unlock(&works->lock);
	while ((work = pop_work(&finished))) {
		struct gpald_user *user = work->user;

		works->running--;
		user->is_working = false;
		gpald_user_charge(works->users, user, work->cpu_ns);
		/* after() may free the work. */
		work->after(work);
		gpald_user_unref(works->users, user);
	}
	gpald_works_dispatch(works);
}

int gpald_works_start(struct gpald_works *works, uv_loop_t *loop, struct gpald_users *users)
{
	int code;

	*works = (struct gpald_works){
		.users = users,
		.given = STAILQ_HEAD_INITIALIZER(works->given),
		.finished = STAILQ_HEAD_INITIALIZER(works->finished),
	};
	code = uv_async_init(loop, &works->has_finished, on_finished);
	if (code < 0)
		return code;
	works->has_finished.data = works;
	pthread_mutex_init(&works->lock, NULL);
	pthread_cond_init(&works->has_work, NULL);
	while (code == 0 && works->started < GPALD_WORK_THREADS) {
		code = gpald_thread_start(&works->threads[works->started], "work", run_work_thread,
					  works);
		works->started += code == 0;
	}
	gpald_works_dispatch(works);
	if (code == 0)
		return 0;
	gpald_works_stop(works);
	return uv_translate_sys_error(code);
}

void gpald_works_stop(struct gpald_works *works)
{
	pthread_mutex_lock(&works->lock);
	works->is_ending = true;
	pthread_cond_broadcast(&works->has_work);
	pthread_mutex_unlock(&works->lock);
	while (works->started > 0)
		pthread_join(works->threads[--works->started], NULL);
	uv_close((uv_handle_t *)&works->has_finished, NULL);
	pthread_cond_destroy(&works->has_work);
	pthread_mutex_destroy(&works->lock);
}

void gpald_work_submit(struct gpald_works *works, struct gpald_user *user, struct gpald_work *work)
{
	work->works = works;
	work->user = user;
	gpald_user_ref(user);
	if (work->is_urgent)
		STAILQ_INSERT_HEAD(&user->works, work, entry);
	else
		STAILQ_INSERT_TAIL(&user->works, work, entry);
	gpald_works_dispatch(works);
}

void gpald_work_block_user(struct gpald_work *work)
{
	work->user->is_working = true;
}

void gpald_work_unblock_user(struct gpald_work *work)
{
	work->user->is_working = false;
	gpald_works_dispatch(work->works);
}

bool gpald_work_cancel(struct gpald_work *work)
{
	struct gpald_work *at;

	STAILQ_FOREACH(at, &work->user->works, entry)
		if (at == work)
			break;
	if (!at)
		return false;
	STAILQ_REMOVE(&work->user->works, work, gpald_work, entry);
	gpald_user_unref(work->works->users, work->user);
	return true;
}
