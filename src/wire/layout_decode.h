/* SPDX-License-Identifier: MIT */
/*
 * Decodes layouts from JSON, such as one that was saved with a VM, or one of another host. A layout
 * is accepted only if gpal_layout_check() finds no fault in it and its digest is right. A layout in
 * a reply is not checked.
 */
#ifndef GPALD_WIRE_LAYOUT_DECODE_H
#define GPALD_WIRE_LAYOUT_DECODE_H

#include "wire/decoder.h"

#include <cjson/cJSON.h>
#include <gpalayout/layout.h>

/*
 * Decodes the layout object of the protocol into a struct gpal_layout. Its text lies in the cJSON
 * tree, its lists in the decoder's arena. An unknown policy becomes NULL, because the layout may be
 * from a newer host.
 */
gpald_decode_function gpald_decode_layout;

#endif
