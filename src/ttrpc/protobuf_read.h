/* SPDX-License-Identifier: MIT */
/*
 * Protobuf messages as the values that JSON objects are read into, so that one set of tables
 * decodes both. Sizes become texts, and `refuse` with nothing but "all" that text; a single field
 * without presence that is not there has its default.
 */
#ifndef GPALD_TTRPC_PROTOBUF_READ_H
#define GPALD_TTRPC_PROTOBUF_READ_H

#include "core/arena.h"
#include "wire/reason.h"

#include <cjson/cJSON.h>
#include <gpalayout/export.h>
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

/* Fields of bytes, one after another. */
struct gpald_protobuf_cursor {
	const uint8_t *at, *end;
};

/* How a field is written; groups, 3 and 4, are no part of proto3. */
enum gpald_protobuf_type {
	GPALD_PROTOBUF_VARINT = 0,
	GPALD_PROTOBUF_FIXED64 = 1,
	GPALD_PROTOBUF_LENGTH = 2,
	GPALD_PROTOBUF_FIXED32 = 5,
};

struct gpald_protobuf_field {
	uint32_t number;
	enum gpald_protobuf_type type;
	uint64_t value;       /* of a varint; the length of bytes */
	const uint8_t *bytes; /* of the other types */
};

/* The next field; 1, 0 at the end, or -1 for what is no field. */
GPAL_MUST_USE int gpald_protobuf_next(struct gpald_protobuf_cursor *cursor,
				      struct gpald_protobuf_field *field);

/*
 * Reads a whole message into a tree that lies in the arena, with no more values than a line
 * may have. Returns 0, or -1 with *error set, which points at the field:
 *   GPALD_INVALID_REQUEST   not a message; a NUL in a text
 *   GPALD_INVALID_UTF8      a text that is not UTF-8
 *   GPALD_DUPLICATE_KEY     a single field that comes twice
 *   GPALD_UNKNOWN_MEMBER    a field that the message does not have
 *   GPALD_WRONG_TYPE        a field of another type
 *   GPALD_TOO_MANY_VALUES
 *   the reason of GPAL_E_NO_MEMORY
 */
GPAL_MUST_USE int gpald_protobuf_read(const ProtobufCMessageDescriptor *message,
				      const uint8_t *bytes, size_t length,
				      struct gpald_arena *arena, const cJSON **value,
				      struct gpald_wire_error *error);

#endif
