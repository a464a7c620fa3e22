/* SPDX-License-Identifier: MIT */
/*
 * Paging. The daemon chooses the size of a page unless it could send more than are
 * wanted.
 */
#include "config.h"

#include "layout_list.h"

#include "json_tree.h"
#include "params.h"
#include "reader.h"

#include <string.h>

/* Far below any limit of a daemon's, and enough that the round trips do not count. */
#define PAGE 100

/* Whether the page is one, and whether another follows it. */
static enum ctl_exit check_page(const struct ctl_layout_list *list, const cJSON *result,
				const cJSON **page, const char **next)
{
	struct ctl_reader reader = { 0 };
	const cJSON *entry;

	*page = ctl_read_array(&reader, result, "layouts");
	cJSON_ArrayForEach(entry, *page)
	{
		ctl_read_text(&reader, entry, "name");
	}
	*next = ctl_json_member(result, "next") ? ctl_read_text(&reader, result, "next") : NULL;
	if (reader.missing)
		return ctl_reader_end(&reader);
	/* Names go up from page to page, or this would never end. */
	if (*next &&
	    (!cJSON_GetArraySize(*page) || strcmp(*next, ctl_buffer_text(&list->after)) <= 0))
		return ctl_reply_not_understood("the next page is not behind this one");
	return CTL_OK;
}

enum ctl_exit ctl_layout_list_next(struct ctl_layout_list *list, struct ctl_exchange *exchange,
				   struct ctl_reply *reply, const cJSON **page)
{
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };
	const char *next;
	enum ctl_exit code;
	uint64_t count;

	if (list->after.len)
		ctl_param_text(&params, "after", list->after.data);
	if (list->wanted != UINT64_MAX)
		ctl_param_count(&params, "limit", list->wanted < PAGE ? list->wanted : PAGE);
	code = ctl_ask(exchange, NULL, "layout.list", ctl_params_end(&params), reply);
	if (!code)
		code = ctl_reply_accept(reply);
	if (!code)
		code = check_page(list, reply->result, page, &next);
	if (code)
		return code;

	count = (uint64_t)cJSON_GetArraySize(*page);
	if (list->wanted != UINT64_MAX)
		list->wanted -= count < list->wanted ? count : list->wanted;
	list->ended = !next || !list->wanted;
	if (next) {
		list->after.len = 0;
		ctl_buffer_puts(&list->after, next);
	}
	return CTL_OK;
}

void ctl_layout_list_free(struct ctl_layout_list *list)
{
	ctl_buffer_free(&list->after);
}
