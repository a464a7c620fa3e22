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
 * Appends `text` in lines of at most `room` cells, broken at blanks if they have one; lines
 * after the first are indented by two of them. If `lines_max` lines are too few, the last
 * ends with the ellipsis.
 */
void ctl_wrap_append(struct ctl_buffer *out, const char *text, size_t room, unsigned int lines_max,
		     const char *ellipsis);

#endif
