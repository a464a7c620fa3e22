/* SPDX-License-Identifier: MIT */
/* The JSON-RPC 2.0 envelope: one message a line, no batches. */
#ifndef GPALD_WIRE_RPC_H
#define GPALD_WIRE_RPC_H

#include "core/arena.h"
#include "wire/json_write.h"
#include "wire/reason.h"

#include <cjson/cJSON.h>
#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>

/* The id of a request, which its reply repeats. */
enum gpald_id_kind {
	GPALD_ID_NULL, /* none that could be read */
	GPALD_ID_INTEGER,
	GPALD_ID_TEXT,
};

struct gpald_id {
	enum gpald_id_kind kind;
	int64_t integer;
	const char *text;
};

/* All pointers lead into what was parsed. */
struct gpald_rpc_request {
	struct gpald_id id;
	bool is_notification;
	const char *method;
	const cJSON *params; /* NULL: none */
};

/*
 * Reads a line without its end into the arena. Always fills in *request, as far as
 * the line could be read, so that a refusal can carry the id. Returns 0, or -1 with
 * *error set: the reasons of gpald_json_parse(), or GPALD_INVALID_REQUEST.
 */
GPAL_MUST_USE int gpald_rpc_parse(const char *line, size_t length, struct gpald_arena *arena,
				  struct gpald_rpc_request *request,
				  struct gpald_wire_error *error);

/*
 * The line of a reply: what goes before the result and what ends it, LF included.
 * Between the two the result is written, under no key.
 */
void gpald_rpc_begin_result(struct gpald_writer *w, const struct gpald_id *id);
void gpald_rpc_end(struct gpald_writer *w);

/* The whole line of a refusal. */
void gpald_rpc_error(struct gpald_writer *w, const struct gpald_id *id,
		     const struct gpald_wire_error *error);

/*
 * The line of a refusal that takes no memory, for when there is none: of a reason
 * without details, with a message that needs no escapes. Returns its length. An id
 * that does not fit is left out, as null.
 */
#define GPALD_RPC_PLAIN_SIZE 768
#define GPALD_RPC_PLAIN_MESSAGE_MAX 255
size_t gpald_rpc_plain_error(const struct gpald_id *id, enum gpald_reason reason,
			     const char *message, char line[GPALD_RPC_PLAIN_SIZE]);

/* Whether such a line can carry all of an error. */
bool gpald_rpc_is_plain(const struct gpald_wire_error *error);

/* A notification from the daemon: between this and gpald_rpc_end() its params are written. */
void gpald_rpc_begin_notification(struct gpald_writer *w, const char *method);

#endif
