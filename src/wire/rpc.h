/* SPDX-License-Identifier: MIT */
/* The JSON-RPC 2.0 envelope: one message a line, no batches. */
#ifndef GPALD_WIRE_RPC_H
#define GPALD_WIRE_RPC_H

#include "wire/reason.h"

#include <cjson/cJSON.h>
#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>

/* All pointers lead into `tree`. */
struct gpald_rpc_request {
	cJSON *tree;
	const cJSON *id; /* NULL: none that could be read */
	bool is_notification;
	const char *method;
	const cJSON *params; /* NULL: none */
};

/*
 * Reads a line without its end. Always fills in *request, as far as the line could
 * be read, so that a refusal can carry the id; the caller clears it. Returns 0, or
 * -1 with *error set: the reasons of gpald_json_guard(), GPALD_INVALID_REQUEST, or
 * that of GPAL_E_NO_MEMORY.
 */
GPAL_MUST_USE int gpald_rpc_parse(const char *line, size_t length,
				  struct gpald_rpc_request *request,
				  struct gpald_wire_error *error);

void gpald_rpc_request_clear(struct gpald_rpc_request *request);

/* Frees the params of a request that is kept for its id and its method. */
void gpald_rpc_request_drop_params(struct gpald_rpc_request *request);

/*
 * The line of a reply, LF included, allocated with malloc() and given to the
 * caller, with its length; NULL: out of memory. `id` NULL makes it null. The
 * result is taken, also on failure, and so is what an error owns.
 */
char *gpald_rpc_result(const cJSON *id, cJSON *result, size_t *length);
char *gpald_rpc_error(const cJSON *id, struct gpald_wire_error *error, size_t *length);

/*
 * The line of a refusal that takes no memory, for when there is none: of a reason
 * without details, with a message that needs no escapes. Returns its length. An id
 * that does not fit is left out, as null.
 */
#define GPALD_RPC_PLAIN_SIZE 768
#define GPALD_RPC_PLAIN_MESSAGE_MAX 255
size_t gpald_rpc_plain_error(const cJSON *id, enum gpald_reason reason, const char *message,
			     char line[GPALD_RPC_PLAIN_SIZE]);

/* Whether such a line can carry all of an error. */
bool gpald_rpc_is_plain(const struct gpald_wire_error *error);

/* The line of a notification from the daemon; `params` is taken, also on failure. */
char *gpald_rpc_notification(const char *method, cJSON *params, size_t *length);

#endif
