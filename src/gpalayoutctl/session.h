/* SPDX-License-Identifier: MIT */
/*
 * Questions to the daemon and what it answers, over one connection for all those of a
 * command.
 */
#ifndef GPALAYOUTCTL_SESSION_H
#define GPALAYOUTCTL_SESSION_H

#include "gpalayoutctl/buffer.h"
#include "gpalayoutctl/invocation.h"
#include "wire/json_raw.h"
#include "wire/results.h"

#include <cjson/cJSON.h>
#include <gpalayout/client.h>

/* Starts with its invocation alone. */
struct ctl_session {
	const struct ctl_invocation *invocation;
	struct gpal_client *client; /* NULL: not connected */
	const char *socket;         /* to which it was connected last */
	const char *method;         /* of the last question */
	const char *result;         /* its JSON text; NULL: it was refused */
	struct gpal_client_error error;

	struct gpald_bytes request; /* JSON text of the request that it is about; empty: none */
	const char *request_file;   /* that it came from; NULL: from flags */

	struct gpald_arena *arena; /* of what has been decoded */
};

/*
 * Asks; `params` is JSON text, NULL: none. CTL_OK if there is an answer, which may be a
 * refusal; otherwise says why there is none.
 */
enum ctl_exit ctl_ask(struct ctl_session *session, const char *method, const char *params);

/* The exit status of the answer: CTL_OK for a result, and what its reason says for a refusal. */
enum ctl_exit ctl_status(const struct ctl_session *session);

/* Prints a line for --json; on a terminal, no byte of it can act on that. */
enum ctl_exit ctl_print_line(const char *line, size_t length);

/*
 * The result as the struct that `result` says, or NULL after saying what it lacks: the
 * command ends with CTL_NO_DAEMON then. It is the session's.
 */
const void *ctl_result(struct ctl_session *session, const struct gpald_result *result);

/* The same of a part of an answer that has been read already, for as long as that is. */
const void *ctl_decode(struct ctl_session *session, const struct gpald_result *result,
		       const cJSON *tree);

/* The same as a tree, for what is shown whatever its members are. */
const cJSON *ctl_result_tree(struct ctl_session *session);

/* The answer cannot be used; says so and returns CTL_NO_DAEMON. */
enum ctl_exit ctl_not_understood(const struct ctl_session *session, const char *what);

/* Connects, as the command line says. CTL_NO_DAEMON after saying why not. */
enum ctl_exit ctl_connect(struct ctl_session *session);

/* Says what has gone wrong with the last call of the client library. */
enum ctl_exit ctl_session_complain(const struct ctl_session *session);

void ctl_session_free(struct ctl_session *session);
#define ctl_cleanup_session __attribute__((cleanup(ctl_session_free)))

#endif
