/* SPDX-License-Identifier: MIT */
/* What must hold of a request before anything is placed. */
#ifndef GPALD_CORE_REQUEST_CHECKS_H
#define GPALD_CORE_REQUEST_CHECKS_H

#include "core/resolution.h"

/*
 * Runs the checks that precede placement, in the documented order, except that of
 * the pinned low MMIO windows, which the resolver makes as it collects them. Notes the lengths
 * of names and the order of buses, which the resolver needs as well. Errors as
 * gpal_resolve().
 */
GPAL_MUST_USE int gpald_check_request(struct gpald_resolution *r);

/* The checks it is made of. */

/* domain_checks.c */
GPAL_MUST_USE int gpald_check_domains(const struct gpal_request *request, struct gpal_error *error);

/* name_checks.c */
struct gpald_named {
	const char *name;
	size_t index;
};
int gpald_compare_named(const void *left, const void *right); /* for qsort(): by name */
/* Among those that are sorted so; NULL: there is none of that name. */
const struct gpald_named *gpald_find_named(const struct gpald_named *names, size_t count,
					   const char *name);
GPAL_MUST_USE int gpald_check_root_complex_names(struct gpald_resolution *r);
GPAL_MUST_USE int gpald_check_reserved_names(struct gpald_resolution *r);
GPAL_MUST_USE int gpald_check_cxl_window_names(struct gpald_resolution *r);

/* pcie_checks.c */
GPAL_MUST_USE int gpald_check_bus_ranges(const struct gpal_request *request,
					 struct gpal_error *error);
GPAL_MUST_USE int gpald_check_bus_overlaps(struct gpald_resolution *r);
GPAL_MUST_USE int gpald_check_iommus(const struct gpal_request *request, struct gpal_error *error);
GPAL_MUST_USE int gpald_check_hdm(const struct gpal_request *request, struct gpal_error *error);
GPAL_MUST_USE int gpald_check_rc_nodes(const struct gpal_request *request,
				       struct gpal_error *error);
GPAL_MUST_USE int gpald_check_windows(const struct gpal_request *request, struct gpal_error *error);

/* cxl.c */
GPAL_MUST_USE int gpald_check_cxl_windows(struct gpald_resolution *r);

#endif
