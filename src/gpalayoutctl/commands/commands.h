/* SPDX-License-Identifier: MIT */
/*
 * What each command does, and the flags of those that have some besides the request's. A
 * command of one question has a function that prints the result of it, the others one that
 * runs them.
 */
#ifndef GPALAYOUTCTL_COMMANDS_COMMANDS_H
#define GPALAYOUTCTL_COMMANDS_COMMANDS_H

#include "gpalayoutctl/answer.h"

/* A command whose params are its operands and flags, and whose result is printed. */
enum ctl_exit ctl_run_question(struct ctl_session *session);

extern const struct ctl_flag ctl_about_flags[];
extern const struct ctl_flag ctl_create_flags[];
extern const struct ctl_flag ctl_resolve_flags[];
extern const struct ctl_flag ctl_update_flags[];
extern const struct ctl_flag ctl_delete_flags[];
extern const struct ctl_flag ctl_get_flags[];
extern const struct ctl_flag ctl_stats_flags[];

/* The params of commands about a layout, or about one of its ranges. */
enum ctl_exit ctl_about_params(struct ctl_session *session, struct gpald_bytes *params);

/*
 * The layouts the daemon keeps, a page at a time. Every list is paged, and a command
 * that has something to do with all layouts has to see the last page too. Starts with the
 * name to begin behind, if any.
 */
struct ctl_pages {
	const char *after; /* NULL: from the first */
	bool ended;
};

/*
 * Asks for the next page, of at most `limit` entries; 0: as many as the daemon likes.
 * CTL_OK: *page is the session's, and `ended` says whether it is the last. Otherwise says
 * why not.
 */
enum ctl_exit ctl_pages_next(struct ctl_session *session, struct ctl_pages *pages, uint64_t limit,
			     const struct gpal_client_page **page);

/* Makes params of the name of a layout; NULL: of the session's request. */
void ctl_layout_params(const struct ctl_session *session, struct gpald_bytes *params,
		       const char *name);

/* A file each. */
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

/* The command by which a shell asks: its operands are the words so far. */
#define CTL_COMPLETE "__complete"

/*
 * Prints each word that can take the place of the last of `words`, which it begins with: a
 * line each, and behind a tab what it is. Nothing where only the shell knows, as with files.
 * Names of layouts, tags and methods are the daemon's; one that does not answer at once has
 * none.
 */
enum ctl_exit ctl_complete(const struct ctl_command *commands, int count, char **words);

#endif
