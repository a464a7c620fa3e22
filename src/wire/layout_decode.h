/* SPDX-License-Identifier: MIT */
/*
 * Layouts as JSON, read back: one that was saved with a VM, or that another host
 * has. It is taken only if it agrees with itself, digest and all.
 */
#ifndef GPALD_WIRE_LAYOUT_DECODE_H
#define GPALD_WIRE_LAYOUT_DECODE_H

#include "wire/decoder.h"

#include <cjson/cJSON.h>
#include <gpalayout/export.h>
#include <gpalayout/layout.h>

/*
 * Decodes the layout object of the protocol, as a member of params, into a struct
 * gpal_layout that borrows text from the cJSON tree and lists from the decoder's
 * arena. A policy that is not known here is NULL, and there are no warnings in it: a
 * layout may come from a newer host, as long as that knows no more members.
 */
gpald_decode_function gpald_decode_layout;

/*
 * Whether the parts of a decoded layout are what the map says, and the map what the
 * digest says. `is_claimed` is for its own use: a false for each entry of the map.
 * False: `pointer`, at the layout, and the message say what is not.
 */
struct gpald_layout_fault {
	char pointer[64];
	char message[256];
};
GPAL_MUST_USE bool gpald_check_layout(const struct gpal_layout *layout, const char *digest,
				      bool *is_claimed, struct gpald_layout_fault *fault);

#endif
