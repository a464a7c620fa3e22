/* SPDX-License-Identifier: MIT */
/* Writes advice on sizes as JSON, or in the form of the writer. */
#ifndef GPALD_WIRE_ADVICE_ENCODE_H
#define GPALD_WIRE_ADVICE_ENCODE_H

#include "wire/json_write.h"

#include <gpalayout/advise.h>

/*
 * Writes two members of the open object: `advice`, an array of {tag, size, in_place?, pin?,
 * resolved?, largest_bar?, pin_largest_bar?}, and `advice_cut`, only if the advice is cut.
 */
void gpald_encode_advice(struct gpald_writer *w, const struct gpal_advice *advice);

#endif
