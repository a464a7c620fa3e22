/* SPDX-License-Identifier: MIT */
/* A service without sockets, on a registry in memory that is empty at first. */
#ifndef GPALD_TESTS_FUZZ_SERVING_H
#define GPALD_TESTS_FUZZ_SERVING_H

#include "server/service.h"

extern struct gpald_service serving;
extern struct gpald_workspace serving_space; /* memory of replies */

/* Opens a registry. The first call also makes the service. */
void serving_open(void);
void serving_close(void);

/* Sends a request and waits for the store. A call that waits for events stays unanswered. */
void serving_ask(const struct gpald_caller *caller, const char *text, size_t length,
		 struct gpald_answer *answer);

#endif
