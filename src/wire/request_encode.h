/* SPDX-License-Identifier: MIT */
/* Writes requests as JSON: for calls of a client, and for replies that show a request. */
#ifndef GPALD_WIRE_REQUEST_ENCODE_H
#define GPALD_WIRE_REQUEST_ENCODE_H

#include "wire/json_write.h"

#include <gpalayout/request.h>

/*
 * Writes the request object of the protocol. A valid request decodes to the same request. Members
 * that the request leaves to the policy are omitted, and sizes are hex strings.
 */
void gpald_encode_request(struct gpald_writer *w, const char *key,
			  const struct gpal_request *request);

#endif
