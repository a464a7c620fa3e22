/* SPDX-License-Identifier: MIT */
/*
 * The params of layout.resolve and layout.allocate, and decoders that the params of other methods
 * share.
 */
#ifndef GPALD_WIRE_REQUEST_DECODE_H
#define GPALD_WIRE_REQUEST_DECODE_H

#include "core/request_limits.h"
#include "wire/decoder.h"

#include <cjson/cJSON.h>
#include <gpalayout/allocator.h>
#include <gpalayout/export.h>
#include <gpalayout/request.h>

/* layout.resolve: {request, advise?, refuse?}. */
struct gpald_resolve_params {
	struct gpal_request request; /* with its policy, or the default one */
	bool advise;
	uint64_t refuse; /* a set of warnings, as in gpal_layout_refuse() */
};
extern const struct gpald_params gpald_resolve_params_table;

/* layout.allocate: its lists become a struct gpal_alloc_input. */
extern const struct gpald_params gpald_allocate_params_table;

/* Methods without params: the member `params` is omitted, or {}. There is no struct. */
extern const struct gpald_params gpald_no_params_table;

/* Decodes a request object, a member of other params, into a struct gpal_request. */
gpald_decode_function gpald_decode_request;

/* Decodes a list of warnings, or "all", into a uint64_t as in gpal_layout_refuse(). */
gpald_decode_function gpald_decode_refused_warnings;

/* The allowed values of members of a request that layouts have as well. */
extern const struct gpald_enum gpald_archs, gpald_profiles, gpald_iommus;
extern const struct gpald_integer_range gpald_segments, gpald_buses;
extern const struct gpald_list gpald_cxl_targets; /* into a struct gpal_cxl_window */

#endif
