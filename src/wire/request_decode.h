/* SPDX-License-Identifier: MIT */
/* The params of the methods, as the structs of libgpalayout. */
#ifndef GPALD_WIRE_REQUEST_DECODE_H
#define GPALD_WIRE_REQUEST_DECODE_H

#include "core/domains.h"
#include "wire/decoder.h"

#include <cjson/cJSON.h>
#include <gpalayout/allocator.h>
#include <gpalayout/export.h>
#include <gpalayout/request.h>

/*
 * All take params, which may be NULL where the message had none. What they fill
 * in borrows text from params and lists from *pool; the caller clears the pool
 * when done, also after an error. Return 0, or -1 with *error set.
 */

/*
 * {request, advise?}, of layout.resolve. A request that names no policy gets
 * `default_policy`.
 */
struct gpald_resolve_params {
	struct gpal_request request;
	bool advise;
};
GPAL_MUST_USE int gpald_decode_resolve_params(const cJSON *params,
					      const struct gpal_policy *default_policy,
					      struct gpald_pool *pool,
					      struct gpald_resolve_params *resolve,
					      struct gpald_wire_error *error);

/* The lists of layout.allocate. */
GPAL_MUST_USE int gpald_decode_allocate_params(const cJSON *params, struct gpald_pool *pool,
					       struct gpal_alloc_input *input,
					       struct gpald_wire_error *error);

/*
 * The request object itself, as a member of other params; fills a struct
 * gpal_request. The decoder's context is a struct gpald_request_context.
 */
struct gpald_request_context {
	const struct gpal_policy *default_policy; /* of requests that name none; may be NULL */
};
gpald_decode_function gpald_decode_request;

/* The domains of its members, which layouts have, too. */
extern const struct gpald_enum gpald_archs, gpald_profiles, gpald_iommus;
extern const struct gpald_integer_range gpald_segments, gpald_buses, gpald_address_bits;

/* For methods without params: absent or {}. */
GPAL_MUST_USE int gpald_decode_no_params(const cJSON *params, struct gpald_wire_error *error);

#endif
