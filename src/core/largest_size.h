/* SPDX-License-Identifier: MIT */
/* What a refusal for want of room says of sizes. */
#ifndef GPALD_CORE_LARGEST_SIZE_H
#define GPALD_CORE_LARGEST_SIZE_H

#include "core/resolution.h"

#include <gpalayout/allocator.h>
#include <gpalayout/error.h>
#include <gpalayout/request.h>

/*
 * Fills in error->largest_size of what is exhausted or too wide for its host, as far as
 * that is found, and error->largest_size_of of the latter; a refusal for another reason stays
 * as it is.
 */
void gpald_advise_request(const struct gpal_request *request, const struct gpal_policy *policy,
			  struct gpald_around around, struct gpal_error *error);
void gpald_advise_input(const struct gpal_alloc_input *input, struct gpal_error *error);

#endif
