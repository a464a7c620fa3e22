/* SPDX-License-Identifier: MIT */
/* Threads besides the main one, which handles the signals. */
#ifndef GPALD_REGISTRY_THREAD_H
#define GPALD_REGISTRY_THREAD_H

#include <gpalayout/export.h>
#include <pthread.h>

/*
 * Starts a thread. Its name has at most 15 bytes and is shown by tools such as top. All signals are
 * blocked in it except those of crashes. Returns 0 or an errno.
 */
GPAL_MUST_USE int gpald_thread_start(pthread_t *thread, const char *name, void *(*run)(void *data),
				     void *data);

#endif
