/* SPDX-License-Identifier: MIT */
/*
 * The kinds of ranges, in the order in which the allocator places them.
 *
 * Any thread may call the function. Its result is static and never freed.
 */
#ifndef GPALAYOUT_KIND_H
#define GPALAYOUT_KIND_H

#include <gpalayout/export.h>

GPAL_BEGIN_DECLS

/*
 * The kind of a range decides where it may be placed. The top is the highest end of all ranges
 * placed so far that are not reserved. Source of the rules: OpenVMM pull request 3501; see
 * PHASES in gpalayout-policy(7).
 */
enum gpal_kind {
	GPAL_KIND_RESERVED,  /* given by the caller; nothing is placed there; ignored for the top */
	GPAL_KIND_FIXED,     /* given by the caller; counts for the top */
	GPAL_KIND_MMIO32,    /* below 4 GiB, at the highest address that fits */
	GPAL_KIND_RAM,       /* in caller order, upwards; may be split around other ranges */
	GPAL_KIND_MMIO64,    /* above RAM and 4 GiB, at the lowest address that fits */
	GPAL_KIND_POST_MMIO, /* in caller order, at the lowest address that fits above the top */
	GPAL_KIND_COUNT
};

/*
 * gpal_kind_name - get the name of a kind, as in requests and replies
 *
 * Returns a static string, such as "reserved" or "mmio32"; NULL if kind is not in the enum.
 */
GPAL_API const char *gpal_kind_name(enum gpal_kind kind);

GPAL_END_DECLS

#endif
