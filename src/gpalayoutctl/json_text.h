/* SPDX-License-Identifier: MIT */
/*
 * JSON as text: checked, cut and indented without being rebuilt, so that what
 * the user or the daemon wrote keeps every digit and escape. cJSON alone would
 * take control characters, numbers such as 01 and broken escapes, and would
 * print integers above 2^53 as other ones.
 */
#ifndef GPALAYOUTCTL_JSON_TEXT_H
#define GPALAYOUTCTL_JSON_TEXT_H

#include "buffer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct ctl_json_fault {
	size_t offset;    /* bytes before the fault */
	const char *what; /* static */
};

/*
 * Parses one JSON text (RFC 8259, UTF-8), with nothing but white space around
 * it. The tree is the caller's; NULL, with *fault filled in, when it is not JSON.
 */
cJSON *ctl_json_parse(const struct ctl_buffer *text, struct ctl_json_fault *fault);

/*
 * Finds the text of member `name` of the object that the JSON text `text` is.
 * `text` must have passed ctl_json_parse() and `name` need no escapes.
 */
bool ctl_json_member_text(const struct ctl_buffer *text, const char *name, const char **start,
			  size_t *len);

/* Appends JSON text that ctl_json_parse() has taken, indented and with a final newline. */
void ctl_json_indent(struct ctl_buffer *out, const char *text, size_t len);

#endif
