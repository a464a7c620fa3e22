/* SPDX-License-Identifier: MIT */
/*
 * All layouts, as a table or as one JSON document. Either is printed once the last page is
 * in: columns are as wide as their widest cell, and half a document is none.
 */
#include "config.h"

#include "commands.h"

#include "json_text.h"
#include "json_tree.h"
#include "layout_list.h"
#include "message.h"
#include "params.h"
#include "reader.h"
#include "size_text.h"
#include "table.h"

#include <inttypes.h>

/* clang-format off */
const struct ctl_flag ctl_list_flags[] = {
	{ .name = "--after", .value_name = "NAME",
	  .help = "only layouts whose name is behind this one, byte by byte" },
	{ .name = "--limit", .value_name = "N", .help = "at most that many, above 0" },
	{ 0 },
};
/* clang-format on */

static void add_row(struct ctl_table *table, struct ctl_reader *reader, const cJSON *entry)
{
	ctl_cleanup_buffer struct ctl_buffer ram = { 0 };

	ctl_size_append(&ram, ctl_read_size(reader, entry, "ram_size"));
	ctl_table_add(table, "%s", ctl_read_text(reader, entry, "name"));
	ctl_table_add(table, "%" PRIu64, ctl_read_count(reader, entry, "generation"));
	ctl_table_add(table, "%s", ctl_read_text(reader, entry, "arch"));
	ctl_table_add(table, "%s", ctl_read_text(reader, entry, "policy"));
	ctl_table_add(table, "%s", ram.data);
	ctl_table_add(table, "0x%" PRIx64, ctl_read_size(reader, entry, "top"));
	ctl_table_add(table, "%" PRIu64, ctl_read_count(reader, entry, "owner_uid"));
	ctl_table_add(table, "%s", ctl_read_text(reader, entry, "created_at"));
}

static enum ctl_exit add_page(struct ctl_table *table, const cJSON *page)
{
	struct ctl_reader reader = { 0 };
	const cJSON *entry;

	cJSON_ArrayForEach(entry, page)
	{
		add_row(table, &reader, entry);
	}
	return ctl_reader_end(&reader);
}

/* Adds a page to the answer that has all of them, and the revision of the first. */
static enum ctl_exit join_page(struct ctl_buffer *out, const struct ctl_reply *reply)
{
	const char *text = ctl_buffer_text(&reply->line);
	size_t len = reply->line.len;
	struct ctl_reader reader = { 0 };
	const uint64_t revision = ctl_read_count(&reader, reply->result, "revision");
	const enum ctl_exit code = ctl_reader_end(&reader);

	if (code)
		return code;
	/* Keys may be written with escapes, though the daemon writes none. */
	if (!ctl_json_cut(&text, &len, "result") || !ctl_json_cut(&text, &len, "layouts"))
		return ctl_reply_not_understood("it has keys with escapes");
	if (!out->len)
		ctl_buffer_printf(out,
				  "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"revision\":%" PRIu64
				  ",\"layouts\":[",
				  revision);
	else if (len > 2 && out->data[out->len - 1] != '[')
		ctl_buffer_puts(out, ",");
	ctl_buffer_append(out, text + 1, len - 2);
	return CTL_OK;
}

enum ctl_exit ctl_run_list(const struct ctl_invocation *invocation)
{
	ctl_cleanup_exchange struct ctl_exchange exchange = CTL_EXCHANGE(invocation);
	ctl_cleanup_layout_list struct ctl_layout_list list = { .wanted = UINT64_MAX };
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };
	const bool json = exchange.json;
	ctl_cleanup_table struct ctl_table table = {
		.columns = { { "NAME", false },
			     { "GENERATION", true },
			     { "ARCH", false },
			     { "POLICY", false },
			     { "RAM", true },
			     { "TOP", true },
			     { "OWNER", true },
			     { "CREATED", false } },
	};
	const char *after = ctl_flag_value(invocation, "--after");
	enum ctl_exit code = ctl_flag_number(invocation, "--limit", true, &list.wanted);

	exchange.json = false;
	if (after)
		ctl_buffer_puts(&list.after, after);
	while (!code && !list.ended) {
		ctl_cleanup_reply struct ctl_reply reply = { 0 };
		const cJSON *page;

		code = ctl_layout_list_next(&list, &exchange, &reply, &page);
		if (code && json && reply.error)
			ctl_write_line(&reply.line);
		if (!code)
			code = json ? join_page(&out, &reply) : add_page(&table, page);
	}
	if (code)
		return code;
	if (json) {
		ctl_buffer_puts(&out, "]}}");
		return ctl_write_line(&out);
	}
	ctl_table_append(&out, &table);
	return ctl_write_output(&out);
}
