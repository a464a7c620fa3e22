/* SPDX-License-Identifier: MIT */
/* Advice on sizes as JSON. */
#ifndef GPALD_WIRE_ADVICE_ENCODE_H
#define GPALD_WIRE_ADVICE_ENCODE_H

#include "wire/json_write.h"

#include <gpalayout/advise.h>

/*
 * Two members of an object: advice, an array of {tag, size, in_place?, pin?, resolved?,
 * largest_bar?, pin_largest_bar?}, and advice_cut, if it is.
 */
void gpald_encode_advice(struct gpald_writer *w, const struct gpal_advice *advice);

#endif
