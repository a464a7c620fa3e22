/* SPDX-License-Identifier: MIT */
/*
 * The request of a command as the text that is sent, from a document or from flags. The one
 * place where a command finds it, so that all of them take it in the same ways.
 *
 * A document is JSON of the user's: a file, standard input or an argument, checked as the
 * daemon checks it and kept as it was written, but on one line: line ends are spaces.
 */
#ifndef GPALAYOUTCTL_REQUEST_REQUEST_H
#define GPALAYOUTCTL_REQUEST_REQUEST_H

#include "gpalayoutctl/session.h"
#include "wire/json_raw.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Reads a file, or standard input for "-". Returns CTL_OK, or CTL_USAGE after
 * saying why: unreadable, too large, or not what gpald_json_parse() takes, then
 * as NAME:OFFSET in bytes.
 */
enum ctl_exit ctl_document_read(struct gpald_bytes *document, const char *path);

/* Takes a copy of `text`, called `name` in messages; returns as ctl_document_read(). */
enum ctl_exit ctl_document_set(struct gpald_bytes *document, const char *name, const char *text);

/*
 * Takes the request into the session: what is in `file` ("-": standard input), or what the
 * flags say when it is NULL. CTL_USAGE after saying what is wrong, also when both are
 * given, or neither.
 */
enum ctl_exit ctl_request_get(struct ctl_session *session, const char *file);

/*
 * Reads a request from a file ("-": standard input), which may be an answer of get
 * instead, as `get --json` writes it.
 */
enum ctl_exit ctl_request_read(struct gpald_bytes *text, const char *file);

/*
 * Appends the request in a result of layout.get, or in the line of such an answer, under
 * the policy of its layout: so it has the same addresses from a daemon with another
 * default. False: there is none.
 */
bool ctl_request_of_answer(struct gpald_bytes *text, struct gpald_raw answer);

/* files.c: those of a command that takes many. */
struct ctl_request_file {
	char *path;              /* as it was given, below a folder with the folder's; or "-" */
	struct gpald_bytes text; /* as ctl_document_read() gives it */
};

/* Starts as all zero. */
struct ctl_request_files {
	struct ctl_request_file *files; /* in the order in which they were named */
	size_t count;
};

/*
 * Reads what the operands name. A folder stands for the files in it whose names end
 * in .json and do not begin with a dot, in byte order of the names; there has to be
 * one. "-" is standard input and may be there once. CTL_USAGE after saying of each
 * file that cannot be used what is wrong with it.
 */
enum ctl_exit ctl_request_files_read(struct ctl_request_files *files, const char *const *operands,
				     size_t count);

void ctl_request_files_free(struct ctl_request_files *files);

#endif
