/* SPDX-License-Identifier: MIT */
/* From a line to its reply: the methods, without sockets. */
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
	const struct gpald_options *options;     /* for daemon.info, which says where all is from */
	const struct gpald_connections *clients; /* to be counted */
	struct gpald_registry *registry;
	struct gpald_statistics statistics;

	/* Told that a call can be answered, by gpald_call_answer(). */
	void (*ready)(void *waiter);

	struct gpald_works *works; /* what takes long is done there; NULL: nothing is put off */
	struct gpald_users *users; /* of callers */

	char *schema; /* the OpenRPC document on one line; owned */
};

/* What clients of a socket may do, and how they say it. */
struct gpald_socket {
	const char *name; /* in the log, and of the service manager's descriptor */
	bool is_inspect;  /* it has the methods that change nothing */
	bool is_framed;   /* messages are frames of ttrpc, not lines */
	const struct gpald_envelope *envelope;
};
extern const struct gpald_socket gpald_control_socket, gpald_inspect_socket, gpald_ttrpc_socket;

/* Who asks. */
struct gpald_caller {
	struct gpald_user *user; /* who is charged for what is put off; NULL: nothing is */
	uid_t uid;
	pid_t pid;
	bool is_admin; /* a member of the admin group */
	const struct gpald_socket *socket;
	bool is_subscribed;
};

/* What requests are answered with, one after another, so that memory is used again. */
struct gpald_workspace {
	struct gpald_arena *arena; /* of the request that is being answered */
	struct gpald_writer out;   /* lines of replies */
};

/* False: out of memory. */
GPAL_MUST_USE bool gpald_workspace_init(struct gpald_workspace *space);
void gpald_workspace_clear(struct gpald_workspace *space);

/*
 * A request that is answered later: when the store has committed it, or when what
 * takes long has been done on another thread.
 */
struct gpald_call {
	struct gpald_operation operation; /* first */
	struct gpald_work work;
	bool is_working; /* `work` was submitted, and has not come back */
	struct gpald_service *service;
	const struct gpald_method *method; /* NULL: none that there is */
	struct gpald_caller caller;
	struct gpald_id id;
	char *id_text; /* that of the id, where the call outlives its line; owned, or NULL */
	uint64_t started_ns;
	uint64_t arrived_ns;
	int64_t timeout_ns; /* of the client; 0: none */
	bool is_later;      /* it was handed to the registry, and is answered when that is done */
	bool is_ready;
	void *waiter; /* NULL: nobody */

	/* Of a call that is made on another thread. */
	char *line; /* owned; NULL: it is not */
	size_t line_length;
	bool is_stopping;
	bool is_notification;
	const char *method_name; /* what the line names; NULL: nothing that could be read */
	const void *params;      /* decoded */
	int code;                /* of what was done there, with `error` */
	struct gpald_wire_error error;
	bool is_written;              /* its reply lies in its own workspace */
	bool is_held;                 /* and keeps other work of the user's waiting */
	struct gpald_workspace space; /* its own */
};

enum gpald_answer_kind {
	GPALD_ANSWER_NONE,  /* a notification, which gets no reply */
	GPALD_ANSWER_REPLY, /* a line more in the workspace */
	GPALD_ANSWER_PLAIN, /* the line in `plain`, because there is no memory */
	GPALD_ANSWER_LATER, /* the service's ready() will be called, unless the call is abandoned */
	GPALD_ANSWER_WAIT,  /* there is nothing to say yet; see gpald_service_answer_wait() */
};

struct gpald_answer {
	enum gpald_answer_kind kind;
	size_t plain_length;
	char plain[GPALD_RPC_PLAIN_SIZE];
	struct gpald_call *call;
	struct gpal_optional subscribed; /* events follow the reply, from after this revision on */

	/* Of a call that is answered later, or waits. */
	struct gpald_id id;
	int64_t timeout_ns; /* 0: none, or not known yet */
	uint64_t since;     /* a wait is for events after this revision */
	uint64_t wait_ms;   /* at most so long */
};

/* What a client has sent. */
struct gpald_message {
	const char *text; /* a line, its end excluded, or a frame */
	size_t length;
	uint64_t arrived_ns; /* in uv_hrtime(), or earlier */
	bool is_stopping;    /* it came when no more was to be served */
};

/* Fills in what the service owns; the other members are the caller's. False: out of memory. */
GPAL_MUST_USE bool gpald_service_init(struct gpald_service *service);
void gpald_service_clear(struct gpald_service *service);

/*
 * Answers a message. Of one that came too late nothing is called, and the reply says that
 * the daemon is shutting down. `waiter` is what ready() gets if the answer comes later.
 */
void gpald_service_answer(struct gpald_service *service, const struct gpald_caller *caller,
			  const struct gpald_message *message, void *waiter,
			  struct gpald_workspace *space, struct gpald_answer *answer);

/*
 * Refuses a message that need not be read, of a method or NULL. What the error owns is cleared.
 */
void gpald_service_refuse(struct gpald_service *service, const struct gpald_caller *caller,
			  const struct gpald_method *method, const struct gpald_id *id,
			  struct gpald_wire_error *error, struct gpald_workspace *space,
			  struct gpald_answer *answer);

/*
 * Answers a call that waits, if there is something to say, or if its time is over. Waiting is
 * no part of its latency. False: there is nothing to say.
 */
GPAL_MUST_USE bool gpald_service_answer_wait(struct gpald_service *service,
					     const struct gpald_caller *caller,
					     const struct gpald_id *id, uint64_t since,
					     bool is_over, struct gpald_workspace *space,
					     struct gpald_answer *answer);

/*
 * Has an operation decided on another thread, for the registry; false: it is to be done
 * at once.
 */
GPAL_MUST_USE bool gpald_service_decide_elsewhere(struct gpald_operation *operation);

/*
 * The reply of a call that is ready, which ends; the workspace has nothing in it. False: what
 * was asked has been done, and there is no memory to say so; the call goes on, and this is to
 * be tried again.
 */
GPAL_MUST_USE bool gpald_call_answer(struct gpald_call *call, struct gpald_workspace *space,
				     struct gpald_answer *answer);

/* The waiter has gone. A change that was begun goes on. */
void gpald_call_abandon(struct gpald_call *call);

/* The reply where no line was read, such as to one that is too long; id null. Its length. */
size_t gpald_service_refusal(const struct gpald_service *service, const struct gpald_caller *caller,
			     enum gpald_reason reason, char line[GPALD_RPC_PLAIN_SIZE]);

#endif
