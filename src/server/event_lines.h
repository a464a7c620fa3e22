/* SPDX-License-Identifier: MIT */
/* The lines that tell of events, each printed once for all subscribers. */
#ifndef GPALD_SERVER_EVENT_LINES_H
#define GPALD_SERVER_EVENT_LINES_H

#include "registry/event.h"

#include <stddef.h>
#include <stdint.h>

struct gpald_event_line {
	uint64_t revision; /* 0: none */
	char *text;        /* LF included */
	size_t length;
};

#define GPALD_EVENT_LINES 256 /* the newest, which those who keep up want */

/* Zeroed before use. */
struct gpald_event_lines {
	struct gpald_event_line lines[GPALD_EVENT_LINES];
};

/* The line of an event, valid until the next is asked for. NULL: out of memory. */
const struct gpald_event_line *gpald_event_lines_find(struct gpald_event_lines *lines,
						      const struct gpald_event *event);

void gpald_event_lines_clear(struct gpald_event_lines *lines);

#endif
