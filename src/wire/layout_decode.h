/* SPDX-License-Identifier: MIT */
/*
 * Layouts as JSON, read back: one that was saved with a VM, or that another host
 * has. It is taken only if it agrees with itself, digest and all.
 */
#ifndef GPALD_WIRE_LAYOUT_DECODE_H
#define GPALD_WIRE_LAYOUT_DECODE_H

#include "wire/decoder.h"

#include <cjson/cJSON.h>
#include <gpalayout/layout.h>

/*
 * Decodes the layout object of the protocol, as a member of params, into a struct
 * gpal_layout that borrows text from the cJSON tree and lists from the decoder's
 * arena. A policy that is not known here is NULL: a layout may come from a newer host, as
 * long as that knows no more members.
 */
gpald_decode_function gpald_decode_layout;

#endif
