/* SPDX-License-Identifier: MIT */
/*
 * A JSON document of the user's: a file, standard input or an argument, checked
 * as the daemon checks it and kept as it was written, but on one line: line ends
 * are spaces.
 */
#ifndef GPALAYOUTCTL_REQUEST_DOCUMENT_H
#define GPALAYOUTCTL_REQUEST_DOCUMENT_H

#include "gpalayoutctl/buffer.h"
#include "gpalayoutctl/exit_code.h"

/*
 * Reads a file, or standard input for "-". Returns CTL_OK, or CTL_USAGE after
 * saying why: unreadable, too large, or not what gpald_json_parse() takes, then
 * as NAME:OFFSET in bytes.
 */
enum ctl_exit ctl_document_read(struct ctl_buffer *document, const char *path);

/* Takes a copy of `text`, called `name` in messages; returns as ctl_document_read(). */
enum ctl_exit ctl_document_set(struct ctl_buffer *document, const char *name, const char *text);

#endif
