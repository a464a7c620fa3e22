/* SPDX-License-Identifier: MIT */
/*
 * Text for terminals: made safe, and measured in cells. Names, messages and documents come from
 * other people, and a control character in them could change what the reader sees.
 */
#ifndef GPALAYOUTCTL_TERMINAL_TEXT_H
#define GPALAYOUTCTL_TERMINAL_TEXT_H

#include "gpalayoutctl/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Appends `text`, with each control character, line separator, direction character, U+FFFE and
 * U+FFFF as \uXXXX, and each byte that is not UTF-8 as \xXX. Characters in `keep`, which are ASCII,
 * are not escaped. JSON in UTF-8 keeps its meaning if `keep` has the white space between its
 * tokens, because all other escaped characters are in its strings.
 */
void ctl_append_safe(struct gpald_bytes *out, const char *text, size_t length, const char *keep);

/* Does the same for a string. */
void ctl_puts_safe(struct gpald_bytes *out, const char *text);

/* Does the same. If `ascii`, also escapes all other characters that are not ASCII. */
void ctl_name_append(struct gpald_bytes *out, const char *name, bool ascii);

/* Returns how many bytes at the beginning of the text are valid UTF-8. */
size_t ctl_utf8_length(const char *text);

/*
 * Takes a character off *text, which must be UTF-8 and not empty. Returns its cells: 2 for a wide
 * one, 0 for a combining one, otherwise 1.
 */
size_t ctl_take_character(const char **text);

/* Returns the width of a text in cells. */
size_t ctl_text_cells(const char *text);

/* Widens a column to `cells`, up to a limit. Longer text pushes the next column to the right. */
void ctl_widen_column(int *width, size_t cells);

/*
 * If `text` has more than `room` cells, replaces its middle with "…", or with "..." if `ascii`.
 */
void ctl_shorten(struct gpald_bytes *text, size_t room, bool ascii);

/*
 * Takes the next line from *text: up to a newline, or else at most `room` cells, up to a space if
 * possible. Takes that newline or space, too. Returns the length of the line in bytes, without it.
 */
size_t ctl_take_text_line(const char **text, size_t room);

/*
 * Appends `text` in lines of at most `room` cells, which break at newlines, and at spaces if
 * possible. Lines after the first are indented by two spaces. If the text needs more than
 * `lines_max` lines, the last one ends with "…", or with "..." if `ascii`.
 */
void ctl_wrap_append(struct gpald_bytes *out, const char *text, size_t room, unsigned int lines_max,
		     bool ascii);

/* Returns true if standard output is a terminal with colours and NO_COLOR is empty or not set. */
bool ctl_wants_colour(void);

#endif
