/* SPDX-License-Identifier: MIT */
/*
 * The reasons for which a request can be refused. One table has the token and the numbers of each
 * reason. struct gpald_wire_error carries a refusal to its reply.
 */
#ifndef GPALD_WIRE_REASON_H
#define GPALD_WIRE_REASON_H

#include "wire/json_write.h"

#include <gpalayout/error.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The codes of libgpalayout come first: the reason of code c is -c. */
enum gpald_reason {
	GPALD_CORE_REASON_COUNT = GPAL_CODE_COUNT,

	GPALD_INVALID_JSON = GPALD_CORE_REASON_COUNT,
	GPALD_INVALID_UTF8,
	GPALD_DUPLICATE_KEY,
	GPALD_TOO_DEEP,
	GPALD_TOO_MANY_VALUES,

	GPALD_INVALID_REQUEST,
	GPALD_METHOD_NOT_FOUND,

	GPALD_MISSING_MEMBER,
	GPALD_UNKNOWN_MEMBER,
	GPALD_WRONG_TYPE,
	GPALD_BAD_SIZE,
	GPALD_BAD_NAME,
	GPALD_UNKNOWN_POLICY,
	GPALD_BAD_LAYOUT,

	GPALD_MESSAGE_TOO_LARGE,
	GPALD_OVERLOADED,
	GPALD_TIMEOUT,
	GPALD_SHUTTING_DOWN,

	GPALD_NOT_FOUND,
	GPALD_CONFLICT,
	GPALD_GENERATION_MISMATCH,
	GPALD_DENIED,
	GPALD_STORE_FAILED,
	GPALD_STORE_FULL,
	GPALD_RESYNC_REQUIRED,

	GPALD_REASON_COUNT
};

#define GPALD_REASON_OF(code) ((enum gpald_reason)(-(code)))

/* Bytes of the longest pointer. A longer one is cut to the last step that fits. */
#define GPALD_WIRE_POINTER_MAX 511

/* A refusal. The members after `core` apply to some reasons only. */
struct gpald_wire_error {
	enum gpald_reason reason;
	char message[1024];
	bool has_pointer;
	char pointer[GPALD_WIRE_POINTER_MAX + 1]; /* JSON pointer into params */
	size_t offset;                            /* of the byte at fault in the line, for -32700 */
	struct gpal_error core; /* details, for the codes of libgpalayout; GPALD_NOT_FOUND: a tag */

	/* Details, for the reasons of the registry. */
	uint64_t generation;
	struct gpal_optional owner_uid;
	uint64_t revision;
	uint64_t oldest_since;

	/*
	 * Members of the data that are not details, such as "changes", in the form of the reply.
	 * Call gpald_writer_clear() once the reply is written.
	 */
	struct gpald_writer members;
};

/* Return the code of a reason in JSON-RPC, such as -32602, and its token, such as "bad_size". */
int gpald_reason_number(enum gpald_reason reason);
const char *gpald_reason_token(enum gpald_reason reason);

/* Returns the code of a gRPC Status for a reason. */
uint32_t gpald_reason_grpc_status(enum gpald_reason reason);

/* Returns the reason with this token, or GPALD_REASON_COUNT if there is none. */
enum gpald_reason gpald_reason_find(const char *token);

/* The exit status of gpalayoutctl after a refusal, which a script can test. */
enum gpald_ctl_exit {
	/* a member is missing or unknown; the type, form, name or bounds are wrong */
	GPALD_CTL_EXIT_USAGE = 2,
	GPALD_CTL_EXIT_NO_DAEMON = 3, /* the daemon cannot serve now: try again */
	GPALD_CTL_EXIT_REFUSED = 4,   /* any other reason */
	GPALD_CTL_EXIT_NOT_FOUND = 5, /* there is no such layout or range */
	GPALD_CTL_EXIT_CONFLICT = 6,  /* "conflict" or "generation_mismatch" */
	GPALD_CTL_EXIT_NO_ROOM = 7, /* a range does not fit, or the host has too few address bits */
};

/* Returns the exit status for a reason. */
enum gpald_ctl_exit gpald_reason_ctl_exit(enum gpald_reason reason);

/* Returns true if a refusal for this reason has the offset of the fault in the line. */
bool gpald_reason_has_offset(enum gpald_reason reason);

/* The type of a detail in struct gpald_wire_error. */
enum gpald_detail_type {
	GPALD_DETAIL_TEXT,           /* char[GPAL_ERROR_TAG_MAX + 1]; omitted if it is empty */
	GPALD_DETAIL_HEX,            /* uint64_t */
	GPALD_DETAIL_NONZERO_HEX,    /* uint64_t; omitted if it is 0 */
	GPALD_DETAIL_RANGE,          /* struct gpal_range */
	GPALD_DETAIL_NONEMPTY_RANGE, /* struct gpal_range; omitted if it is empty */
	GPALD_DETAIL_NEIGHBOUR,      /* struct gpal_neighbour; omitted if its tag is empty */
	GPALD_DETAIL_KIND,           /* enum gpal_kind */
	GPALD_DETAIL_UINT,           /* unsigned int */
	GPALD_DETAIL_INTEGER,        /* uint64_t, below 2^53 */
	GPALD_DETAIL_OPTIONAL, /* struct gpal_optional, below 2^53; omitted if it is not set */
};

/* A member of the data of an error. */
struct gpald_detail {
	const char *name;
	enum gpald_detail_type type;
	size_t offset; /* in struct gpald_wire_error */
};

/* Returns the next detail of a reason, NULL after the last one. Set *cursor to 0 first. */
const struct gpald_detail *gpald_reason_next_detail(enum gpald_reason reason, size_t *cursor);

/*
 * Returns how many bytes of a client's UTF-8 text a message may quote, for "%.*s". The length does
 * not cut a character.
 */
int gpald_quotable_length(const char *text);

/* Sets *error to a reason and a printf-style message, and the rest to 0. Always returns -1. */
__attribute__((format(printf, 3, 4))) int
gpald_refuse(struct gpald_wire_error *error, enum gpald_reason reason, const char *format, ...);

/* Sets the pointer to the param at fault, such as "/name". Always returns -1. */
int gpald_set_pointer(struct gpald_wire_error *error, const char *pointer);

/*
 * Sets *error to an error of libgpalayout. `prefix` is the JSON pointer to the request in params.
 */
void gpald_refuse_core(struct gpald_wire_error *error, const struct gpal_error *core,
		       const char *prefix);

#endif
