/* SPDX-License-Identifier: MIT */
/* A line takes the place of the one that has its place. */
#include "config.h"

#include "server/event_lines.h"

#include "wire/json_build.h"
#include "wire/rpc.h"

#include <stdlib.h>

static char *print(const struct gpald_event *event, size_t *length)
{
	struct gpald_builder b = { .failed = false };
	cJSON *params = cJSON_CreateObject();

	gpald_build_integer(&b, params, "revision", (int64_t)event->revision);
	if (event->follows + 1 != event->revision)
		gpald_build_integer(&b, params, "follows", (int64_t)event->follows);
	gpald_build_text(&b, params, "event", gpald_event_name(event->kind));
	gpald_build_text(&b, params, "name", event->name);
	gpald_build_text(&b, params, "digest", event->digest);
	if (b.failed) {
		cJSON_Delete(params);
		return NULL;
	}
	return gpald_rpc_notification("layout.event", params, length);
}

const struct gpald_event_line *gpald_event_lines_find(struct gpald_event_lines *lines,
						      const struct gpald_event *event)
{
	struct gpald_event_line *line = &lines->lines[event->revision % GPALD_EVENT_LINES];
	size_t length;
	char *text;

	if (line->revision == event->revision)
		return line;
	text = print(event, &length);
	if (!text)
		return NULL;
	free(line->text);
	*line = (struct gpald_event_line){ event->revision, text, length };
	return line;
}

void gpald_event_lines_clear(struct gpald_event_lines *lines)
{
	for (size_t i = 0; i < GPALD_EVENT_LINES; i++)
		free(lines->lines[i].text);
	*lines = (struct gpald_event_lines){ 0 };
}
