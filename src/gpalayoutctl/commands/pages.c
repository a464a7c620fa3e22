/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gpalayoutctl/commands/pages.h"

#include "gpalayoutctl/json_text.h"

#include <inttypes.h>
#include <string.h>

/* Far below any limit of a daemon's, and enough that the round trips do not count. */
#define PAGE 100

enum ctl_exit ctl_pages_next(struct ctl_session *session, struct ctl_pages *pages, uint64_t limit,
			     const struct gpal_client_page **page)
{
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };
	enum ctl_exit code;

	if (pages->after)
		ctl_member_text(&params, "after", pages->after);
	if (limit)
		ctl_buffer_printf(&params, "%s\"limit\":%" PRIu64, params.length ? "," : "{",
				  limit < PAGE ? limit : PAGE);
	ctl_buffer_puts(&params, params.length ? "}" : "{}");
	code = ctl_ask_for_result(session, "layout.list", params.data);
	if (code)
		return code;
	*page = ctl_result(session, &gpald_page_result);
	if (!*page) {
		if (session->invocation->json)
			ctl_print_answer(session, NULL);
		return CTL_NO_DAEMON;
	}
	/* Names go up from page to page, or this would never end. */
	if ((*page)->next &&
	    (!(*page)->count || strcmp((*page)->next, pages->after ? pages->after : "") <= 0))
		return ctl_not_understood(session, "the next page does not come after this one");
	pages->after = (*page)->next;
	pages->ended = !(*page)->next;
	return CTL_OK;
}
