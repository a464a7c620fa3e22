/* SPDX-License-Identifier: MIT */
/*
 * Decodes UTF-8, escapes the characters that a terminal obeys instead of showing, and counts cells.
 */
#include "config.h"

#include "gpalayoutctl/terminal_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAST_CHARACTER 0x10ffff
#define COLUMN_CELLS_MAX 64 /* cells; one long name must not push all else out of sight */

struct character_range {
	uint32_t first;
	uint32_t last;
};

static const struct character_range unsafe_characters[] = {
	{ 0x0000, 0x001f },                     /* C0 controls */
	{ 0x007f, 0x009f },                     /* DEL, C1 controls */
	{ 0x061c, 0x061c },                     /* direction marks */
	{ 0x200e, 0x200f }, { 0x2028, 0x202e }, /* separators and direction overrides */
	{ 0x2066, 0x2069 },                     /* direction isolates */
	{ 0xfffe, 0xffff },                     /* not characters, and XML forbids them */
};

/* Characters of two cells. The table is short because names are nearly always ASCII. */
static const struct character_range wide[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   { 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
	{ 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

/* Accents and other signs that are drawn on the character before them. */
static const struct character_range combining[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x064b, 0x065f },
	{ 0x093c, 0x093c }, { 0x094d, 0x094d }, { 0x0e34, 0x0e3a }, { 0x0e47, 0x0e4e },
	{ 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200d }, { 0x20d0, 0x20ff },
	{ 0x302a, 0x302d }, { 0x3099, 0x309a }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
};

/*
 * Indexed by the number of continuation bytes: the pattern of the lead byte, and the lowest valid
 * value.
 */
static const struct {
	unsigned char mask;
	unsigned char lead;
	uint32_t lowest;
} sequences[] = {
	{ 0x80, 0x00, 0x0000 },
	{ 0xe0, 0xc0, 0x0080 },
	{ 0xf0, 0xe0, 0x0800 },
	{ 0xf8, 0xf0, 0x10000 },
};

/*
 * Decodes the first character of `text`, which has `length` > 0 bytes, into *code_point. Returns
 * its length in bytes, or 0 if it is not UTF-8.
 */
static size_t decode_code_point(const char *text, size_t length, uint32_t *code_point)
{
	unsigned char lead = (unsigned char)text[0];
	size_t extra = 0;
	uint32_t value;

	while (extra < 4 && (lead & sequences[extra].mask) != sequences[extra].lead)
		extra++;
	if (extra == 4 || extra >= length)
		return 0;

	value = lead & (unsigned char)~sequences[extra].mask;
	for (size_t i = 1; i <= extra; i++) {
		unsigned char byte = (unsigned char)text[i];

		if ((byte & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (byte & 0x3f);
	}
	if (value < sequences[extra].lowest || value > LAST_CHARACTER ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*code_point = value;
	return extra + 1;
}

static bool is_in(uint32_t character, const struct character_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

#define IS_IN(character, ranges) is_in(character, ranges, sizeof(ranges) / sizeof((ranges)[0]))

/* As ctl_append_safe(), but also escapes characters above `last`. */
static void append_up_to(struct gpald_bytes *out, const char *text, size_t length, const char *keep,
			 uint32_t last)
{
	size_t position = 0;

	while (position < length) {
		uint32_t code_point;
		size_t bytes = decode_code_point(text + position, length - position, &code_point);

		if (!bytes) {
			ctl_buffer_printf(out, "\\x%02x",
					  (unsigned int)(unsigned char)text[position]);
			bytes = 1;
		} else if ((IS_IN(code_point, unsafe_characters) || code_point > last) &&
			   !(code_point && code_point < 0x80 && strchr(keep, (int)code_point))) {
			ctl_buffer_printf(out, "\\u%04x", (unsigned int)code_point);
		} else {
			ctl_buffer_append(out, text + position, bytes);
		}
		position += bytes;
	}
}

void ctl_append_safe(struct gpald_bytes *out, const char *text, size_t length, const char *keep)
{
	append_up_to(out, text, length, keep, LAST_CHARACTER);
}

void ctl_puts_safe(struct gpald_bytes *out, const char *text)
{
	append_up_to(out, text, strlen(text), "", LAST_CHARACTER);
}

void ctl_name_append(struct gpald_bytes *out, const char *name, bool ascii)
{
	append_up_to(out, name, strlen(name), "", ascii ? 0x7f : LAST_CHARACTER);
}

size_t ctl_take_character(const char **text)
{
	const unsigned char lead = (unsigned char)*(*text)++;
	uint32_t character = lead < 0xc0 ? lead : lead < 0xe0 ? lead & 0x1f : lead & 0x0f;

	for (; (**text & 0xc0) == 0x80; ++*text)
		character = character << 6 | (**text & 0x3f);
	return IS_IN(character, combining) ? 0 : IS_IN(character, wide) ? 2 : 1;
}

size_t ctl_utf8_length(const char *text)
{
	const char *at = text;

	for (size_t left = strlen(text), bytes; left; left -= bytes, at += bytes) {
		uint32_t character;

		bytes = decode_code_point(at, left, &character);
		if (!bytes)
			break;
	}
	return (size_t)(at - text);
}

size_t ctl_text_cells(const char *text)
{
	size_t cells = 0;

	while (*text)
		cells += ctl_take_character(&text);
	return cells;
}

void ctl_widen_column(int *width, size_t cells)
{
	if (cells > (size_t)*width)
		*width = cells < COLUMN_CELLS_MAX ? (int)cells : COLUMN_CELLS_MAX;
}

static const char *const ellipses[] = { [false] = "…", [true] = "..." };

void ctl_shorten(struct gpald_bytes *text, size_t room, bool ascii)
{
	ctl_cleanup_buffer struct gpald_bytes whole = *text;
	const size_t lost = ctl_text_cells(ellipses[ascii]);
	const size_t kept = room > lost ? room - lost : 0;
	const char *head_end = ctl_buffer_text(&whole);
	const char *tail = head_end;
	size_t left = ctl_text_cells(tail);
	size_t head = 0;

	*text = (struct gpald_bytes){ 0 };
	if (left <= room) {
		ctl_buffer_puts(text, tail);
		return;
	}
	/* If the number of cells is odd, the head gets one more than the tail. */
	for (size_t cells = ctl_take_character(&tail); head + cells <= (kept + 1) / 2;
	     cells = ctl_take_character(&tail)) {
		head += cells;
		head_end = tail;
	}
	for (tail = head_end, left -= head; left > kept - head;)
		left -= ctl_take_character(&tail);
	ctl_buffer_printf(text, "%.*s%s%s", (int)(head_end - whole.data), whole.data,
			  ellipses[ascii], tail);
}

size_t ctl_take_text_line(const char **text, size_t room)
{
	const char *start = *text;
	const char *blank = NULL;
	const char *at = start;
	size_t cells = 0;

	for (const char *next = at; *at && *at != '\n'; at = next) {
		cells += ctl_take_character(&next);
		if (*at == ' ')
			blank = at;
		if (cells > room && at > start) {
			at = blank ? blank : at;
			break;
		}
	}
	*text = at + (*at == ' ' || *at == '\n');
	return (size_t)(at - start);
}

void ctl_wrap_append(struct gpald_bytes *out, const char *text, size_t room, unsigned int lines_max,
		     bool ascii)
{
	const char *indent = "";

	for (unsigned int line = 1; *text && line <= lines_max; line++, indent = "  ") {
		const char *end = "";
		const char *rest = text;
		size_t length = ctl_take_text_line(&rest, room - strlen(indent));

		if (*rest && line == lines_max) {
			end = ellipses[ascii];
			rest = text;
			length = ctl_take_text_line(&rest,
						    room - strlen(indent) - ctl_text_cells(end));
		}
		ctl_buffer_printf(out, "%s%.*s%s\n", indent, (int)length, text, end);
		text = rest;
	}
}

bool ctl_wants_colour(void)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_colour && *no_colour) && terminal &&
	       strcmp(terminal, "dumb") != 0;
}
