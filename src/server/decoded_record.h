/* SPDX-License-Identifier: MIT */
/* A decoded record, used while an answer is built. */
#ifndef GPALD_SERVER_DECODED_RECORD_H
#define GPALD_SERVER_DECODED_RECORD_H

#include "core/arena.h"
#include "registry/record.h"
#include "wire/reason.h"

#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <gpalayout/request.h>

/* Zero it before use and clear it at the end, even after an error. */
struct gpald_decoded_record {
	struct gpald_arena *arena;
	struct gpal_layout layout;
	struct gpal_request request;
};

/* Decodes a record. Returns 0, or -1 with *error set. */
GPAL_MUST_USE int gpald_decode_record(struct gpald_decoded_record *decoded,
				      const struct gpald_record *record,
				      struct gpald_wire_error *error);

void gpald_decoded_record_clear(struct gpald_decoded_record *decoded);

#define gpald_cleanup_decoded_record __attribute__((cleanup(gpald_decoded_record_clear)))

#endif
