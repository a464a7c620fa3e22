/* SPDX-License-Identifier: MIT */
/*
 * Text in cells, the columns of a monospace font: measuring, shortening, wrapping. All
 * text is UTF-8 that ctl_append_safe() has made or that is a constant.
 */
#ifndef GPALAYOUTCTL_MAP_CELLS_H
#define GPALAYOUTCTL_MAP_CELLS_H

#include "gpalayoutctl/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* Wide East Asian characters take two cells. */
size_t ctl_cells(const char *text);

/* Appends text of other people, safe to show; as ASCII, other characters are \uXXXX too. */
void ctl_name_append(struct ctl_buffer *out, const char *name, bool ascii);

/* Cuts the middle out of `text`, so that it takes at most `room` cells with `ellipsis`. */
void ctl_shorten(struct ctl_buffer *text, size_t room, const char *ellipsis);

/*
 * Takes the next line of at most `room` cells from *text, broken at a blank if it has
 * one, and returns its length in bytes; *text goes on after it. 0 at the end.
 */
size_t ctl_line_cut(const char **text, size_t room);

#endif
