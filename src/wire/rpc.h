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
	GPALD_ID_STREAM, /* of ttrpc */
};

struct gpald_id {
	enum gpald_id_kind kind;
	int64_t integer;
	const char *text;
	const void *reply; /* for a stream: the descriptor of the reply */
};

/* All pointers lead into what was parsed. */
struct gpald_rpc_request {
	struct gpald_id id;
	bool is_notification;
	const char *method;
	const cJSON *params; /* NULL: none */
	int64_t timeout_ns;  /* after which no reply is waited for; 0: none */
};

/* How requests and replies are wrapped: what a line or a frame says, and what answers it. */
struct gpald_envelope {
	/*
	 * Reads a message into the arena. Always fills in *request, as far as the message could
	 * be read, so that a refusal can carry the id. Returns 0, or -1 with *error set.
	 */
	int (*parse)(const char *message, size_t length, struct gpald_arena *arena,
		     struct gpald_rpc_request *request, struct gpald_wire_error *error);

	/*
	 * Fills in the id and the timeout of a message that is read later, if that costs little;
	 * NULL: it would.
	 */
	void (*peek)(const char *message, size_t length, struct gpald_rpc_request *request);

	/*
	 * What goes before the result and what ends it; between the two the result is written,
	 * under no key. The reply begins at `mark`.
	 */
	void (*begin_result)(struct gpald_writer *w, const struct gpald_id *id);
	void (*end_result)(struct gpald_writer *w, size_t mark);

	/* A whole refusal. */
	void (*write_error)(struct gpald_writer *w, const struct gpald_id *id,
			    const struct gpald_wire_error *error);

	/*
	 * A refusal that takes no memory, for when there is none: of a reason without details,
	 * with a message that needs no escapes.
	 */
	void (*write_plain_error)(struct gpald_writer *w, const struct gpald_id *id,
				  enum gpald_reason reason, const char *message);

	size_t reply_max; /* bytes of a reply; 0: as many as the limit says */
};

/* JSON-RPC; reasons to refuse a message are those of gpald_json_parse(), or GPALD_INVALID_REQUEST. */
extern const struct gpald_envelope gpald_rpc_envelope;

/* For envelopes: the members of the data of an error, but for those of its list. */
void gpald_rpc_write_error_data(struct gpald_writer *w, const struct gpald_wire_error *error);

/*
 * A refusal that takes no memory. Returns its length. An id that does not fit is left out, as
 * null.
 */
#define GPALD_RPC_PLAIN_SIZE 768
#define GPALD_RPC_PLAIN_MESSAGE_MAX 255
size_t gpald_rpc_plain_error(const struct gpald_envelope *envelope, const struct gpald_id *id,
			     enum gpald_reason reason, const char *message,
			     char line[GPALD_RPC_PLAIN_SIZE]);

/* Whether such a refusal can carry all of an error. */
bool gpald_rpc_is_plain(const struct gpald_wire_error *error);

/* A notification from the daemon; between the two its params are written. */
void gpald_rpc_begin_notification(struct gpald_writer *w, const char *method);
void gpald_rpc_end_notification(struct gpald_writer *w);

#endif
