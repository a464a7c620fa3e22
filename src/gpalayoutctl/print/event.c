/* SPDX-License-Identifier: MIT */
/*
 * Prints events as lines and as a table. Older daemons did not record the generation, the time and
 * the user of a change; their events have "-" there.
 */
#include "config.h"

#include "gpalayoutctl/print/print.h"

#include "gpalayoutctl/print/table.h"

#include <inttypes.h>
#include <stdlib.h>

struct event_line {
	uint64_t revision;
	const char *at;
	const char *kind;
	const char *name;
	uint64_t generation;
	struct gpal_optional by;
	const char *digest;
};

static const struct ctl_field history_fields[] = {
	CTL_FIELD(struct event_line, "REVISION", CTL_INTEGER, revision),
	CTL_FIELD(struct event_line, "AT", CTL_TEXT, at),
	CTL_FIELD(struct event_line, "EVENT", CTL_TEXT, kind),
	CTL_FIELD(struct event_line, "GENERATION", CTL_INTEGER, generation),
	CTL_FIELD(struct event_line, "BY", CTL_OPTIONAL_USER, by),
	CTL_FIELD(struct event_line, "DIGEST", CTL_TEXT, digest),
};

/* The columns of a line. The last one has no width. */
static const struct {
	struct ctl_field field;
	int width; /* below 0: aligned to the left */
} columns[] = {
	{ CTL_FIELD(struct event_line, NULL, CTL_INTEGER, revision), 16 },
	{ CTL_FIELD(struct event_line, NULL, CTL_TEXT, at), -24 },
	{ CTL_FIELD(struct event_line, NULL, CTL_TEXT, kind), -7 },
	{ CTL_FIELD(struct event_line, NULL, CTL_TEXT, name), -24 },
	{ CTL_FIELD(struct event_line, NULL, CTL_OPTIONAL_USER, by), -8 },
	{ CTL_FIELD(struct event_line, NULL, CTL_TEXT, digest), 0 },
};

static struct event_line event_of(const struct gpal_client_event *event)
{
	return (struct event_line){
		.revision = event->revision,
		.at = event->at,
		.kind = event->kind_name,
		.name = event->name,
		.generation = event->generation ? event->generation : CTL_NONE,
		.by = event->uid,
		.digest = event->digest,
	};
}

void ctl_event_append(struct gpald_bytes *out, const struct gpal_client_event *event)
{
	const struct event_line row = event_of(event);

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		ctl_cleanup_buffer struct gpald_bytes cell = { 0 };

		ctl_value_append(&cell, columns[i].field.form,
				 (const char *)&row + columns[i].field.offset);
		ctl_buffer_printf(out, "%*s%s", columns[i].width, cell.length ? cell.data : "-",
				  columns[i].width ? "  " : "\n");
	}
}

enum ctl_exit ctl_history_append(struct ctl_session *session, struct gpald_bytes *out,
				 const void *result)
{
	const struct gpal_client_history *history = result;
	struct event_line *rows = calloc(history->count + 1, sizeof(*rows));

	(void)session;
	if (!rows)
		ctl_out_of_memory();
	for (size_t i = 0; i < history->count; i++)
		rows[i] = event_of(&history->events[i]);
	if (history->count)
		ctl_records_append(out, CTL_FIELDS(history_fields), rows, sizeof(*rows),
				   history->count);
	if (!history->count || history->events[0].kind != GPAL_EVENT_CREATED)
		ctl_buffer_printf(out, "%sChanges up to revision %" PRIu64 " are not listed.\n",
				  history->count ? "\n" : "", history->oldest_since);
	free(rows);
	return CTL_OK;
}
