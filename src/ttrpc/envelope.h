/* SPDX-License-Identifier: MIT */
/*
 * The envelope of ttrpc. A frame is a header and a Request or a Response. A refusal is a gRPC
 * Status with an ErrorData in its details; if memory runs out, it may have none. Source: unary
 * calls in PROTOCOL.md of ttrpc.
 */
#ifndef GPALD_TTRPC_ENVELOPE_H
#define GPALD_TTRPC_ENVELOPE_H

#include "wire/rpc.h"

#include <stddef.h>
#include <stdint.h>

#define GPALD_TTRPC_HEADER_SIZE 10                /* bytes */
#define GPALD_TTRPC_MESSAGE_MAX ((size_t)4 << 20) /* limit on the bytes after a header */
#define GPALD_TTRPC_REQUEST 1                     /* type of the frame of a request */

struct gpald_ttrpc_header {
	uint32_t length; /* bytes after the header */
	uint32_t stream; /* the call; odd for calls of a client */
	uint8_t type;
	uint8_t flags; /* for streaming calls, which the daemon does not serve */
};

/* Reads a big-endian number of four bytes. */
static inline uint32_t gpald_ttrpc_u32(const char *at)
{
	const uint8_t *byte = (const uint8_t *)at;

	return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

/* Reads the header of a frame. */
static inline struct gpald_ttrpc_header
gpald_ttrpc_header(const char frame[GPALD_TTRPC_HEADER_SIZE])
{
	return (struct gpald_ttrpc_header){
		.length = gpald_ttrpc_u32(frame),
		.stream = gpald_ttrpc_u32(frame + 4),
		.type = (uint8_t)frame[8],
		.flags = (uint8_t)frame[9],
	};
}

/* Returns the id of a call. Its reply_type is NULL, because the method is not known yet. */
struct gpald_id gpald_ttrpc_id(struct gpald_ttrpc_header header);

/*
 * ttrpc. A message is a whole frame of a request, and its method is the name of an rpc. The
 * reasons for which parse() refuses a message are those of gpald_protobuf_read(), and
 * GPALD_METHOD_NOT_FOUND if there is no such service or rpc.
 */
extern const struct gpald_envelope gpald_ttrpc_envelope;

#endif
