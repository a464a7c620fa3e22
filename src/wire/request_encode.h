/* SPDX-License-Identifier: MIT */
/* Writes requests as JSON, for replies that show the request of a layout. */
#ifndef GPALD_WIRE_REQUEST_ENCODE_H
#define GPALD_WIRE_REQUEST_ENCODE_H

#include "wire/json_write.h"

#include <gpalayout/request.h>

/*
 * Writes the request object of the protocol. It decodes to the same request: members that the
 * request leaves to the policy are omitted, and sizes are hex strings.
 */
void gpald_encode_request(struct gpald_writer *w, const char *key,
			  const struct gpal_request *request);

#endif
