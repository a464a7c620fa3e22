/* SPDX-License-Identifier: MIT */
/* A request on its way to its answer, which may come later. */
#ifndef GPALD_SERVER_CALL_H
#define GPALD_SERVER_CALL_H

#include "core/arena.h"
#include "registry/registry.h"
#include "server/work.h"
#include "wire/json_write.h"
#include "wire/reason.h"
#include "wire/rpc.h"

#include <gpalayout/export.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct gpald_context;
struct gpald_method;
struct gpald_service;
struct gpald_socket_kind;

/* The client that makes a request. */
struct gpald_caller {
	struct gpald_user *user; /* charged for work on other threads; NULL: no such work */
	uid_t uid;
	pid_t pid;
	bool is_admin; /* a member of the admin group */
	const struct gpald_socket_kind *socket_kind;
	bool is_subscribed;
};

/* Memory for serving a request; the loop reuses one for all its requests. */
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
	int64_t timeout_ns; /* of the client; 0: none; negative: it is over */
	bool arrived_while_stopping;
	bool is_submitted; /* the registry took the operation; its done() makes the call ready */
	bool is_ready;
	void *waiter; /* NULL: nobody waits */

	/* For a call that is served on another thread. */
	char *line; /* owned; NULL: it is served on the loop, or no thread needs it any more */
	size_t line_length;
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

/* For gpald_service_answer(), whose calls are on its stack. */

/*
 * Checks that a request may be served, and fills in the method of the call and the decoded params,
 * which are in the arena. Returns 0, or -1 with *error set.
 */
GPAL_MUST_USE int gpald_call_accept(struct gpald_call *call,
				    const struct gpald_rpc_request *request,
				    struct gpald_arena *arena, const void **params,
				    struct gpald_wire_error *error);

/*
 * Calls the method and writes its answer. Returns 0; -1 with *error set; or GPALD_TAKES_LONG or
 * GPALD_WAITS, if the method returns it.
 */
GPAL_MUST_USE int gpald_call_run_method(const struct gpald_call *call,
					const struct gpald_context *context, const void *params,
					struct gpald_writer *w, struct gpald_wire_error *error);

/*
 * Begins a change with a copy of the call. The answer may come now or later. Returns 0, or -1 with
 * *error set.
 */
GPAL_MUST_USE int gpald_call_begin_change(const struct gpald_call *received, const void *params,
					  void *waiter, struct gpald_workspace *space,
					  struct gpald_answer *answer,
					  struct gpald_wire_error *error);

/*
 * Lets a worker serve copies of the call and its line. The answer comes later. Returns 0, or -1
 * with *error set.
 */
GPAL_MUST_USE int gpald_call_serve_on_worker(const struct gpald_call *received, const char *line,
					     size_t length, void *waiter,
					     struct gpald_answer *answer,
					     struct gpald_wire_error *error);

/*
 * For a call that waits for events: sets *answer to GPALD_ANSWER_ON_EVENT, with its id and timeout.
 * Discards what was written after `mark`.
 */
void gpald_call_answer_on_event(const struct gpald_call *call, struct gpald_writer *w, size_t mark,
				struct gpald_answer *answer);

/* For the connection. */

/*
 * Writes the reply of a call that is ready, and frees the call. If another thread has written the
 * reply (`is_written`), the workspace must be empty. Returns false if the change was made but there
 * is no memory for the reply; then the call remains: try again.
 */
GPAL_MUST_USE bool gpald_call_answer(struct gpald_call *call, struct gpald_workspace *space,
				     struct gpald_answer *answer);

/*
 * Tells a call that its waiter has gone. The call frees itself, now or later. A change that has
 * begun continues.
 */
void gpald_call_abandon(struct gpald_call *call);

/* For the registry. */

/* Lets another thread decide on an operation. Returns false if it must be decided at once. */
GPAL_MUST_USE bool gpald_call_decide_on_worker(struct gpald_operation *operation);

#endif
