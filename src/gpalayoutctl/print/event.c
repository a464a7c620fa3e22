/* SPDX-License-Identifier: MIT */
/* Events of daemons that did not keep who made a change have "-" there. */
#include "config.h"

#include "gpalayoutctl/print/event.h"

#include "gpalayoutctl/print/table.h"
#include "gpalayoutctl/terminal_text.h"

#include <inttypes.h>

/* Texts that are made safe to show; an empty one is "-". */
struct cells {
	struct ctl_buffer kind, name, by, at, digest;
};

static void cells_free(struct cells *cells)
{
	ctl_buffer_free(&cells->kind);
	ctl_buffer_free(&cells->name);
	ctl_buffer_free(&cells->by);
	ctl_buffer_free(&cells->at);
	ctl_buffer_free(&cells->digest);
}

static void put_cell(struct ctl_buffer *cell, const char *text)
{
	ctl_puts_safe(cell, *text ? text : "-");
}

static void fill_cells(struct cells *cells, const struct gpal_client_event *event)
{
	const uint32_t uid = (uint32_t)event->uid.value;

	put_cell(&cells->kind, event->kind_name);
	put_cell(&cells->name, event->name);
	put_cell(&cells->at, event->at);
	put_cell(&cells->digest, event->digest);
	if (event->uid.set)
		ctl_value_append(&cells->by, CTL_USER, &uid);
	else
		put_cell(&cells->by, "");
}

void ctl_event_append(struct ctl_buffer *out, const struct gpal_client_event *event)
{
	__attribute__((cleanup(cells_free))) struct cells cells = { .kind = { 0 } };

	fill_cells(&cells, event);
	ctl_buffer_printf(out, "%16" PRIu64 "  %-24s  %-7s  %-24s  %-8s  %s\n", event->revision,
			  cells.at.data, cells.kind.data, cells.name.data, cells.by.data,
			  cells.digest.data);
}

static void add_event(struct ctl_table *table, const struct gpal_client_event *event)
{
	__attribute__((cleanup(cells_free))) struct cells cells = { .kind = { 0 } };
	ctl_cleanup_buffer struct ctl_buffer number = { 0 };

	fill_cells(&cells, event);
	ctl_buffer_printf(&number, "%" PRIu64, event->revision);
	ctl_table_add(table, number.data);
	ctl_table_add(table, cells.at.data);
	ctl_table_add(table, cells.kind.data);
	number.length = 0;
	if (event->generation)
		ctl_buffer_printf(&number, "%" PRIu64, event->generation);
	else
		put_cell(&number, "");
	ctl_table_add(table, number.data);
	ctl_table_add(table, cells.by.data);
	ctl_table_add(table, cells.digest.data);
}

void ctl_history_append(struct ctl_buffer *out, const struct gpal_client_history *history)
{
	ctl_cleanup_table struct ctl_table table = {
		.columns = { { "REVISION", true },
			     { "AT", false },
			     { "EVENT", false },
			     { "GENERATION", true },
			     { "BY", false },
			     { "DIGEST", false } },
	};

	for (size_t i = 0; i < history->count; i++)
		add_event(&table, &history->events[i]);
	if (history->count)
		ctl_table_append(out, &table);
	if (!history->count || history->events[0].kind != GPAL_EVENT_CREATED)
		ctl_buffer_printf(out, "%sChanges up to revision %" PRIu64 " are not listed.\n",
				  history->count ? "\n" : "", history->oldest_since);
}
