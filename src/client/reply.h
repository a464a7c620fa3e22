/* SPDX-License-Identifier: MIT */
/* Parses the lines that the daemon sends: results, refusals and events. */
#ifndef GPALD_CLIENT_REPLY_H
#define GPALD_CLIENT_REPLY_H

#include "core/arena.h"

#include <cjson/cJSON.h>
#include <gpalayout/client.h>
#include <stddef.h>
#include <stdint.h>

/* Fills in *error, unless `error` is NULL. Always returns `code`. */
__attribute__((format(printf, 3, 4))) int gpald_client_fail(struct gpal_client_error *error,
							    int code, const char *format, ...);

/* A parsed line. It has one of these members, or none if it is another notification. */
struct gpald_client_reply {
	const cJSON *result;
	const cJSON *error;
	const cJSON *event; /* the params of a layout.event */
};

/*
 * Parses a line into the arena. Returns GPAL_E_PROTOCOL if it is neither a reply to the request
 * `id`, nor a refusal whose id is null, nor a notification.
 */
GPAL_MUST_USE int gpald_client_parse_line(const char *line, size_t length, uint64_t id,
					  struct gpald_arena *arena,
					  struct gpald_client_reply *reply,
					  struct gpal_client_error *error);

/* Fills in *error, unless `error` is NULL, from the error of a reply. Returns GPAL_E_REFUSED. */
int gpald_client_read_refusal(const struct gpald_client_reply *reply,
			      struct gpal_client_error *error);

#endif
