/* SPDX-License-Identifier: MIT */
/*
 * A JSON document of the user's: a file, standard input or an argument, checked
 * and kept as it was written.
 */
#ifndef GPALAYOUTCTL_DOCUMENT_H
#define GPALAYOUTCTL_DOCUMENT_H

#include "buffer.h"
#include "exit_code.h"

struct ctl_document {
	const char *name;       /* for messages; borrowed */
	struct ctl_buffer text; /* on one line: line ends are spaces, offsets are unchanged */
};

#define ctl_cleanup_document __attribute__((cleanup(ctl_document_free)))

/*
 * Reads a file, or standard input for "-". Returns CTL_OK, or CTL_USAGE after
 * saying why: unreadable, too large, or not JSON, then as NAME:OFFSET in bytes.
 */
enum ctl_exit ctl_document_read(struct ctl_document *document, const char *path);

/* Takes a copy of `text`, called `name` in messages; returns as ctl_document_read(). */
enum ctl_exit ctl_document_set(struct ctl_document *document, const char *name, const char *text);

void ctl_document_free(struct ctl_document *document);

#endif
