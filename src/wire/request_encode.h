/* SPDX-License-Identifier: MIT */
/* Requests as JSON, for those who want to see what a layout was made of. */
#ifndef GPALD_WIRE_REQUEST_ENCODE_H
#define GPALD_WIRE_REQUEST_ENCODE_H

#include <cjson/cJSON.h>
#include <gpalayout/request.h>

/*
 * The request object of the protocol, which decodes to the same request again:
 * what was left to the policy is left out, sizes are hex strings. NULL: out of
 * memory.
 */
cJSON *gpald_encode_request(const struct gpal_request *request);

#endif
