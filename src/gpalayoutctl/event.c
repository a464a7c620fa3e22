/* SPDX-License-Identifier: MIT */
/*
 * Events. Their columns have fixed widths, because no line may wait for the next.
 */
#include "config.h"

#include "event.h"

#include "json_tree.h"
#include "reader.h"
#include "terminal_text.h"

#include <inttypes.h>
#include <string.h>

#define EVENT_METHOD "layout.event"

bool ctl_is_event(const struct ctl_reply *message)
{
	const char *method = ctl_json_text(message->tree, "method");

	return method && strcmp(method, EVENT_METHOD) == 0;
}

enum ctl_exit ctl_event_read(struct ctl_event *event, const struct ctl_reply *message)
{
	struct ctl_reader reader = { 0 };
	const cJSON *params = ctl_read_object(&reader, message->tree, "params");

	event->revision = ctl_read_count(&reader, params, "revision");
	event->follows = ctl_json_member(params, "follows") ?
				 ctl_read_count(&reader, params, "follows") :
				 event->revision - 1;
	event->what = ctl_read_text(&reader, params, "event");
	event->name = ctl_read_text(&reader, params, "name");
	event->digest = "-";
	if (ctl_json_member(params, "digest"))
		event->digest = ctl_read_text(&reader, params, "digest");
	return ctl_reader_end(&reader);
}

void ctl_event_append(struct ctl_buffer *out, const struct ctl_event *event)
{
	ctl_cleanup_buffer struct ctl_buffer what = { 0 };
	ctl_cleanup_buffer struct ctl_buffer name = { 0 };

	ctl_puts_safe(&what, event->what);
	ctl_puts_safe(&name, event->name);
	ctl_buffer_printf(out, "%16" PRIu64 "  %-7s  %-24s  ", event->revision,
			  ctl_buffer_text(&what), ctl_buffer_text(&name));
	ctl_puts_safe(out, event->digest);
	ctl_buffer_puts(out, "\n");
}
