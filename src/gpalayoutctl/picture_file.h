/* SPDX-License-Identifier: MIT */
/* A file that is replaced as a whole, so that no reader ever sees a part of it. */
#ifndef GPALAYOUTCTL_PICTURE_FILE_H
#define GPALAYOUTCTL_PICTURE_FILE_H

#include "buffer.h"
#include "exit_code.h"

/*
 * Writes a temporary file beside `path` and renames it to that. CTL_USAGE after saying
 * why it cannot; then `path` is as it was and nothing is left behind.
 */
enum ctl_exit ctl_picture_write(const char *path, const struct ctl_buffer *content);

#endif
