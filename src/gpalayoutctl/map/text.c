/* SPDX-License-Identifier: MIT */
/* Numbers are integer arithmetic; what is exact comes from size_text.h. */
#include "config.h"

#include "gpalayoutctl/map/text.h"

#include "gpalayoutctl/size_text.h"
#include "gpalayoutctl/terminal_text.h"
#include "wire/size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Exact numbers from here on are rounded. */
static const uint64_t limits[] = {
	[CTL_EXACT] = UINT64_MAX, [CTL_ROUNDED] = 0,  [CTL_HUMAN] = 1024,
	[CTL_SHORT] = 10000,      [CTL_FULL] = 10000,
};

static const char *const ellipses[] = { [false] = "…", [true] = "..." };

/* Of 1 KiB at least, rounded half up. */
static void append_rounded(struct ctl_buffer *out, uint64_t n)
{
	unsigned int unit = (63 - (unsigned int)__builtin_clzll(n)) / 10;
	const uint64_t one = UINT64_C(1) << 10 * unit;
	unsigned int scale = n / one < 10 ? 100 : n / one < 100 ? 10 : 1;
	unsigned int digits = (unsigned int)(((unsigned __int128)n * scale + one / 2) / one);

	if (digits == 1024) {
		digits = 1;
		unit++;
	}
	for (; scale > 1 && digits % 10 == 0; scale /= 10)
		digits /= 10;
	ctl_buffer_printf(out, "≈ %u", digits / scale);
	if (scale > 1)
		ctl_buffer_printf(out, ".%0*u", scale == 100 ? 2 : 1, digits % scale);
	ctl_buffer_printf(out, " %ciB", "BKMGTPE"[unit]);
}

struct ctl_number ctl_number(enum ctl_number_form form, uint64_t n)
{
	ctl_cleanup_buffer struct ctl_buffer text = { 0 };
	struct ctl_number number = { "0" };

	if (form == CTL_HEX)
		gpald_hex_format(n, number.text);
	if (form == CTL_HEX || (form == CTL_HUMAN && n == 0))
		return number;
	ctl_exact_size_append(&text, n);
	if (strtoull(text.data, NULL, 10) >= limits[form]) {
		text.length = form == CTL_FULL ? text.length : 0;
		ctl_buffer_puts(&text, form == CTL_FULL ? " " : "");
		append_rounded(&text, n);
	}
	snprintf(number.text, sizeof(number.text), "%s", text.data);
	return number;
}

unsigned int ctl_log2_sixteenths(uint64_t n)
{
	const unsigned int highest = 63 - (unsigned int)__builtin_clzll(n | 1);

	return highest < 4 ? 0 : 16 * highest + (unsigned int)(n >> (highest - 4) & 15);
}

void ctl_name_append(struct ctl_buffer *out, const char *name, bool ascii)
{
	if (ascii)
		ctl_puts_ascii(out, name);
	else
		ctl_puts_safe(out, name);
}

void ctl_shorten(struct ctl_buffer *text, size_t room, bool ascii)
{
	ctl_cleanup_buffer struct ctl_buffer whole = *text;
	const size_t lost = ctl_cells(ellipses[ascii]);
	const size_t kept = room > lost ? room - lost : 0;
	const char *head_end = ctl_buffer_text(&whole);
	const char *tail = head_end;
	size_t left = ctl_cells(tail);
	size_t head = 0;

	*text = (struct ctl_buffer){ 0 };
	if (left <= room) {
		ctl_buffer_puts(text, tail);
		return;
	}
	/* The head gets the odd cell; the tail is what then fits. */
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

/* Takes the next line from *text and returns its length in bytes. */
static size_t take_text_line(const char **text, size_t room)
{
	const char *start = *text;
	const char *blank = NULL;
	const char *at = start;
	size_t cells = 0;

	for (const char *next = at; *at; at = next) {
		cells += ctl_take_character(&next);
		if (*at == ' ')
			blank = at;
		if (cells > room && at > start) {
			at = blank ? blank : at;
			break;
		}
	}
	*text = at + (*at == ' ');
	return (size_t)(at - start);
}

void ctl_wrap_append(struct ctl_buffer *out, const char *text, size_t room, unsigned int lines_max,
		     bool ascii)
{
	const char *indent = "";

	for (unsigned int line = 1; *text && line <= lines_max; line++, indent = "  ") {
		const char *end = "";
		const char *rest = text;
		size_t length = take_text_line(&rest, room - strlen(indent));

		if (*rest && line == lines_max) {
			end = ellipses[ascii];
			rest = text;
			length = take_text_line(&rest, room - strlen(indent) - ctl_cells(end));
		}
		ctl_buffer_printf(out, "%s%.*s%s\n", indent, (int)length, text, end);
		text = rest;
	}
}
