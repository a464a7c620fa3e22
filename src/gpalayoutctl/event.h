/* SPDX-License-Identifier: MIT */
/*
 * What happened to a layout, as the daemon tells its subscribers.
 */
#ifndef GPALAYOUTCTL_EVENT_H
#define GPALAYOUTCTL_EVENT_H

#include "reply.h"

#include <stdbool.h>
#include <stdint.h>

/* Strings lead into the message. */
struct ctl_event {
	uint64_t revision;
	uint64_t follows; /* the revision before */
	const char *what; /* "created", "updated", "deleted" */
	const char *name;
	const char *digest; /* "-" when the daemon gives none */
};

/* Whether a message that ctl_message_parse() took is one about a layout. */
bool ctl_is_event(const struct ctl_reply *message);

/* CTL_NO_DAEMON, after saying why, when it lacks something. */
enum ctl_exit ctl_event_read(struct ctl_event *event, const struct ctl_reply *message);

/* Appends a line: revision, event, name and digest in columns. */
void ctl_event_append(struct ctl_buffer *out, const struct ctl_event *event);

#endif
