/* SPDX-License-Identifier: MIT */
/*
 * Reads protobuf messages into the same trees as JSON objects, so that one set of tables decodes
 * both. A size becomes a text. A `refuse` with the single element "all" becomes the text "all". A
 * missing singular field without presence has its default.
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

/* A position in the bytes of a message. */
struct gpald_protobuf_cursor {
	const uint8_t *at, *end;
};

/* The wire type of a field. Groups, 3 and 4, are not part of proto3. */
enum gpald_protobuf_wire_type {
	GPALD_PROTOBUF_VARINT = 0,
	GPALD_PROTOBUF_FIXED64 = 1,
	GPALD_PROTOBUF_LENGTH = 2,
	GPALD_PROTOBUF_FIXED32 = 5,
};

struct gpald_protobuf_field {
	uint32_t number;
	enum gpald_protobuf_wire_type type;
	uint64_t value;       /* a varint, or the number of bytes of GPALD_PROTOBUF_LENGTH, or 0 */
	const uint8_t *bytes; /* for types other than varint */
};

/*
 * Reads the next field and moves the cursor. Returns 1, or 0 at the end, or -1 if the bytes are not
 * a field.
 */
GPAL_MUST_USE int gpald_protobuf_next(struct gpald_protobuf_cursor *cursor,
				      struct gpald_protobuf_field *field);

/*
 * Reads a whole message into a tree that lies in the arena. Returns 0, or -1 with *error set. The
 * pointer in *error leads to the field, or to its message if the field is unknown or the bytes are
 * not a message; it is empty if memory ran out. The reason is:
 *   GPALD_INVALID_REQUEST   the bytes are not a message, or a text has a NUL
 *   GPALD_INVALID_UTF8      a text is not UTF-8
 *   GPALD_DUPLICATE_KEY     a singular field is there twice
 *   GPALD_UNKNOWN_MEMBER    the message does not have such a field
 *   GPALD_WRONG_TYPE        a field has another type
 *   GPALD_TOO_MANY_VALUES   there are more values than a line of JSON may have
 *   GPALD_REASON_OF(GPAL_E_NO_MEMORY)  memory ran out
 */
GPAL_MUST_USE int gpald_protobuf_read(const ProtobufCMessageDescriptor *message,
				      const uint8_t *bytes, size_t length,
				      struct gpald_arena *arena, const cJSON **value,
				      struct gpald_wire_error *error);

#endif
