/* SPDX-License-Identifier: MIT */
/*
 * The requests of a command that takes many: files, folders of them, standard input.
 */
#ifndef GPALAYOUTCTL_REQUEST_FILES_H
#define GPALAYOUTCTL_REQUEST_FILES_H

#include "gpalayoutctl/buffer.h"
#include "gpalayoutctl/exit_code.h"

#include <stddef.h>

struct ctl_request_file {
	char *path;             /* as it was given, below a folder with the folder's; or "-" */
	struct ctl_buffer text; /* as ctl_document_read() gives it */
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
