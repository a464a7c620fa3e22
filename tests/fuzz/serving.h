/* SPDX-License-Identifier: MIT */
/* A service without sockets, on a registry in memory that is empty at first. */
#ifndef GPALD_TESTS_FUZZ_SERVING_H
#define GPALD_TESTS_FUZZ_SERVING_H

#include "server/service.h"

extern struct gpald_service serving;
extern struct gpald_workspace serving_space; /* where replies are */

/* Makes the service, the first time it is called, and opens a registry. */
void serving_open(void);
void serving_close(void);

/* Asks; what takes the store is waited for, and calls that wait for events are left waiting. */
void serving_ask(const struct gpald_caller *caller, const char *text, size_t length,
		 struct gpald_answer *answer);

#endif
