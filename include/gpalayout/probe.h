/* SPDX-License-Identifier: MIT */
/*
 * What is at an address of a layout. Re-entrant, and may be called from any thread.
 */
#ifndef GPALAYOUT_PROBE_H
#define GPALAYOUT_PROBE_H

#include <gpalayout/error.h>
#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stdint.h>

GPAL_BEGIN_DECLS

struct gpal_probe {
	bool is_free;            /* nothing is there; only `range` is set */
	struct gpal_range range; /* the placed range, or all that is free around the address */
	char tag[GPAL_ERROR_TAG_MAX + 1]; /* longer ones are cut */
	enum gpal_kind kind;
	uint64_t offset; /* of the address in the range, in bytes */
	bool has_node;   /* for RAM, and room for it */
	uint32_t node;
	const char *root_complex; /* whose the address is, or NULL; leads into the layout */
	bool has_slot;            /* for virtio-mmio */
	uint32_t slot;
};

/*
 * Looks an address up. `request` is what the layout was made of, and may be NULL:
 * it has the reserved ranges above the top, which a layout does not list and which
 * count as free without it.
 *
 * Error: GPAL_E_OUT_OF_RANGE, for an address at or above GPAL_SPACE_END.
 */
GPAL_API GPAL_MUST_USE int gpal_layout_probe(const struct gpal_layout *layout,
					     const struct gpal_request *request, uint64_t address,
					     struct gpal_probe *probe, struct gpal_error *error);

GPAL_END_DECLS

#endif
