/* SPDX-License-Identifier: MIT */
/*
 * Sends the calls of a command to the daemon over one connection, and decodes the results. Printing
 * the replies is left to print_reply.h.
 */
#ifndef GPALAYOUTCTL_SESSION_H
#define GPALAYOUTCTL_SESSION_H

#include "gpalayoutctl/buffer.h"
#include "gpalayoutctl/invocation.h"
#include "wire/json_raw.h"
#include "wire/results.h"

#include <cjson/cJSON.h>
#include <gpalayout/client.h>

/* All members but `invocation` start as zero. */
struct ctl_session {
	const struct ctl_invocation *invocation;
	struct gpal_client *client; /* NULL: not connected */
	const char *socket;         /* the path of the last attempt to connect */
	const char *method;         /* of the last call */
	struct gpald_bytes params;  /* JSON text of the last call's params; empty: none */
	const char *result;         /* JSON text of the last result; NULL: refused, or failed */
	struct gpal_client_error error;

	struct gpald_bytes request; /* JSON text of the request of the command; empty: none */
	const char *request_source; /* where the request came from; NULL: from flags */

	struct gpald_arena *arena; /* owns the decoded results */
};

/*
 * Calls a method; `params` is JSON text, or NULL for none. Returns CTL_OK if the daemon replied,
 * even if it refused the call. Otherwise returns a status after a message and, with --json, after
 * printing the invalid reply if there is one.
 */
enum ctl_exit ctl_call_method(struct ctl_session *session, const char *method, const char *params);

/*
 * Returns the exit status for the last reply: CTL_OK for a result, that of the reason for a
 * refusal.
 */
enum ctl_exit ctl_reply_status(const struct ctl_session *session);

/*
 * Prints a line for --json or --field. On a terminal, escapes it as ctl_append_safe() does, but
 * keeps tabs.
 */
enum ctl_exit ctl_print_line(const char *line, size_t length);

/*
 * Decodes the last result as `result` says. The session owns the struct. Returns NULL after a
 * message if the result is invalid; the command then returns CTL_NO_DAEMON.
 */
const void *ctl_decode_result(struct ctl_session *session, const struct gpald_result *result);

/*
 * Decodes a part of a reply that is already parsed. The struct is valid as long as the tree.
 * Returns NULL after a message if the part is invalid.
 */
const void *ctl_decode(struct ctl_session *session, const struct gpald_result *result,
		       const cJSON *tree);

/*
 * Parses the last result, for callers that read members which no struct has. The session owns the
 * tree. Returns NULL after a message if the result is invalid, as ctl_decode_result() does.
 */
const cJSON *ctl_parse_result(struct ctl_session *session);

/* Reports that the last reply is invalid, and returns CTL_NO_DAEMON. */
enum ctl_exit ctl_invalid_reply(const struct ctl_session *session, const char *what);

/* Connects as the command line says. Returns CTL_OK, or another status after a message. */
enum ctl_exit ctl_connect(struct ctl_session *session);

/* Reports why the last call of the client library failed, and returns the exit status. */
enum ctl_exit ctl_report_failed_call(const struct ctl_session *session);

void ctl_session_free(struct ctl_session *session);
#define ctl_cleanup_session __attribute__((cleanup(ctl_session_free)))

#endif
