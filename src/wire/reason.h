/* SPDX-License-Identifier: MIT */
/*
 * Every way a request can be refused: the one table that ties reason, token and
 * number, and the error object that carries a refusal to the reply.
 */
#ifndef GPALD_WIRE_REASON_H
#define GPALD_WIRE_REASON_H

#include "wire/json_write.h"

#include <gpalayout/error.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The reasons of libgpalayout's codes come first: the reason of code c is -c. */
enum gpald_reason {
	GPALD_REASON_OF_CODES = GPAL_CODE_COUNT,

	GPALD_INVALID_JSON = GPALD_REASON_OF_CODES,
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

/* Longer pointers are cut back to the object that still fits. */
#define GPALD_POINTER_MAX 511

struct gpald_wire_error {
	enum gpald_reason reason;
	char message[1024];
	bool has_pointer;
	char pointer[GPALD_POINTER_MAX + 1]; /* JSON pointer into params */
	size_t offset;                       /* of the fault in the line, for -32700 */
	struct gpal_error core;              /* details, for the reasons of libgpalayout */

	/* Details, for the reasons of the registry. */
	uint64_t generation;
	struct gpal_optional owner_uid;
	uint64_t revision;
	uint64_t oldest_since;
	struct gpald_writer list; /* a member, such as "changes"; cleared by the reply */
};

/* The number, such as -32602, and the token, such as "bad_size"; static. */
int gpald_reason_number(enum gpald_reason reason);
const char *gpald_reason_token(enum gpald_reason reason);

/* The code of a Status of gRPC. */
uint32_t gpald_reason_status(enum gpald_reason reason);

/* The reason of that token, or GPALD_REASON_COUNT. */
enum gpald_reason gpald_reason_find(const char *token);

/* The exit status of a command that was refused, by what a script can do about it. */
enum gpald_exit {
	GPALD_EXIT_USAGE = 2,     /* a value of the command line or a file is wrong */
	GPALD_EXIT_NO_DAEMON = 3, /* it does not serve now: try again */
	GPALD_EXIT_REFUSED = 4,   /* whatever is not named here */
	GPALD_EXIT_NOT_FOUND = 5, /* no such layout, or no such range */
	GPALD_EXIT_CONFLICT = 6,  /* the layout is another one, or another's */
	GPALD_EXIT_NO_ROOM = 7,   /* exhausted, or too wide for the host */
};
enum gpald_exit gpald_reason_exit(enum gpald_reason reason);

/* Whether the reply says where in the line the fault is. */
bool gpald_reason_has_offset(enum gpald_reason reason);

/* The details that belong to a reason: a table row a detail. */
enum gpald_detail_type {
	GPALD_DETAIL_TEXT,     /* char[]; left out if it is empty */
	GPALD_DETAIL_HEX,      /* uint64_t */
	GPALD_DETAIL_HEX_IF,   /* the same; left out if it is 0 */
	GPALD_DETAIL_RANGE,    /* struct gpal_range */
	GPALD_DETAIL_RANGE_IF, /* the same; left out if it is empty */
	GPALD_DETAIL_TAGGED,   /* struct gpal_neighbour; left out if there is none */
	GPALD_DETAIL_KIND,     /* enum gpal_kind */
	GPALD_DETAIL_COUNT,    /* unsigned int */
	GPALD_DETAIL_INTEGER,  /* uint64_t, below 2^53 */
	GPALD_DETAIL_OPTIONAL, /* struct gpal_optional, the same; left out if it is not set */
};

struct gpald_detail {
	const char *name;
	enum gpald_detail_type type;
	size_t offset; /* in struct gpald_wire_error */
};

/* The next detail of `reason` from *cursor on, which starts at 0; NULL after the last. */
const struct gpald_detail *gpald_reason_next_detail(enum gpald_reason reason, size_t *cursor);

/* How much of a client's UTF-8 text to repeat in a message, for "%.*s"; cuts no character. */
int gpald_quotable(const char *text);

/* Resets *error to a reason and a printf-style message; always returns -1. */
__attribute__((format(printf, 3, 4))) int
gpald_refuse(struct gpald_wire_error *error, enum gpald_reason reason, const char *format, ...);

/* Points at the member of params at fault, such as "/name"; always returns -1. */
int gpald_point(struct gpald_wire_error *error, const char *pointer);

/* Takes over an error of libgpalayout; `prefix` is the pointer to the request in params. */
void gpald_refuse_core(struct gpald_wire_error *error, const struct gpal_error *core,
		       const char *prefix);

#endif
