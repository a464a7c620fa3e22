/* SPDX-License-Identifier: MIT */
/*
 * The interface of envelopes, which JSON-RPC 2.0 and ttrpc implement, and the envelope of
 * JSON-RPC: a line is one message, and batches are refused.
 */
#ifndef GPALD_WIRE_RPC_H
#define GPALD_WIRE_RPC_H

#include "core/arena.h"
#include "wire/json_write.h"
#include "wire/reason.h"

#include <cjson/cJSON.h>
#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>

/* The id of a request. The reply repeats it. */
enum gpald_id_kind {
	GPALD_ID_NULL, /* no id could be read */
	GPALD_ID_INTEGER,
	GPALD_ID_TEXT,
	GPALD_ID_STREAM, /* the number of a ttrpc stream */
};

struct gpald_id {
	enum gpald_id_kind kind;
	int64_t integer;
	const char *text;
	const void *reply_type; /* GPALD_ID_STREAM: the message type of the reply */
};

/* A request. Its pointers are valid as long as the arena of parse(). */
struct gpald_rpc_request {
	struct gpald_id id;
	bool is_notification;
	const char *method;
	const cJSON *params; /* NULL: none */
	int64_t timeout_ns;  /* that the client waits; 0: no limit; negative: it is over */
};

/* A form of requests and replies: lines of JSON-RPC, or frames of ttrpc. */
struct gpald_envelope {
	/*
	 * Parses a message into the arena and fills in *request. If it refuses the message, the id
	 * is still set if it could be read, because the refusal needs it; the method and the params
	 * may be NULL. Returns 0, or -1 with *error set.
	 */
	int (*parse)(const char *message, size_t length, struct gpald_arena *arena,
		     struct gpald_rpc_request *request, struct gpald_wire_error *error);

	/*
	 * Fills in the id and the timeout of a message that is parsed later. It may miss a timeout
	 * that follows many other fields; that timeout is checked only when the call begins. NULL:
	 * reading the id would cost as much as parsing the whole message, as in JSON.
	 */
	void (*peek)(const char *message, size_t length, struct gpald_rpc_request *request);

	/*
	 * Begin and end a reply with a result. Between the two the result is written with a NULL
	 * key. `mark` is the offset of the reply in the text.
	 */
	void (*begin_result)(struct gpald_writer *w, const struct gpald_id *id);
	void (*end_result)(struct gpald_writer *w, size_t mark);

	/* Writes a refusal. */
	void (*write_error)(struct gpald_writer *w, const struct gpald_id *id,
			    const struct gpald_wire_error *error);

	/*
	 * Writes a refusal without allocating memory. The reason has no details, and the message
	 * needs no escapes.
	 */
	void (*write_plain_error)(struct gpald_writer *w, const struct gpald_id *id,
				  enum gpald_reason reason, const char *message);

	/* Limit on the bytes of a reply in this form, besides reply_bytes; 0: none. */
	size_t reply_max;
};

/*
 * JSON-RPC. The reasons for which parse() refuses a message are those of gpald_json_parse(), and
 * GPALD_INVALID_REQUEST if the JSON is not a request.
 */
extern const struct gpald_envelope gpald_json_envelope;

/* Writes the members of the data of an error, except its `members`; for envelopes. */
void gpald_rpc_write_error_data(struct gpald_writer *w, const struct gpald_wire_error *error);

#define GPALD_RPC_PLAIN_SIZE 768        /* bytes of a plain refusal */
#define GPALD_RPC_PLAIN_MESSAGE_MAX 255 /* bytes of its message */

/*
 * Writes a plain refusal to `line` without allocating memory, and returns its length. An id that
 * does not fit is replaced with null. In ttrpc, nothing is written for an id without a stream, and
 * the length is 0.
 */
size_t gpald_rpc_write_plain_error(const struct gpald_envelope *envelope, const struct gpald_id *id,
				   enum gpald_reason reason, const char *message,
				   char line[GPALD_RPC_PLAIN_SIZE]);

/* Returns true if a plain refusal can carry everything in an error. */
bool gpald_rpc_is_plain(const struct gpald_wire_error *error);

/* Begin and end a notification. Between the two its params are written. */
void gpald_rpc_begin_notification(struct gpald_writer *w, const char *method);
void gpald_rpc_end_notification(struct gpald_writer *w);

#endif
