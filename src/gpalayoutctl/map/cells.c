/* SPDX-License-Identifier: MIT */
/* Which characters take two cells is a short table: names are nearly always ASCII. */
#include "config.h"

#include "gpalayoutctl/map/cells.h"

#include "gpalayoutctl/terminal_text.h"

#include <stdint.h>
#include <string.h>

static const struct {
	uint32_t first;
	uint32_t last;
} wide[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   { 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
	{ 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Takes a character of valid UTF-8. */
static uint32_t take_character(const char **text)
{
	unsigned char lead = (unsigned char)*(*text)++;
	uint32_t character = lead < 0xc0 ? lead : lead < 0xe0 ? lead & 0x1f : lead & 0x0f;

	for (; is_continuation(**text); ++*text)
		character = character << 6 | (**text & 0x3f);
	return character;
}

static size_t cells_of(uint32_t character)
{
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (character >= wide[i].first && character <= wide[i].last)
			return 2;
	return 1;
}

size_t ctl_cells(const char *text)
{
	size_t cells = 0;

	while (*text)
		cells += cells_of(take_character(&text));
	return cells;
}

void ctl_name_append(struct ctl_buffer *out, const char *name, bool ascii)
{
	ctl_cleanup_buffer struct ctl_buffer safe = { 0 };
	const char *at;

	ctl_puts_safe(&safe, name);
	for (at = ctl_buffer_text(&safe); *at;) {
		const char *character = at;
		uint32_t code_point = take_character(&at);

		if (ascii && code_point > 0x7f)
			ctl_buffer_printf(out, "\\u%04x", (unsigned int)code_point);
		else
			ctl_buffer_append(out, character, (size_t)(at - character));
	}
}

void ctl_shorten(struct ctl_buffer *text, size_t room, const char *ellipsis)
{
	ctl_cleanup_buffer struct ctl_buffer whole = *text;
	const char *at = ctl_buffer_text(&whole);
	size_t left = ctl_cells(at);
	size_t kept = room > ctl_cells(ellipsis) ? room - ctl_cells(ellipsis) : 0;
	size_t head = 0;

	*text = (struct ctl_buffer){ 0 };
	if (left <= room) {
		ctl_buffer_puts(text, at);
		return;
	}
	/* The head gets the odd cell; the tail is what then fits. */
	for (const char *next = at; head < kept; at = next) {
		size_t cells = cells_of(take_character(&next));

		if (head + cells > (kept + 1) / 2)
			break;
		ctl_buffer_append(text, at, (size_t)(next - at));
		head += cells;
		left -= cells;
	}
	ctl_buffer_puts(text, ellipsis);
	while (left > kept - head)
		left -= cells_of(take_character(&at));
	ctl_buffer_puts(text, at);
}

/* Takes the next line from *text and returns its length in bytes. */
static size_t take_line(const char **text, size_t room)
{
	const char *start = *text;
	const char *blank = NULL;
	const char *at = start;
	size_t cells = 0;

	while (*at) {
		const char *next = at;

		cells += cells_of(take_character(&next));
		if (*at == ' ')
			blank = at;
		if (cells > room && at > start) {
			at = blank ? blank : at;
			break;
		}
		at = next;
	}
	*text = at + (*at == ' ');
	return (size_t)(at - start);
}

void ctl_wrap_append(struct ctl_buffer *out, const char *text, size_t room, unsigned int lines_max,
		     const char *ellipsis)
{
	const char *indent = "";

	for (unsigned int line = 1; *text && line <= lines_max; line++) {
		const char *rest = text;
		size_t length = take_line(&rest, room - strlen(indent));
		const bool is_cut = *rest && line == lines_max;

		if (is_cut) {
			rest = text;
			length = take_line(&rest, room - strlen(indent) - ctl_cells(ellipsis));
		}
		ctl_buffer_printf(out, "%s%.*s%s\n", indent, (int)length, text,
				  is_cut ? ellipsis : "");
		text = rest;
		indent = "  ";
	}
}
