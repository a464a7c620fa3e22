/* SPDX-License-Identifier: MIT */
/* The checks of a request before its ranges are placed. */
#ifndef GPALD_CORE_REQUEST_CHECKS_H
#define GPALD_CORE_REQUEST_CHECKS_H

#include "core/resolution.h"

/*
 * Makes the checks of gpal_resolve() up to GPAL_E_INVALID_ALIGNMENT of a window, in its order.
 * Later, gpald_collect_inputs() checks pinned low MMIO windows and the policy's chipset low MMIO,
 * and gpald_place() makes the checks of gpal_allocate(). This function also fills in
 * r->name_lengths, by_bus, low_ram_window and cxl_targets for the resolver. Returns GPAL_OK or a
 * code of gpal_resolve().
 */
GPAL_MUST_USE int gpald_check_request(struct gpald_resolution *r);

/* The single checks. Each returns GPAL_OK or a code of gpal_resolve(). */

/* value_checks.c */
GPAL_MUST_USE int gpald_check_values(const struct gpal_request *request, struct gpal_error *error);

/* name_checks.c */
struct gpald_named {
	const char *name;
	size_t index;
};

/* Compares two struct gpald_named by name and then by index, for qsort(). */
int gpald_compare_named(const void *left, const void *right);

/* Finds a name in a list that is sorted by gpald_compare_named(). Returns NULL if it is missing. */
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
