/* SPDX-License-Identifier: MIT */
/*
 * The envelope of ttrpc, as its PROTOCOL.md describes unary calls: frames of a header and a
 * Request or a Response. A refusal is a Status of gRPC with an ErrorData in its details.
 */
#ifndef GPALD_TTRPC_ENVELOPE_H
#define GPALD_TTRPC_ENVELOPE_H

#include "wire/rpc.h"

#include <stddef.h>
#include <stdint.h>

#define GPALD_TTRPC_HEADER_SIZE 10
#define GPALD_TTRPC_MESSAGE_MAX ((size_t)4 << 20) /* bytes after a header */
#define GPALD_TTRPC_REQUEST 1                     /* type of a frame */

struct gpald_ttrpc_header {
	uint32_t length; /* bytes that follow */
	uint32_t stream; /* odd, from a client, and each call's own */
	uint8_t type;
	uint8_t flags; /* of streams, which the daemon does not have */
};

static inline uint32_t gpald_ttrpc_u32(const char *at)
{
	const uint8_t *byte = (const uint8_t *)at;

	return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

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

/* The id of a call, whose reply is not known yet. */
struct gpald_id gpald_ttrpc_id(struct gpald_ttrpc_header header);

/*
 * Messages are whole frames of requests; the method is the name of an rpc. Reasons to refuse
 * one are those of gpald_protobuf_read(), and GPALD_METHOD_NOT_FOUND.
 */
extern const struct gpald_envelope gpald_ttrpc_envelope;

#endif
