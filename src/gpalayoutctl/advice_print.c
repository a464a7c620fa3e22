/* SPDX-License-Identifier: MIT */
/*
 * How far each window and each node's RAM could grow: where it is, and if everything
 * may move. A row each, in the order of the map.
 */
#include "config.h"

#include "advice_print.h"

#include "json_tree.h"
#include "reader.h"
#include "size_text.h"
#include "table.h"

#include <inttypes.h>

#define LARGEST_HOST (UINT64_C(1) << 52)

static void add_size(struct ctl_table *table, struct ctl_reader *reader, const cJSON *growth,
		     const char *member)
{
	ctl_cleanup_buffer struct ctl_buffer text = { 0 };

	if (ctl_json_member(growth, member)) {
		const uint64_t size = ctl_read_size(reader, growth, member);

		/* No host addresses more. */
		if (size > LARGEST_HOST)
			ctl_buffer_puts(&text, "> 4 PiB");
		else
			ctl_size_append(&text, size);
	}
	ctl_table_add(table, "%s", ctl_buffer_text(&text));
}

static void add_pin(struct ctl_table *table, struct ctl_reader *reader, const cJSON *growth)
{
	const cJSON *pin = ctl_json_member(growth, "pin");

	if (pin)
		ctl_table_add(table, "0x%" PRIx64 "-0x%" PRIx64,
			      ctl_read_size(reader, pin, "start"),
			      ctl_read_size(reader, pin, "end"));
	else
		ctl_table_add(table, "%s", "");
}

enum ctl_exit ctl_advice_append(struct ctl_buffer *out, const cJSON *result)
{
	ctl_cleanup_table struct ctl_table table = {
		.columns = { { "RANGE", false },
			     { "SIZE", true },
			     { "IN PLACE", true },
			     { "PINNED TO", false },
			     { "RE-RESOLVED", true } },
	};
	struct ctl_reader reader = { 0 };
	const cJSON *growth;

	cJSON_ArrayForEach(growth, ctl_read_array(&reader, result, "advice"))
	{
		ctl_table_add(&table, "%s", ctl_read_text(&reader, growth, "tag"));
		add_size(&table, &reader, growth, "size");
		add_size(&table, &reader, growth, "in_place");
		add_pin(&table, &reader, growth);
		add_size(&table, &reader, growth, "resolved");
	}
	ctl_buffer_puts(out, "\neach range could grow to this, all else as it is:\n\n");
	ctl_table_append(out, &table);
	if (ctl_json_member(result, "advice_cut"))
		ctl_buffer_puts(out, "\nthere are too many ranges to look at every size\n");
	return ctl_reader_end(&reader);
}
