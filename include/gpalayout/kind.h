/* SPDX-License-Identifier: MIT */
/* The kinds of placed range, in the order of the allocator's phases. */
#ifndef GPALAYOUT_KIND_H
#define GPALAYOUT_KIND_H

#include <gpalayout/export.h>

GPAL_BEGIN_DECLS

enum gpal_kind {
	GPAL_KIND_RESERVED,  /* nothing may be placed there; does not raise the layout top */
	GPAL_KIND_FIXED,     /* decided by the caller; counts for the layout top */
	GPAL_KIND_MMIO32,    /* below 4 GiB, highest fit */
	GPAL_KIND_RAM,       /* lowest fit, in caller order; may be split around holes */
	GPAL_KIND_MMIO64,    /* above RAM and 4 GiB, lowest fit */
	GPAL_KIND_POST_MMIO, /* above everything else, in caller order */
	GPAL_KIND_COUNT
};

/* "reserved", "fixed", "mmio32", ...; static. NULL for a value that is not a kind. */
GPAL_API const char *gpal_kind_name(enum gpal_kind kind);

GPAL_END_DECLS

#endif
