/* SPDX-License-Identifier: MIT */
/*
 * Prints layouts, changes and advice. The daemon sorts a map, but it is sorted again here, because
 * gaps are found only in a sorted one.
 */
#include "config.h"

#include "gpalayoutctl/print/print.h"

#include "gpalayoutctl/print/table.h"
#include "gpalayoutctl/request/value.h"
#include "gpalayoutctl/terminal_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIM "\033[2m"
#define NORMAL "\033[0m"

/* Maps. */

struct row {
	uint64_t start;
	uint64_t end;
	uint64_t size;
	const char *kind;
	const char *tag; /* NULL: a gap */
};

static const struct ctl_field row_fields[] = {
	CTL_FIELD(struct row, "START", CTL_ADDRESS, start),
	CTL_FIELD(struct row, "END", CTL_ADDRESS, end),
	CTL_FIELD(struct row, "SIZE", CTL_SIZE, size),
	CTL_FIELD(struct row, "KIND", CTL_TEXT, kind),
	CTL_FIELD(struct row, "TAG", CTL_TEXT, tag),
};

static int by_address(const void *a, const void *b)
{
	const struct row *left = a;
	const struct row *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return (left->end > right->end) - (left->end < right->end);
}

static size_t add_gaps(struct row *rows, size_t entries)
{
	uint64_t covered = 0;
	size_t count = entries;

	for (size_t i = 0; i < entries; i++) {
		if (rows[i].start > covered)
			rows[count++] = (struct row){ covered, rows[i].start,
						      rows[i].start - covered, "gap", NULL };
		if (rows[i].end > covered)
			covered = rows[i].end;
	}
	qsort(rows, count, sizeof(*rows), by_address);
	return count;
}

/* Appends a table whose first line is the heading, and dims the rows of gaps. */
static void append_dimmed(struct gpald_bytes *out, const char *text, const struct row *rows)
{
	for (size_t line = 0; *text; line++) {
		const size_t length = strcspn(text, "\n");
		const bool is_gap = line && !rows[line - 1].tag;

		ctl_buffer_puts(out, is_gap ? DIM : "");
		ctl_buffer_append(out, text, length);
		ctl_buffer_puts(out, is_gap ? NORMAL "\n" : "\n");
		text += length + 1;
	}
}

static void append_map(struct gpald_bytes *out, const struct gpal_map *map)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	/* There is room for a gap before each entry. */
	struct row *rows = calloc(2 * map->count + 1, sizeof(*rows));
	size_t count;

	if (!rows)
		ctl_out_of_memory();
	for (size_t i = 0; i < map->count; i++) {
		const struct gpal_map_entry *entry = &map->entries[i];

		rows[i] = (struct row){ entry->range.start, entry->range.end,
					entry->range.end - entry->range.start,
					gpal_kind_name(entry->kind), entry->tag };
	}
	qsort(rows, map->count, sizeof(*rows), by_address);
	count = add_gaps(rows, map->count);
	ctl_records_append(&text, CTL_FIELDS(row_fields), rows, sizeof(*rows), count);
	if (ctl_wants_colour())
		append_dimmed(out, text.data, rows);
	else
		ctl_buffer_puts(out, text.data);
	free(rows);
}

enum ctl_exit ctl_allocated_append(struct ctl_session *session, struct gpald_bytes *out,
				   const void *result)
{
	(void)session;
	append_map(out, result);
	return CTL_OK;
}

/* Layouts. */

struct summary {
	const char *arch;
	const char *policy;
	const char *profile;
	uint64_t ram_size, end_of_ram, end_of_layout, top;
	unsigned int bits;
	const char *alias_map;
	const char *digest;
};

static const struct ctl_field summary_fields[] = {
	CTL_FIELD(struct summary, "architecture", CTL_TEXT, arch),
	CTL_FIELD(struct summary, "policy", CTL_TEXT, policy),
	CTL_FIELD(struct summary, "profile", CTL_TEXT, profile),
	CTL_FIELD(struct summary, "RAM", CTL_SIZE, ram_size),
	CTL_FIELD(struct summary, "end of RAM", CTL_ADDRESS_SIZE, end_of_ram),
	CTL_FIELD(struct summary, "end of layout", CTL_ADDRESS_SIZE, end_of_layout),
	CTL_FIELD(struct summary, "top", CTL_ADDRESS_SIZE, top),
	CTL_FIELD(struct summary, "required address bits", CTL_BITS, bits),
	CTL_FIELD(struct summary, "VTL2 alias map", CTL_TEXT, alias_map),
	CTL_FIELD(struct summary, "digest", CTL_TEXT, digest),
};

void ctl_warning_append(struct gpald_bytes *out, const struct gpal_warning *warning)
{
	const char *tag = warning->tag && *warning->tag ? warning->tag : NULL;

	ctl_buffer_puts(out, "warning: ");
	ctl_puts_safe(out, warning->token);
	ctl_buffer_puts(out, tag ? " at " : "");
	ctl_puts_safe(out, tag ? tag : "");
	ctl_buffer_puts(out, ": ");
	ctl_puts_safe(out, warning->message);
	ctl_buffer_puts(out, "\n");
}

/* Appends an empty line and the table, or nothing if the table has no rows. */
static void append_part(struct gpald_bytes *out, const struct ctl_table *table)
{
	if (!table->count)
		return;
	ctl_buffer_puts(out, "\n");
	ctl_table_append(out, table);
}

static void append_rooms(struct gpald_bytes *out, const struct gpal_layout *layout)
{
	ctl_cleanup_table struct ctl_table table = {
		.columns = { { "HOTPLUG ROOM", false }, { "NODE", true }, { "SIZE", true } },
	};

	for (size_t i = 0; i < layout->hotplug_room_count; i++) {
		const struct gpal_layout_hotplug_room *room = &layout->hotplug_rooms[i];
		char tag[32];

		snprintf(tag, sizeof(tag), "hotplug-%zu", i);
		ctl_table_add(&table, tag);
		ctl_table_add_number(&table, CTL_INTEGER, room->node);
		ctl_table_add_number(&table, CTL_SIZE, gpal_range_size(room->range));
	}
	append_part(out, &table);
}

/* Prints targets in the form that --cxl-window takes. */
static void append_cxl_windows(struct gpald_bytes *out, const struct gpal_layout *layout)
{
	ctl_cleanup_table struct ctl_table table = {
		.columns = { { "CXL WINDOW", false },
			     { "GRANULARITY", true },
			     { "TARGETS", false } },
	};

	for (size_t i = 0; i < layout->cxl_window_count; i++) {
		const struct gpal_layout_cxl_window *window = &layout->cxl_windows[i];
		ctl_cleanup_buffer struct gpald_bytes targets = { 0 };

		for (size_t j = 0; j < window->target_count; j++) {
			ctl_buffer_puts(&targets, j ? "+" : "");
			ctl_append_quoted(&targets, window->targets[j]);
		}
		ctl_table_add(&table, window->name);
		ctl_table_add_number(&table, CTL_SIZE, window->granularity);
		ctl_table_add(&table, ctl_buffer_text(&targets));
	}
	append_part(out, &table);
}

static void append_layout(struct gpald_bytes *out, const struct gpal_layout *layout)
{
	char digest[GPAL_DIGEST_SIZE];
	const struct summary summary = {
		.arch = gpal_arch_name(layout->arch),
		.policy = layout->policy_name,
		.profile = gpal_profile_name(layout->profile),
		.ram_size = layout->ram_size,
		.end_of_ram = layout->end_of_ram,
		.end_of_layout = layout->end_of_layout,
		.top = layout->top,
		.bits = layout->required_address_bits,
		.alias_map = layout->has_vtl2_alias_map ? "takes one of these bits" : NULL,
		.digest = digest,
	};

	gpal_layout_digest(layout, digest);
	append_map(out, &layout->map);
	ctl_buffer_puts(out, "\n");
	ctl_record_append(out, CTL_FIELDS(summary_fields), &summary);
	append_rooms(out, layout);
	append_cxl_windows(out, layout);
	for (size_t i = 0; i < layout->warning_count; i++) {
		ctl_buffer_puts(out, i ? "" : "\n");
		ctl_warning_append(out, &layout->warnings[i]);
	}
}

static void append_outcome(struct gpald_bytes *out, const char *what, const char *name,
			   uint64_t generation, const char *end)
{
	ctl_buffer_puts(out, what);
	ctl_puts_safe(out, name);
	ctl_buffer_printf(out, " (generation %" PRIu64 ")%s", generation, end);
}

enum ctl_exit ctl_created_append(struct ctl_session *session, struct gpald_bytes *out,
				 const void *result)
{
	const struct gpal_client_live *live = result;

	(void)session;
	append_outcome(out, live->created ? "created " : "already there: ", live->name,
		       live->generation, "\n\n");
	append_layout(out, live->layout);
	return CTL_OK;
}

enum ctl_exit ctl_deleted_append(struct ctl_session *session, struct gpald_bytes *out,
				 const void *result)
{
	const struct gpald_deleted *deleted = result;

	(void)session;
	append_outcome(out, "deleted ", deleted->name, deleted->generation, "\n");
	return CTL_OK;
}

static const struct ctl_field live_fields[] = {
	CTL_FIELD(struct gpal_client_live, "name", CTL_TEXT, name),
	CTL_FIELD(struct gpal_client_live, "generation", CTL_INTEGER, generation),
	CTL_FIELD(struct gpal_client_live, "owner", CTL_USER, owner_uid),
	CTL_FIELD(struct gpal_client_live, "created", CTL_TEXT, created_at),
	CTL_FIELD(struct gpal_client_live, "updated", CTL_TEXT, updated_at),
};

enum ctl_exit ctl_live_append(struct ctl_session *session, struct gpald_bytes *out,
			      const void *result)
{
	const struct gpal_client_live *live = result;

	(void)session;
	ctl_record_append(out, CTL_FIELDS(live_fields), live);
	ctl_buffer_puts(out, "\n");
	append_layout(out, live->layout);
	return CTL_OK;
}

/* Changes. */

static const struct ctl_field change_fields[] = {
	CTL_FIELD(struct gpal_change, "CHANGE", CTL_CHANGE, kind),
	CTL_FIELD(struct gpal_change, "TAG", CTL_TEXT, tag),
	CTL_FIELD(struct gpal_change, "FROM", CTL_RANGE, from),
	CTL_FIELD(struct gpal_change, "TO", CTL_RANGE, to),
};

void ctl_changes_append(struct gpald_bytes *out, const struct gpal_changes *changes)
{
	if (changes->count)
		ctl_records_append(out, CTL_FIELDS(change_fields), changes->changes,
				   sizeof(*changes->changes), changes->count);
	else
		ctl_buffer_puts(out, "no range changes; reserved ranges are not compared\n");
}

enum ctl_exit ctl_updated_append(struct ctl_session *session, struct gpald_bytes *out,
				 const void *result)
{
	const struct gpal_client_update *update = result;
	const bool is_dry = ctl_flag_was_given(session->invocation, "--dry-run");

	append_outcome(out, is_dry ? "dry run: nothing was changed; " : "updated ", update->name,
		       update->generation, "\n\n");
	ctl_changes_append(out, update->changes);
	ctl_buffer_puts(out, "\n");
	append_layout(out, update->layout);
	return CTL_OK;
}

/* Advice. */

static const struct ctl_field growth_fields[] = {
	CTL_FIELD(struct gpal_growth, "RANGE", CTL_TEXT, tag),
	CTL_FIELD(struct gpal_growth, "SIZE", CTL_SIZE, size),
	CTL_FIELD(struct gpal_growth, "IN PLACE", CTL_GROWTH, in_place),
	CTL_FIELD(struct gpal_growth, "PINNED TO", CTL_RANGE, pin),
	CTL_FIELD(struct gpal_growth, "RE-RESOLVED", CTL_GROWTH, resolved),
	/* The last BAR_FIELDS rows are not always printed. */
	CTL_FIELD(struct gpal_growth, "LARGEST BAR", CTL_GROWTH, largest_bar),
	CTL_FIELD(struct gpal_growth, "BAR IF PINNED", CTL_GROWTH, pin_largest_bar),
};
#define BAR_FIELDS 2

static void append_advice_cut(struct gpald_bytes *out, const struct gpal_advice *advice)
{
	if (advice->cut)
		ctl_buffer_puts(
			out,
			"\nnot every size was tried, because there are many ranges; gpalayoutctl "
			"advise with a TAG tries more sizes of one range\n");
}

static void append_growths(struct gpald_bytes *out, const struct gpal_advice *advice, bool has_bars)
{
	const size_t all = sizeof(growth_fields) / sizeof(growth_fields[0]);

	ctl_buffer_puts(out,
			"in a new VM, each range alone could grow to these sizes, in place or if "
			"the request is resolved again:\n\n");
	ctl_records_append(out, growth_fields, has_bars ? all : all - BAR_FIELDS, advice->growths,
			   sizeof(*advice->growths), advice->count);
	append_advice_cut(out, advice);
}

static const struct ctl_field size_fields[] = {
	CTL_FIELD(struct gpal_growth, "RANGE", CTL_TEXT, tag),
	CTL_FIELD(struct gpal_growth, "SIZE", CTL_SIZE, size),
	CTL_FIELD(struct gpal_growth, "WOULD FIT", CTL_GROWTH, resolved),
};

static void append_sizes(struct gpald_bytes *out, const struct gpal_advice *advice,
			 bool is_of_one_range)
{
	struct gpal_growth *fitting = calloc(advice->count + 1, sizeof(*fitting));
	size_t count = 0;

	if (!fitting)
		ctl_out_of_memory();
	for (size_t i = 0; i < advice->count; i++)
		if (advice->growths[i].resolved)
			fitting[count++] = advice->growths[i];
	if (count > 0) {
		ctl_buffer_puts(out, "there is no layout; there would be one if one range had this "
				     "size and nothing else changed:\n\n");
		ctl_records_append(out, CTL_FIELDS(size_fields), fitting, sizeof(*fitting), count);
	} else {
		ctl_buffer_printf(
			out,
			"there is no layout, and no size that was tried for %s range alone "
			"helps; pinned windows and windows with devices are not tried; "
			"gpalayoutctl resolve says why there is no layout\n",
			is_of_one_range ? "this" : "one");
	}
	append_advice_cut(out, advice);
	free(fitting);
}

enum ctl_exit ctl_resolved_append(struct ctl_session *session, struct gpald_bytes *out,
				  const void *result)
{
	const struct gpal_advice *advice = NULL;

	append_layout(out, result);
	if (!ctl_flag_was_given(session->invocation, "--advise"))
		return CTL_OK;
	advice = ctl_decode_result(session, &gpald_advice_result);
	if (!advice)
		return CTL_NO_DAEMON;
	ctl_buffer_puts(out, "\n");
	append_growths(out, advice, false);
	return CTL_OK;
}

enum ctl_exit ctl_advised_append(struct ctl_session *session, struct gpald_bytes *out,
				 const void *result)
{
	const struct gpal_advice *advice = result;

	if (advice->resolves)
		append_growths(out, advice, true);
	else
		append_sizes(out, advice, session->invocation->operand_count);
	return CTL_OK;
}
