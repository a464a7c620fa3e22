/* SPDX-License-Identifier: MIT */
/*
 * A look-up of the range at an address of a layout.
 *
 * Threads: any thread may call the function.
 * Memory: parameters are borrowed for the call. The caller owns the result, whose root_complex
 * points into the layout.
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

/* The range at an address. */
struct gpal_probe {
	bool is_free;                     /* nothing is there, and only `range` is set */
	struct gpal_range range;          /* the placed range, or the free range */
	char tag[GPAL_ERROR_TAG_MAX + 1]; /* a longer one is cut */
	enum gpal_kind kind;
	uint64_t offset;          /* bytes from the start of the range to the address */
	bool has_node;            /* the range is RAM of a node, or a room for it */
	uint32_t node;            /* if has_node */
	const char *root_complex; /* the root complex that has the address; NULL: none */
	bool has_slot;            /* the range is virtio-mmio */
	uint32_t slot;            /* if has_slot: counted from 0 */
};

/*
 * gpal_layout_probe - find the range at an address
 * @layout: borrowed; must exist as long as probe->root_complex is used
 * @request: the request of the layout, or NULL. A layout does not list the reserved ranges above
 *           its top; without @request they are reported as free
 * @address: guest physical address
 * @probe: receives the result; not written on failure
 * @error: NULL, or receives the details of a failure
 *
 * Returns GPAL_OK, or:
 *   GPAL_E_OUT_OF_RANGE  the address is at or above GPAL_SPACE_END
 */
GPAL_API GPAL_MUST_USE int gpal_layout_probe(const struct gpal_layout *layout,
					     const struct gpal_request *request, uint64_t address,
					     struct gpal_probe *probe, struct gpal_error *error);

GPAL_END_DECLS

#endif
