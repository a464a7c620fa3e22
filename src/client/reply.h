/* SPDX-License-Identifier: MIT */
/* What comes from the daemon, taken apart: results, refusals and events. */
#ifndef GPALD_CLIENT_REPLY_H
#define GPALD_CLIENT_REPLY_H

#include "core/arena.h"

#include <cjson/cJSON.h>
#include <gpalayout/client.h>
#include <stddef.h>
#include <stdint.h>

/* Fills in *error, unless it is NULL; always returns `code`. */
__attribute__((format(printf, 3, 4))) int gpald_client_fail(struct gpal_client_error *error,
							    int code, const char *format, ...);

/* A line: a result, a refusal or an event; another notification has none of them. */
struct gpald_reply {
	const cJSON *result; /* NULL: it is none */
	const cJSON *error;
	const cJSON *event; /* the params of a layout.event */
};

/*
 * Parses a line into the arena. One that is no reply to the request `id`, nor a refusal that
 * names none, nor a notification, is GPAL_E_PROTOCOL.
 */
GPAL_MUST_USE int gpald_reply_parse(const char *line, size_t length, uint64_t id,
				    struct gpald_arena *arena, struct gpald_reply *reply,
				    struct gpal_client_error *error);

/* Fills in *error, unless it is NULL, from that of a reply; returns GPAL_E_REFUSED. */
int gpald_reply_refuse(const struct gpald_reply *reply, struct gpal_client_error *error);

#endif
