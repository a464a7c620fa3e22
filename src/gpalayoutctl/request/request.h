/* SPDX-License-Identifier: MIT */
/*
 * Gets the request of a command, from a document or from flags, as the text to send.
 *
 * A document is JSON from the user: a file, standard input or an argument. It is parsed by the
 * parser of the daemon, and kept as it was written, except that line ends become spaces.
 */
#ifndef GPALAYOUTCTL_REQUEST_REQUEST_H
#define GPALAYOUTCTL_REQUEST_REQUEST_H

#include "gpalayoutctl/session.h"
#include "wire/json_raw.h"

#include <stdbool.h>
#include <stddef.h>

/* Returns true if the daemon could parse the text as JSON. Otherwise sets *fault. */
bool ctl_is_json(const char *text, size_t length, struct gpald_wire_error *fault);

/*
 * Reads a file, or standard input for "-". Returns CTL_OK, or CTL_USAGE after a message if it
 * cannot be read, is too large, or is not JSON that gpald_json_parse() accepts. If it is not such
 * JSON, the message begins with NAME:OFFSET; the offset is in bytes.
 */
enum ctl_exit ctl_document_read(struct gpald_bytes *document, const char *path);

/* Does the same with a copy of `text`, which messages call `name`. */
enum ctl_exit ctl_document_set(struct gpald_bytes *document, const char *name, const char *text);

/*
 * Reads the request into the session: from `file` ("-": standard input), or, if `file` is NULL,
 * from flags. Returns CTL_USAGE after a message if the request is wrong, if a file and flags are
 * given, or if neither is.
 */
enum ctl_exit ctl_request_take(struct ctl_session *session, const char *file);

/*
 * Reads a request from a file ("-": standard input), which may also be a reply of layout.get, as
 * `get --json` prints it.
 */
enum ctl_exit ctl_request_read(struct gpald_bytes *text, const char *file);

/*
 * Appends the request in a reply of layout.get; `reply` is the whole line or only its result. If
 * the request names no policy, adds that of the layout, so that a daemon with another default
 * policy gives the same addresses. Returns false if there is no policy, or no request with members.
 */
bool ctl_append_request_of_reply(struct gpald_bytes *text, struct gpald_raw reply);

/* files.c: the requests of a command that takes many. */
struct ctl_request_file {
	char *path;              /* as given; for a file in a folder, with the folder; or "-" */
	struct gpald_bytes text; /* as ctl_request_read() gives it */
};

/* Starts as all zero. */
struct ctl_request_files {
	struct ctl_request_file *files; /* in the order in which they were named */
	size_t count;
};

/*
 * Reads the files that operands name. A folder stands for the files in it whose names end in .json
 * and do not begin with a dot, in byte order of the names; there must be at least one. "-" is
 * standard input and may be given once. Returns CTL_USAGE after a message for each file that cannot
 * be used.
 */
enum ctl_exit ctl_request_files_read(struct ctl_request_files *files, const char *const *operands,
				     size_t count);

void ctl_request_files_free(struct ctl_request_files *files);

#endif
