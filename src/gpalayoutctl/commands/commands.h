/* SPDX-License-Identifier: MIT */
/*
 * The functions that run commands, and the flags of commands besides those of a request. A command
 * whose row has a `method` is run by ctl_run_method() and needs only a function that prints the
 * result (print/print.h).
 */
#ifndef GPALAYOUTCTL_COMMANDS_COMMANDS_H
#define GPALAYOUTCTL_COMMANDS_COMMANDS_H

#include "gpalayoutctl/print_reply.h"

/*
 * Runs a command that calls one method: its operands and flags are the params, and its result is
 * printed.
 */
enum ctl_exit ctl_run_method(struct ctl_session *session);

extern const struct ctl_flag ctl_range_flags[];
extern const struct ctl_flag ctl_create_flags[];
extern const struct ctl_flag ctl_resolve_flags[];
extern const struct ctl_flag ctl_update_flags[];
extern const struct ctl_flag ctl_delete_flags[];
extern const struct ctl_flag ctl_get_flags[];
extern const struct ctl_flag ctl_stats_flags[];

/* Makes the params of a command about a layout, or about one of its ranges. */
enum ctl_exit ctl_range_params(struct ctl_session *session, struct gpald_bytes *params);

/*
 * The list of layouts, which the daemon sends in pages. A command that needs all layouts must read
 * pages until `ended` is true. `after` starts as the name after which the list begins.
 */
struct ctl_pages {
	const char *after; /* NULL: begin with the first layout */
	bool ended;
};

/*
 * Reads the next page. The daemon decides how long pages are, because it refuses a `limit` above
 * its own. If the function returns CTL_OK, the session owns *page, and `ended` says whether it is
 * the last one. Otherwise it returns a status after a message.
 */
enum ctl_exit ctl_pages_next(struct ctl_session *session, struct ctl_pages *pages,
			     const struct gpal_client_page **page);

/* Appends the params for the layout `name`, or, if `name` is NULL, for the session's request. */
void ctl_layout_params(const struct ctl_session *session, struct gpald_bytes *params,
		       const char *name);

/* Each is in the file of its name; ctl_run_schema() is in call.c. */
enum ctl_exit ctl_run_backup(struct ctl_session *session);
enum ctl_exit ctl_run_call(struct ctl_session *session);
enum ctl_exit ctl_run_compare(struct ctl_session *session);
enum ctl_exit ctl_run_doctor(struct ctl_session *session);
enum ctl_exit ctl_run_fit(struct ctl_session *session);
enum ctl_exit ctl_run_list(struct ctl_session *session);
enum ctl_exit ctl_run_map(struct ctl_session *session);
enum ctl_exit ctl_run_probe(struct ctl_session *session);
enum ctl_exit ctl_run_schema(struct ctl_session *session);
enum ctl_exit ctl_run_watch(struct ctl_session *session);
extern const struct ctl_flag ctl_compare_flags[];
extern const struct ctl_flag ctl_fit_flags[];
extern const struct ctl_flag ctl_list_flags[];
extern const struct ctl_flag ctl_map_flags[];
extern const struct ctl_flag ctl_probe_flags[];
extern const struct ctl_flag ctl_watch_flags[];

/* The command that the completion scripts of shells run. Its operands are the words so far. */
#define CTL_COMPLETE "__complete"

/*
 * Prints words that begin with the last of `words` and can replace it: one a line, followed by a
 * tab and a description if there is one. Prints nothing if only the shell knows the words, as for
 * files. Names of layouts, tags and methods come from the daemon; if it does not reply within a
 * second, there are none. It prints at most about 1000 names of layouts.
 */
enum ctl_exit ctl_complete(const struct ctl_command *commands, int count, char **words);

#endif
