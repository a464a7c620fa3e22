/* SPDX-License-Identifier: MIT */
/* Requests as JSON, for those who want to see what a layout was made of. */
#ifndef GPALD_WIRE_REQUEST_ENCODE_H
#define GPALD_WIRE_REQUEST_ENCODE_H

#include "wire/json_write.h"

#include <gpalayout/request.h>

/*
 * The request object of the protocol, which decodes to the same request again:
 * what was left to the policy is left out, sizes are hex strings.
 */
void gpald_encode_request(struct gpald_writer *w, const char *key,
			  const struct gpal_request *request);

#endif
