/* SPDX-License-Identifier: MIT */
/* From a line to its reply: the methods, without sockets. */
#ifndef GPALD_SERVER_SERVICE_H
#define GPALD_SERVER_SERVICE_H

#include "server/limits.h"
#include "wire/reason.h"

#include <gpalayout/export.h>
#include <gpalayout/policy.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct gpald_service {
	const struct gpal_policy *default_policy;
	const struct gpald_limits *limits;
	const char *socket_path;
	const char *inspect_path; /* NULL: no inspect socket */
	char *schema;             /* the OpenRPC document on one line; owned */
};

/* Who asks. */
struct gpald_caller {
	uid_t uid;
	pid_t pid;
	bool inspect; /* on the inspect socket: methods that change nothing */
};

/* Fills in what the service owns; the other members are the caller's. False: out of memory. */
GPAL_MUST_USE bool gpald_service_init(struct gpald_service *service);
void gpald_service_clear(struct gpald_service *service);

/*
 * Answers a line, its end excluded. The reply, LF included, is allocated with
 * malloc() and given to the caller. NULL with *failed false: a notification, which
 * gets no reply. NULL with *failed true: out of memory. With `stopping` nothing is
 * called and the reply says that the daemon is shutting down.
 */
char *gpald_service_answer(const struct gpald_service *service, const struct gpald_caller *caller,
			   const char *line, size_t line_length, bool stopping,
			   size_t *reply_length, bool *failed);

/* The reply where no line was read, such as to one that is too long; id null. NULL: out of memory. */
char *gpald_service_refusal(const struct gpald_service *service, const struct gpald_caller *caller,
			    enum gpald_reason reason, size_t *reply_length);

#endif
