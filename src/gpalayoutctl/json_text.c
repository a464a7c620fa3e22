/* SPDX-License-Identifier: MIT */
/* Indenting changes only the white space between tokens, so a tokenizer is enough. */
#include "config.h"

#include "gpalayoutctl/json_text.h"

#include "gpalayoutctl/terminal_text.h"
#include "wire/json_write.h"

#include <inttypes.h>
#include <string.h>

static size_t token_length(const char *text, size_t length)
{
	size_t at = 1;

	if (strchr("{}[]:,", *text))
		return 1;
	if (*text != '"') {
		while (at < length && !strchr("{}[]:, \t\r\n", text[at]))
			at++;
		return at;
	}
	while (at < length && text[at] != '"')
		at += text[at] == '\\' ? 2 : 1;
	return at < length ? at + 1 : length;
}

static void new_line(struct gpald_bytes *out, int depth)
{
	ctl_buffer_printf(out, "\n%*s", depth * 2, "");
}

void ctl_json_indent(struct gpald_bytes *out, const char *text, size_t length)
{
	char previous = '\0';
	int depth = 0;

	for (size_t at = 0, token; at < length; at += token) {
		const char c = text[at];
		const bool ends = c == '}' || c == ']';

		token = 1;
		if ((unsigned char)c <= ' ')
			continue;
		token = token_length(text + at, length - at);
		depth -= ends;
		if (ends ? previous != '{' && previous != '[' :
			   previous == '{' || previous == '[' || previous == ',')
			new_line(out, depth);
		ctl_append_safe(out, text + at, token, "");
		if (c == ':')
			ctl_buffer_puts(out, " ");
		depth += c == '{' || c == '[';
		previous = c;
	}
	ctl_buffer_puts(out, "\n");
}

void ctl_append_json_string(struct gpald_bytes *out, const char *text)
{
	struct gpald_writer writer = { 0 };

	gpald_write_text(&writer, NULL, text);
	if (writer.failed)
		ctl_out_of_memory();
	ctl_buffer_append(out, writer.text.data, writer.text.length);
	gpald_writer_clear(&writer);
}

void ctl_add_member(struct gpald_bytes *object, const char *name, const char *json)
{
	if (object->length)
		object->data[object->length - 1] = ',';
	else
		ctl_buffer_puts(object, "{");
	ctl_buffer_printf(object, "\"%s\":%s}", name, json);
}

void ctl_add_text_member(struct gpald_bytes *object, const char *name, const char *text)
{
	ctl_cleanup_buffer struct gpald_bytes json = { 0 };

	ctl_append_json_string(&json, text);
	ctl_add_member(object, name, json.data);
}

void ctl_add_count_member(struct gpald_bytes *object, const char *name, uint64_t count)
{
	ctl_cleanup_buffer struct gpald_bytes json = { 0 };

	ctl_buffer_printf(&json, "%" PRIu64, count);
	ctl_add_member(object, name, json.data);
}
