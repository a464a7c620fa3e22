/* SPDX-License-Identifier: MIT */
/* Advice on sizes as JSON. */
#ifndef GPALD_WIRE_ADVICE_ENCODE_H
#define GPALD_WIRE_ADVICE_ENCODE_H

#include "wire/json_write.h"

#include <gpalayout/advise.h>

/* The array of {tag, size, in_place?, pin?, resolved?}. */
void gpald_encode_growths(struct gpald_writer *w, const char *key,
			  const struct gpal_advice *advice);

#endif
