/* SPDX-License-Identifier: MIT */
/* The path from a line to its reply: the methods, without the sockets. */
#ifndef GPALD_SERVER_SERVICE_H
#define GPALD_SERVER_SERVICE_H

#include "registry/registry.h"
#include "server/call.h"
#include "server/limits.h"
#include "server/statistics.h"
#include "server/work.h"
#include "wire/reason.h"
#include "wire/rpc.h"

#include <gpalayout/export.h>
#include <gpalayout/policy.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct gpald_connections;
struct gpald_options;

struct gpald_service {
	const struct gpal_policy *default_policy;
	const struct gpald_limits *limits;
	const char *socket_path;
	const char *inspect_path;                    /* NULL: no inspect socket */
	const char *ttrpc_path;                      /* NULL: no ttrpc socket */
	const char *state_path;                      /* NULL: the store is in memory */
	const struct gpald_options *options;         /* for daemon.info */
	const struct gpald_connections *connections; /* for counts */
	struct gpald_registry *registry;
	struct gpald_index *index; /* of the registry */
	struct gpald_statistics statistics;

	/* Called when a call can be answered by gpald_call_answer(). */
	void (*ready)(void *waiter);

	struct gpald_work_pool *pool; /* runs what takes long; NULL: all is done on the loop */
	struct gpald_users *users;    /* the users of callers */

	char *schema; /* the OpenRPC document on one line; owned */
};

/* A kind of socket: what its clients may do, and in which form. */
struct gpald_socket_kind {
	const char *name; /* in the log, and of the descriptor from the service manager */
	bool is_inspect;  /* it has only the methods with `on_inspect` */
	bool is_framed;   /* messages are frames of ttrpc, not lines */
	const struct gpald_envelope *envelope;
};
extern const struct gpald_socket_kind gpald_control_socket_kind, gpald_inspect_socket_kind,
	gpald_ttrpc_socket_kind;

/* A message of a client. */
struct gpald_message {
	const char *text; /* a line, its end excluded, or a frame */
	size_t length;
	uint64_t arrived_ns;         /* when its connection was last read, in uv_hrtime() */
	bool arrived_while_stopping; /* after the daemon began to stop */
};

/*
 * Fills in the members that the service owns; the caller sets the others. Returns false if memory
 * ran out.
 */
GPAL_MUST_USE bool gpald_service_init(struct gpald_service *service);
void gpald_service_clear(struct gpald_service *service);

/*
 * Answers a message. If `arrived_while_stopping` is set, no method is called, and a request that
 * names one is refused with "shutting_down". `waiter` is passed to ready() if the answer comes
 * later.
 */
void gpald_service_answer(struct gpald_service *service, const struct gpald_caller *caller,
			  const struct gpald_message *message, void *waiter,
			  struct gpald_workspace *space, struct gpald_answer *answer);

/*
 * Refuses a call for the reason in *error: a frame that was not parsed, or a call that waits.
 * `method` is NULL if it is not known. Frees what the error owns.
 */
void gpald_service_refuse(struct gpald_service *service, const struct gpald_caller *caller,
			  const struct gpald_method *method, const struct gpald_id *id,
			  struct gpald_wire_error *error, struct gpald_workspace *space,
			  struct gpald_answer *answer);

/*
 * Answers a waiting call if there are events or its time is over. Waiting does not count as
 * latency. Returns false if there is no answer yet.
 */
GPAL_MUST_USE bool gpald_service_answer_wait(struct gpald_service *service,
					     const struct gpald_caller *caller,
					     const struct gpald_id *id, uint64_t since,
					     bool is_over, struct gpald_workspace *space,
					     struct gpald_answer *answer);

/*
 * Writes the refusal of a line that was not read, such as one that is too long, or of a connection
 * that is turned away, and logs it. The id of the refusal is null. Returns its length; 0 on the
 * ttrpc socket, where a reply needs a stream.
 */
size_t gpald_service_write_plain_refusal(const struct gpald_service *service,
					 const struct gpald_caller *caller,
					 enum gpald_reason reason, char line[GPALD_RPC_PLAIN_SIZE]);

#endif
