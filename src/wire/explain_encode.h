/* SPDX-License-Identifier: MIT */
/* Writes explanations as JSON, or in the form of the writer. */
#ifndef GPALD_WIRE_EXPLAIN_ENCODE_H
#define GPALD_WIRE_EXPLAIN_ENCODE_H

#include "wire/json_write.h"

#include <gpalayout/explain.h>

/* Writes the array of {tag, phase, rule, ...}. */
void gpald_encode_steps(struct gpald_writer *w, const char *key,
			const struct gpal_explanation *explanation);

#endif
