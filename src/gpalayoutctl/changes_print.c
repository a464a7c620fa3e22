/* SPDX-License-Identifier: MIT */
/*
 * Changes as a table: the answer to an update, and the reason why one is refused.
 */
#include "config.h"

#include "changes_print.h"

#include "json_tree.h"
#include "reader.h"
#include "table.h"

#include <inttypes.h>

/* Half-open, as everywhere; "-" where the change has no such side. */
static void add_range(struct ctl_table *table, struct ctl_reader *reader, const cJSON *change,
		      const char *side)
{
	const cJSON *range;

	if (!ctl_json_member(change, side)) {
		ctl_table_add(table, "-");
		return;
	}
	range = ctl_read_object(reader, change, side);
	ctl_table_add(table, "0x%" PRIx64 "-0x%" PRIx64, ctl_read_size(reader, range, "start"),
		      ctl_read_size(reader, range, "end"));
}

bool ctl_changes_append(struct ctl_buffer *out, const cJSON *changes)
{
	ctl_cleanup_table struct ctl_table table = {
		.columns = { { "CHANGE", false },
			     { "TAG", false },
			     { "FROM", false },
			     { "TO", false } },
	};
	struct ctl_reader reader = { 0 };
	const cJSON *change;

	if (!cJSON_IsArray(changes))
		return false;
	cJSON_ArrayForEach(change, changes)
	{
		ctl_table_add(&table, "%s", ctl_read_text(&reader, change, "change"));
		ctl_table_add(&table, "%s", ctl_read_text(&reader, change, "tag"));
		add_range(&table, &reader, change, "from");
		add_range(&table, &reader, change, "to");
	}
	if (reader.missing)
		return false;
	if (table.count)
		ctl_table_append(out, &table);
	else
		ctl_buffer_puts(out, "no range changes\n");
	return true;
}
