/* SPDX-License-Identifier: MIT */
/* The sizes that a refusal suggests when a range does not fit, or a layout is too wide. */
#ifndef GPALD_CORE_LARGEST_SIZE_H
#define GPALD_CORE_LARGEST_SIZE_H

#include "core/resolution.h"

#include <gpalayout/allocator.h>
#include <gpalayout/error.h>
#include <gpalayout/request.h>

/*
 * Finds sizes that would fit, by trying them, and writes them to *error: largest_size and
 * equal_share for GPAL_E_EXHAUSTED, largest_size and largest_size_of for
 * GPAL_E_ADDRESS_WIDTH_EXCEEDED. An error with another code stays as it is.
 * gpald_suggest_for_input() is for the bare allocator, and only for GPAL_E_EXHAUSTED.
 */
void gpald_suggest_for_request(const struct gpal_request *request, const struct gpal_policy *policy,
			       struct gpald_resolve_options options, struct gpal_error *error);
void gpald_suggest_for_input(const struct gpal_alloc_input *input, struct gpal_error *error);

#endif
