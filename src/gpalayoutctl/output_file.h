/* SPDX-License-Identifier: MIT */
/*
 * Writes the output files of commands. The content goes to a temporary file in the same folder,
 * which replaces the file when it is complete, and is removed if SIGHUP, SIGINT or SIGTERM ends the
 * command. If the path is a symbolic link, the file that it leads to is replaced. A pipe or a
 * device is written in place. Functions return 0 or an errno. Only one file can be open at a time.
 */
#ifndef GPALAYOUTCTL_OUTPUT_FILE_H
#define GPALAYOUTCTL_OUTPUT_FILE_H

#include "gpalayoutctl/buffer.h"

#include <sys/types.h>

struct ctl_output_file {
	char *path; /* the file to replace; NULL: `fd` is written in place */
	int fd;
	struct gpald_bytes temporary; /* the path of the temporary file */
};

/*
 * Opens a file. A new file, also one that replaces another, gets `mode` without the bits of the
 * umask. If the function succeeds, the caller must call one of the functions below.
 */
int ctl_output_file_open(struct ctl_output_file *file, const char *path, mode_t mode);

/* Syncs the new file to the disk and puts it in place. */
int ctl_output_file_finish(struct ctl_output_file *file);

/* Closes the file and removes the temporary file. What was written in place stays written. */
void ctl_output_file_discard(struct ctl_output_file *file);

#endif
