/* SPDX-License-Identifier: MIT */
/* What must hold of a request before anything is placed. */
#ifndef GPALD_CORE_REQUEST_CHECKS_H
#define GPALD_CORE_REQUEST_CHECKS_H

#include "core/arena.h"

#include <gpalayout/error.h>
#include <gpalayout/request.h>

/*
 * Runs the checks that precede placement, in the documented order, except that of
 * the pinned low windows, which the resolver makes as it collects them. Scratch
 * memory comes from `arena`. Errors as gpal_resolve().
 */
GPAL_MUST_USE int gpald_check_request(struct gpald_arena *arena, const struct gpal_request *request,
				      struct gpal_error *error);

#endif
