/* SPDX-License-Identifier: MIT */
/* Explanations as JSON. */
#ifndef GPALD_WIRE_EXPLAIN_ENCODE_H
#define GPALD_WIRE_EXPLAIN_ENCODE_H

#include <cjson/cJSON.h>
#include <gpalayout/explain.h>

/* The array of {tag, phase, rule, ...}; NULL: out of memory. */
cJSON *gpald_encode_steps(const struct gpal_explanation *explanation);

#endif
