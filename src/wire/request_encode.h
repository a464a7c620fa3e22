/* SPDX-License-Identifier: MIT */
/*
 * Writes requests as JSON, or in the form of the writer: for calls of a client, and for replies
 * that show a request.
 */
#ifndef GPALD_WIRE_REQUEST_ENCODE_H
#define GPALD_WIRE_REQUEST_ENCODE_H

#include "wire/json_write.h"

#include <gpalayout/request.h>

/*
 * Writes the request object of the protocol. If the request is valid, the object decodes to a
 * request with the same meaning. Members that the request leaves to the policy are omitted. In
 * JSON, sizes are hex strings.
 */
void gpald_encode_request(struct gpald_writer *w, const char *key,
			  const struct gpal_request *request);

#endif
