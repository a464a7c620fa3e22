/* SPDX-License-Identifier: MIT */
/*
 * Text for terminals: safe to show, and in columns. Names, messages and documents
 * come from other people; a control character among them could rewrite what the
 * reader sees.
 */
#ifndef GPALAYOUTCTL_TERMINAL_TEXT_H
#define GPALAYOUTCTL_TERMINAL_TEXT_H

#include "gpalayoutctl/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Appends `text` with each control, line separator and direction override as
 * \uXXXX, and each byte that is not UTF-8 as \xXX. Characters in `keep` pass.
 * JSON stays the same JSON: such characters stand only inside its strings.
 */
void ctl_append_safe(struct gpald_bytes *out, const char *text, size_t length, const char *keep);

/* The same for a string, all of it. */
void ctl_puts_safe(struct gpald_bytes *out, const char *text);

/* The same; if `ascii`, other characters are \uXXXX too. */
void ctl_name_append(struct gpald_bytes *out, const char *name, bool ascii);

/* How many bytes of the text are UTF-8, from its beginning. */
size_t ctl_utf8_length(const char *text);

/*
 * Takes a character off *text, which is UTF-8, and returns its cells: wide ones take two, and
 * combining ones none.
 */
size_t ctl_take_character(const char **text);

/* The cells of a text: what it takes of a line. */
size_t ctl_cells(const char *text);

/* Widens a column so that so many cells fit; longer ones push the next column to the right. */
void ctl_widen(int *width, size_t cells);

/* Cuts the middle out of `text`, so that it takes at most `room` cells with "…" or "...". */
void ctl_shorten(struct gpald_bytes *text, size_t room, bool ascii);

/*
 * Appends `text` in lines of at most `room` cells, broken at blanks if they have one; lines
 * after the first are indented by two of them. If `lines_max` lines are too few, the last
 * ends with "…" or "...".
 */
void ctl_wrap_append(struct gpald_bytes *out, const char *text, size_t room, unsigned int lines_max,
		     bool ascii);

/* Whether standard output is a terminal that takes colours, and its user does too. */
bool ctl_wants_colour(void);

#endif
