/* SPDX-License-Identifier: MIT */
/*
 * Members as fields of protobuf messages: what the functions of json_write.h write while a
 * message is open. A key is the name of a field. What a message of the schema cannot say is
 * said in the nearest way it can:
 *
 *   a size or null for a field that is a message   its field `size`, or `none`; null for
 *                                                  any other field leaves it out
 *   an object for a repeated field                 a map: each key is that of an entry
 *   text that is JSON already, under no key        the field `document`
 *
 * A key that has no field is a fault of the daemon.
 */
#ifndef GPALD_TTRPC_PROTOBUF_WRITE_H
#define GPALD_TTRPC_PROTOBUF_WRITE_H

#include "wire/json_write.h"

#include <protobuf-c/protobuf-c.h>

/* What follows are fields of that message, until gpald_protobuf_end(). */
void gpald_protobuf_begin(struct gpald_writer *w, const ProtobufCMessageDescriptor *message);
void gpald_protobuf_end(struct gpald_writer *w);

/* Single fields by their number, for messages without a schema; no message need be open. */
void gpald_protobuf_number(struct gpald_writer *w, uint32_t field, uint64_t value);
void gpald_protobuf_bytes(struct gpald_writer *w, uint32_t field, const void *bytes, size_t length);

/* A field whose bytes are written between the two; `start` is what the first has returned. */
size_t gpald_protobuf_open(struct gpald_writer *w, uint32_t field);
void gpald_protobuf_close(struct gpald_writer *w, size_t start);

#endif
