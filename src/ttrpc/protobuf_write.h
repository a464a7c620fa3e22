/* SPDX-License-Identifier: MIT */
/*
 * Writes protobuf messages. While a message is open, the functions of json_write.h write its
 * fields; a key is the name of a field. Values that have no exact form in the schema are written
 * as follows:
 *
 *   a size, for a field that is a message    its field `size`
 *   null, for a message with a field `none`  that field
 *   null, for any other field                the field is omitted
 *   an object, for a repeated field          a map: each key is the key of an entry
 *   JSON text with a NULL key                the field `document`
 *
 * A key that is not a field of the message is a bug in the daemon.
 */
#ifndef GPALD_TTRPC_PROTOBUF_WRITE_H
#define GPALD_TTRPC_PROTOBUF_WRITE_H

#include "wire/json_write.h"

#include <protobuf-c/protobuf-c.h>

/* Begin a message, whose fields are written next, and end it. */
void gpald_protobuf_begin_message(struct gpald_writer *w,
				  const ProtobufCMessageDescriptor *message);
void gpald_protobuf_end_message(struct gpald_writer *w);

/* Write a field by its number, for messages without a schema. No message needs to be open. */
void gpald_protobuf_write_number(struct gpald_writer *w, uint32_t field, uint64_t value);
void gpald_protobuf_write_bytes(struct gpald_writer *w, uint32_t field, const void *bytes,
				size_t length);

/*
 * Begin and end a field; its bytes are written between the two. gpald_protobuf_begin_field()
 * returns the `start` for gpald_protobuf_end_field().
 */
size_t gpald_protobuf_begin_field(struct gpald_writer *w, uint32_t field);
void gpald_protobuf_end_field(struct gpald_writer *w, size_t start);

#endif
