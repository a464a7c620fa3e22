/* SPDX-License-Identifier: MIT */
/* What must hold of a request before anything is placed. */
#ifndef GPALD_CORE_REQUEST_CHECKS_H
#define GPALD_CORE_REQUEST_CHECKS_H

#include "core/resolution.h"

/*
 * Runs the checks that precede placement, in the documented order, except that of
 * the pinned low windows, which the resolver makes as it collects them. Notes the lengths
 * of names and the order of buses, which the resolver needs as well. Errors as
 * gpal_resolve().
 */
GPAL_MUST_USE int gpald_check_request(struct gpald_resolution *r);

#endif
