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

/* {request, advise?, refuse?}, of layout.resolve. */
struct gpald_resolve_params {
	struct gpal_request request; /* with its policy */
	bool advise;
	uint64_t refuse; /* as of gpal_layout_refuse() */
};
extern const struct gpald_params gpald_resolve_params;

/* The lists of layout.allocate: struct gpal_alloc_input. */
extern const struct gpald_params gpald_allocate_params;

/* Of methods without params: absent or {}. There is no struct. */
extern const struct gpald_params gpald_no_params;

/*
 * The request object itself, as a member of other params; fills a struct
 * gpal_request.
 */
gpald_decode_function gpald_decode_request;

/* Warnings that are refused, or "all": a uint64_t as of gpal_layout_refuse(). */
gpald_decode_function gpald_decode_refuse;

/* The domains of its members, which layouts have, too. */
extern const struct gpald_enum gpald_archs, gpald_profiles, gpald_iommus;
extern const struct gpald_integer_range gpald_segments, gpald_buses, gpald_address_bits;
extern const struct gpald_list gpald_cxl_targets; /* of a CXL window: struct gpal_cxl_window */

#endif
