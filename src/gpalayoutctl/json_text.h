/* SPDX-License-Identifier: MIT */
/*
 * JSON as text: cut and indented without being rebuilt, so that what the user or
 * the daemon wrote keeps every digit and escape. cJSON would print integers above
 * 2^53 as other ones. The text must be JSON as cJSON or gpald_json_parse() takes
 * it; other text gives odd results and does no harm.
 */
#ifndef GPALAYOUTCTL_JSON_TEXT_H
#define GPALAYOUTCTL_JSON_TEXT_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Cuts the JSON text of an object, of *len bytes at *text, down to that of its
 * member `name`. Only a member whose name is written without escapes is found.
 */
bool ctl_json_cut(const char **text, size_t *len, const char *name);

/* Appends JSON text indented, with a final newline, and safe to show. */
void ctl_json_indent(struct ctl_buffer *out, const char *text, size_t len);

#endif
