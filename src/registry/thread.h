/* SPDX-License-Identifier: MIT */
/* Threads beside the main one, to which they leave the signals. */
#ifndef GPALD_REGISTRY_THREAD_H
#define GPALD_REGISTRY_THREAD_H

#include <gpalayout/export.h>
#include <pthread.h>

/*
 * Starts a thread with a name of at most 15 bytes, for whoever looks at the threads of
 * the process. It has all signals blocked but those that say that it has crashed. 0, or
 * an errno value.
 */
GPAL_MUST_USE int gpald_thread_start(pthread_t *thread, const char *name, void *(*run)(void *data),
				     void *data);

#endif
