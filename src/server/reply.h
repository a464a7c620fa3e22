/* SPDX-License-Identifier: MIT */
/* Ends the reply of a call, or writes a refusal instead. Counts calls, and logs refusals. */
#ifndef GPALD_SERVER_REPLY_H
#define GPALD_SERVER_REPLY_H

#include "server/call.h"

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Ends the line of a result that begins at `mark`. Returns 0, or -1 with *error set if the line may
 * not be sent.
 */
GPAL_MUST_USE int gpald_reply_end_line(const struct gpald_call *call, struct gpald_writer *w,
				       size_t mark, struct gpald_wire_error *error);

/*
 * Answers with a refusal instead of what was written after `mark`. `method` is for the log: the
 * name of the method, or the unknown name in the line; NULL: neither. Frees what the error owns.
 */
void gpald_reply_refuse(const struct gpald_call *call, const char *method,
			struct gpald_wire_error *error, struct gpald_writer *w, size_t mark,
			struct gpald_answer *answer);

/* Counts an answered call. `error` is why it was refused; NULL: it was not. */
void gpald_reply_count_call(const struct gpald_call *call, const struct gpald_wire_error *error);

void gpald_reply_log_refusal(const struct gpald_caller *caller, const char *method,
			     const struct gpald_wire_error *error);

#endif
