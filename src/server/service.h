/* SPDX-License-Identifier: MIT */
/* The path from a line to its reply: the methods, without the sockets. */
#ifndef GPALD_SERVER_SERVICE_H
#define GPALD_SERVER_SERVICE_H

#include "core/arena.h"
#include "registry/registry.h"
#include "server/limits.h"
#include "server/statistics.h"
#include "server/work.h"
#include "wire/json_write.h"
#include "wire/reason.h"
#include "wire/rpc.h"

#include <gpalayout/export.h>
#include <gpalayout/policy.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct gpald_connections;
struct gpald_method;
struct gpald_options;

struct gpald_service {
	const struct gpal_policy *default_policy;
	const struct gpald_limits *limits;
	const char *socket_path;
	const char *inspect_path;                /* NULL: no inspect socket */
	const char *ttrpc_path;                  /* NULL: no ttrpc socket */
	const char *state_path;                  /* NULL: nothing is kept */
	const struct gpald_options *options;     /* for daemon.info */
	const struct gpald_connections *clients; /* for counts */
	struct gpald_registry *registry;
	struct gpald_statistics statistics;

	/* Called when a call can be answered by gpald_call_answer(). */
	void (*ready)(void *waiter);

	struct gpald_work_pool *pool; /* runs what takes long; NULL: all is done on the loop */
	struct gpald_users *users;    /* the users of callers */

	char *schema; /* the OpenRPC document on one line; owned */
};

/* A kind of socket: what its clients may do, and in which form. */
struct gpald_socket {
	const char *name; /* in the log, and of the descriptor from the service manager */
	bool is_inspect;  /* it has the methods that change nothing */
	bool is_framed;   /* messages are frames of ttrpc, not lines */
	const struct gpald_envelope *envelope;
};
extern const struct gpald_socket gpald_control_socket, gpald_inspect_socket, gpald_ttrpc_socket;

/* The client that makes a request. */
struct gpald_caller {
	struct gpald_user *user; /* charged for work on other threads; NULL: no such work */
	uid_t uid;
	pid_t pid;
	bool is_admin; /* a member of the admin group */
	const struct gpald_socket *socket;
	bool is_subscribed;
};

/* Memory that each request uses again. */
struct gpald_workspace {
	struct gpald_arena *arena; /* for the current request */
	struct gpald_writer out;   /* lines of replies */
};

/* Returns false if memory ran out. */
GPAL_MUST_USE bool gpald_workspace_init(struct gpald_workspace *space);
void gpald_workspace_clear(struct gpald_workspace *space);

/*
 * A request. If it is answered later, after the store has committed it or another thread has done
 * the work that takes long, the call is a copy on the heap.
 */
struct gpald_call {
	struct gpald_operation operation; /* first */
	struct gpald_work work;
	bool is_working; /* `work` has been submitted and has not finished */
	struct gpald_service *service;
	const struct gpald_method *method; /* NULL: no valid method */
	struct gpald_caller caller;
	struct gpald_id id;
	char *id_text; /* text of the id, if the call outlives its line; owned, or NULL */
	uint64_t started_ns;
	uint64_t arrived_ns;
	int64_t timeout_ns; /* of the client; 0: none */
	bool is_submitted;  /* submitted to the registry, and answered when that is done */
	bool is_ready;
	void *waiter; /* NULL: nobody waits */

	/* For a call that is served on another thread. */
	char *line; /* owned; NULL: it is served on the loop */
	size_t line_length;
	bool is_stopping;
	bool is_notification;
	const char *method_name; /* the name in the line; NULL: none could be read */
	const void *params;      /* decoded */
	int code;                /* result of the work there, with `error` */
	struct gpald_wire_error error;
	bool is_written;              /* its reply is in its own workspace */
	bool blocks_user;             /* other work of the user waits until that reply is taken */
	struct gpald_workspace space; /* its own */
};

enum gpald_answer_kind {
	GPALD_ANSWER_NONE,     /* a notification, which gets no reply */
	GPALD_ANSWER_REPLY,    /* a line was added to the workspace */
	GPALD_ANSWER_PLAIN,    /* the line in `plain`, because memory ran out */
	GPALD_ANSWER_LATER,    /* ready() will be called, unless the call is abandoned */
	GPALD_ANSWER_ON_EVENT, /* later, at an event or a timeout: gpald_service_answer_wait() */
};

struct gpald_answer {
	enum gpald_answer_kind kind;
	size_t plain_length;
	char plain[GPALD_RPC_PLAIN_SIZE];
	struct gpald_call *call;
	struct gpal_optional subscribed; /* events after this revision follow the reply */

	/* For a call that is answered later, or waits. */
	struct gpald_id id;
	int64_t timeout_ns; /* 0: none, or not yet known */
	uint64_t since;     /* the call waits for events after this revision */
	uint64_t wait_ms;   /* the longest time of the wait */
};

/* A message of a client. */
struct gpald_message {
	const char *text; /* a line, its end excluded, or a frame */
	size_t length;
	uint64_t arrived_ns; /* in uv_hrtime(); it may have arrived earlier */
	bool is_stopping;    /* it arrived after the daemon began to stop */
};

/*
 * Fills in the members that the service owns; the caller sets the others. Returns false if memory
 * ran out.
 */
GPAL_MUST_USE bool gpald_service_init(struct gpald_service *service);
void gpald_service_clear(struct gpald_service *service);

/*
 * Answers a message. If `is_stopping` is set, no method is called, and the reply says that the
 * daemon is shutting down. `waiter` is passed to ready() if the answer comes later.
 */
void gpald_service_answer(struct gpald_service *service, const struct gpald_caller *caller,
			  const struct gpald_message *message, void *waiter,
			  struct gpald_workspace *space, struct gpald_answer *answer);

/*
 * Refuses a call for the reason in *error: a frame that was not read, or a call that waits.
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
 * For the registry: lets another thread decide on an operation. Returns false if it must be decided
 * at once.
 */
GPAL_MUST_USE bool gpald_service_decide_on_worker(struct gpald_operation *operation);

/*
 * Writes the reply of a call that is ready, and frees the call. If another thread has written the
 * reply (`is_written`), the workspace must be empty. Returns false if the change was made but there
 * is no memory for the reply; then the call remains: try again.
 */
GPAL_MUST_USE bool gpald_call_answer(struct gpald_call *call, struct gpald_workspace *space,
				     struct gpald_answer *answer);

/* Tells a call that its waiter has gone. A change that has begun continues. */
void gpald_call_abandon(struct gpald_call *call);

/*
 * Writes the refusal of a line that was not read, such as one that is too long, and logs it. Its id
 * is null. Returns its length; 0 on the ttrpc socket, where a reply needs a stream.
 */
size_t gpald_service_plain_refusal(const struct gpald_service *service,
				   const struct gpald_caller *caller, enum gpald_reason reason,
				   char line[GPALD_RPC_PLAIN_SIZE]);

#endif
