/* SPDX-License-Identifier: MIT */
/*
 * Files that commands write: one is replaced as a whole, by another that is beside it until
 * then, and which a signal that ends the command removes. A symbolic link stays, and the file
 * that it leads to is replaced. What is no file, as a pipe or a device, stays what it is.
 * Functions return 0, or an errno. One file is written at a time.
 */
#ifndef GPALAYOUTCTL_OUTPUT_FILE_H
#define GPALAYOUTCTL_OUTPUT_FILE_H

#include "gpalayoutctl/buffer.h"

#include <sys/types.h>

struct ctl_output_file {
	char *path; /* that gets the new content; NULL: written in place */
	int fd;
	struct gpald_bytes temporary; /* the path of that until then */
};

/* A new file gets `mode`, which the umask cuts. Once it is open, one of the two below follows. */
int ctl_output_file_open(struct ctl_output_file *file, const char *path, mode_t mode);

/* Puts the file in its place, and sees to it that it is on the disk. */
int ctl_output_file_finish(struct ctl_output_file *file);

/* Leaves what is there as it was. */
void ctl_output_file_give_up(struct ctl_output_file *file);

#endif
