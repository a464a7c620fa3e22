/* SPDX-License-Identifier: MIT */
/* Advice on sizes as JSON. */
#ifndef GPALD_WIRE_ADVICE_ENCODE_H
#define GPALD_WIRE_ADVICE_ENCODE_H

#include <cjson/cJSON.h>
#include <gpalayout/advise.h>

/* The array of {tag, size, in_place?, resolved?}; NULL: out of memory. */
cJSON *gpald_encode_growths(const struct gpal_advice *advice);

#endif
