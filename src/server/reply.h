/* SPDX-License-Identifier: MIT */
/*
 * The line that answers a call: its end, a refusal in its place, and what is counted and
 * logged of it.
 */
#ifndef GPALD_SERVER_REPLY_H
#define GPALD_SERVER_REPLY_H

#include "server/service.h"

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>

/* Ends the line of a result that begins at `mark`; if it may not be sent, -1 with *error set. */
GPAL_MUST_USE int gpald_reply_end(const struct gpald_call *call, struct gpald_writer *w,
				  size_t mark, struct gpald_wire_error *error);

/*
 * Answers with a refusal instead of what was written after `mark`. `method` is what the
 * line names, or NULL. What the error owns is cleared.
 */
void gpald_reply_refuse(const struct gpald_call *call, const char *method,
			struct gpald_wire_error *error, struct gpald_writer *w, size_t mark,
			struct gpald_answer *answer);

/* Whether a call has changed a live layout. */
bool gpald_reply_has_changed(const struct gpald_call *call);

/* Counts a call that has its answer; `error` is why it was refused, NULL: it was not. */
void gpald_reply_count(const struct gpald_call *call, const struct gpald_wire_error *error);

void gpald_reply_log_refusal(const struct gpald_caller *caller, const char *method,
			     const struct gpald_wire_error *error);

#endif
